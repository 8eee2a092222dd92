import pytest

from cnap.models import Model, load
from cnap.models.family import Input
from cnap.models.yolox import YoloX


def sized(width, height, fit="letterbox"):
    return Model("m", YoloX(), Input(size=(width, height), fit=fit), ("a",))


@pytest.mark.parametrize(
    ("picture", "frame"),
    [
        ((768, 432), (416, 234)),
        ((1280, 720), (416, 234)),
        ((640, 272), (416, 176)),
        ((1080, 1920), (234, 416)),
        ((100, 100), (416, 416)),
        ((417, 415), (416, 414)),
        ((1, 1), (416, 416)),
        ((10000, 1), (416, 2)),
        ((1, 10000), (2, 416)),
    ],
)
def test_frame_size_keeps_the_shape(picture, frame):
    assert sized(416, 416).frame_size(*picture) == frame


def test_frame_size_of_a_stretched_picture_is_the_input():
    assert sized(300, 200, "stretch").frame_size(1, 5000) == (300, 200)


@pytest.mark.parametrize("name", ["yolox-nano", "yunet", "fastestdet", "crossroad-0078"])
def test_a_frame_of_the_right_size_keeps_it(name):
    model = load(name)
    for width in range(1, 2000, 37):
        for height in range(1, 2000, 41):
            frame = model.frame_size(width, height)
            assert frame[0] % 2 == frame[1] % 2 == 0
            assert model.frame_size(*frame) == frame


@pytest.mark.parametrize(
    ("content", "canvas"),
    [
        ((416, 234), (416, 256)),
        ((416, 176), (416, 192)),
        ((416, 312), (416, 320)),
        ((234, 416), (256, 416)),
        ((416, 416), (416, 416)),
        ((2, 416), (64, 416)),
    ],
)
def test_the_canvas_leaves_off_padding(content, canvas):
    assert Input(size=(416, 416), trim=64).canvas(content) == canvas
    assert Input(size=(416, 416)).canvas(content) == (416, 416)
