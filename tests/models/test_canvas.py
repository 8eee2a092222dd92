import numpy as np
import pytest

from cnap.models import canvas
from cnap.models.canvas import Canvas

cv2 = pytest.importorskip("cv2")


def plain(width, height, luma, u=128, v=128):
    frame = np.empty((height * 3 // 2, width), np.uint8)
    frame[:height] = luma
    frame[height:, 0::2], frame[height:, 1::2] = u, v
    return frame


def test_draws_at_the_top_left_and_pads_the_rest():
    made = Canvas(np.zeros((48, 32), np.uint8), pad=114)
    made.draw(plain(32, 18, 200, 90, 160), (32, 18))
    luma, chroma = canvas.split(made.pixels)
    assert (luma[:18] == 200).all()
    assert (luma[18:] == 114).all()  # 16 + 114 * 219 / 255, which happens to be near 114
    assert (chroma[:9, 0::2] == 90).all()
    assert (chroma[:9, 1::2] == 160).all()
    assert (chroma[9:] == 128).all()


@pytest.mark.parametrize("pad", [0, 114, 128, 255])
def test_padding_is_the_grey_that_the_authors_pad_with(pad):
    made = Canvas(np.zeros((6, 4), np.uint8), pad)
    made.draw(plain(2, 2, 16), (2, 2))
    assert abs(int(cv2.cvtColor(made.pixels, cv2.COLOR_YUV2BGR_NV12)[3, 3, 0]) - pad) <= 1


def test_a_smaller_picture_leaves_nothing_of_the_one_before():
    made = Canvas(np.zeros((48, 32), np.uint8), pad=0)
    made.draw(plain(32, 18, 200), (32, 18))
    made.draw(plain(18, 32, 100), (18, 32))
    luma, _ = canvas.split(made.pixels)
    assert (luma[:, :18] == 100).all()
    assert (luma[:, 18:] == 16).all()


@pytest.mark.parametrize("source", [(64, 36), (16, 10), (32, 18)])
def test_scales_what_has_another_size(source):
    made = Canvas(np.zeros((48, 32), np.uint8), pad=0)
    made.draw(plain(*source, 200, 90, 160), (32, 18))
    luma, chroma = canvas.split(made.pixels)
    assert (luma[:18] == 200).all()
    assert (luma[18:] == 16).all()
    assert (chroma[:9, 0::2] == 90).all()
    assert (chroma[:9, 1::2] == 160).all()


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((10, 4), np.uint8),  # rows that are no multiple of 3
        np.zeros((3, 3), np.uint8),  # an odd width
        np.zeros((0, 4), np.uint8),
        np.zeros((6, 4), np.float32),
        np.zeros((6, 4, 3), np.uint8),
    ],
)
def test_says_what_is_no_frame(frame):
    with pytest.raises(ValueError, match="not an NV12 frame"):
        Canvas(np.zeros((48, 32), np.uint8), pad=0).draw(frame, (4, 4))


def test_from_jpeg_keeps_the_colours():
    colour = np.array([40, 120, 200], np.uint8)
    picture = np.full((24, 32, 3), colour)
    made = canvas.from_jpeg(cv2.imencode(".jpg", picture)[1].tobytes())
    back = cv2.cvtColor(made, cv2.COLOR_YUV2BGR_NV12)
    assert back.shape == picture.shape
    assert abs(back.astype(int) - colour).max() < 5


def test_from_jpeg_makes_sides_even():
    picture = np.zeros((25, 33, 3), np.uint8)
    assert canvas.size(canvas.from_jpeg(cv2.imencode(".jpg", picture)[1].tobytes())) == (32, 24)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"GIF89a and more"])
def test_from_jpeg_says_what_is_none(data):
    with pytest.raises(ValueError, match="not a JPEG"):
        canvas.from_jpeg(data)
