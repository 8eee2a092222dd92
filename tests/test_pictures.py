"""Pictures: upright, square pixels, limited range."""

from fractions import Fraction

import av
import numpy as np
import pytest

from cnap.decoder import Gop
from cnap.pictures import Scaler, displayed_size, fitting, jpeg
from cnap.stills import claimed_size, still
from tests import boxes, media
from tests.segments import cuts

SIZE = (64, 48)
CLOCKWISE = [0, 90, 180, 270]


def decoded(path):
    (cut, *_) = cuts(path)
    gop = Gop(0)
    shown = gop.show(memoryview(cut.data), "video/mp4", 0, cut.framecount, True)
    return shown[0].frame, gop.aspect


@pytest.mark.parametrize("degrees", CLOCKWISE)
def test_a_rotation_in_the_track_header_is_honoured(tmp_path, degrees):
    card = media.corners(SIZE)
    path = media.clip(tmp_path / "phone.mp4", pictures=[card, card])
    frame, aspect = decoded(boxes.turned(path, degrees))
    upright = np.rot90(card[:, :, 0], -degrees // 90)

    size = SIZE if degrees % 180 == 0 else SIZE[::-1]
    assert displayed_size(frame, aspect) == size
    nv12 = Scaler().nv12(frame, size)
    assert nv12.shape == (size[1] * 3 // 2, size[0])
    expected = [round(float(one) / 85) for one in upright[:: len(upright) - 1, :: size[0] - 1].flat]
    assert media.quarters(nv12[: size[1]]) == expected


@pytest.mark.parametrize("mirror", ["left to right", "top to bottom"])
@pytest.mark.parametrize("degrees", CLOCKWISE)
def test_a_mirrored_picture_is_seen_as_a_player_shows_it(tmp_path, degrees, mirror):
    """The matrix as PyAV makes it for a picture that is turned and then mirrored."""
    card = media.corners(SIZE)
    path = media.clip(tmp_path / "selfie.mp4", pictures=[card, card])
    across = mirror == "left to right"
    frame, _ = decoded(boxes.turned(path, degrees, mirror="x" if across else "y"))
    seen = np.rot90(card[:, :, 0], -degrees // 90)
    seen = np.fliplr(seen) if across else np.flipud(seen)

    size = seen.shape[::-1]
    assert displayed_size(frame, None) == size
    expected = [round(float(one) / 85) for one in seen[:: len(seen) - 1, :: size[0] - 1].flat]
    assert media.quarters(Scaler().nv12(frame, size)[: size[1]]) == expected


@pytest.mark.parametrize("degrees", CLOCKWISE)
def test_colours_turn_with_the_picture(tmp_path, degrees):
    card = np.zeros((48, 64, 3), np.uint8)
    card[:24, :32] = (255, 0, 0)
    card[:24, 32:] = (0, 255, 0)
    card[24:, :32] = (0, 0, 255)
    path = media.clip(tmp_path / "phone.mp4", pictures=[card, card])
    frame, aspect = decoded(boxes.turned(path, degrees))
    size = displayed_size(frame, aspect)
    import cv2

    seen = cv2.cvtColor(Scaler().nv12(frame, size), cv2.COLOR_YUV2RGB_NV12)
    upright = np.rot90(card, -degrees // 90)
    for y in (size[1] // 4, size[1] * 3 // 4):
        for x in (size[0] // 4, size[0] * 3 // 4):
            assert (seen[y, x] > 128).tolist() == (upright[y, x] > 128).tolist()


@pytest.mark.parametrize(
    ("aspect", "size"), [(None, (64, 48)), (Fraction(3, 2), (96, 48)), (Fraction(1, 2), (32, 48))]
)
def test_pixels_that_are_not_square(tmp_path, aspect, size):
    frame, found = decoded(media.clip(tmp_path / "wide.mp4", aspect=aspect, frames=2))

    assert displayed_size(frame, found) == size


@pytest.mark.parametrize(("pixels", "black", "white"), [("yuv420p", 16, 235), ("yuvj420p", 0, 255)])
def test_full_range_becomes_limited_range(tmp_path, pixels, black, white):
    frame = av.VideoFrame(*SIZE, pixels)
    half = frame.planes[0].buffer_size // 2
    frame.planes[0].update(bytes([black]) * half + bytes([white]) * half)
    for plane in frame.planes[1:]:
        plane.update(b"\x80" * plane.buffer_size)
    nv12 = Scaler().nv12(frame, SIZE)

    assert nv12[2, 2] == pytest.approx(16, abs=1)
    assert nv12[45, 2] == pytest.approx(235, abs=1)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv444p10le", "gray", "rgb24"])
@pytest.mark.parametrize("size", [(32, 24), (128, 96), (2, 2), (30, 46)])
def test_any_pixel_format_is_scaled_to_nv12_of_any_even_size(pixels, size):
    frame = av.VideoFrame.from_ndarray(media.corners(SIZE), format="rgb24").reformat(format=pixels)
    nv12 = Scaler().nv12(frame, size)

    assert (nv12.shape, nv12.dtype) == ((size[1] * 3 // 2, size[0]), np.uint8)
    if size[0] > 8:
        assert media.quarters(nv12[: size[1]]) == [0, 1, 2, 3]


def test_an_nv12_picture_becomes_a_jpeg():
    card = av.VideoFrame.from_ndarray(media.corners(SIZE), format="rgb24")
    data = jpeg(Scaler().nv12(card, SIZE))

    assert claimed_size(memoryview(data)) == SIZE
    again = still(memoryview(data))
    assert media.quarters(Scaler().nv12(again, SIZE)[:48]) == [0, 1, 2, 3]


def test_a_size_for_several_models_is_even_and_fits_each():
    assert fitting([(416, 233), (352, 351)]) == (416, 352)
    assert fitting([(1, 1)]) == (2, 2)
