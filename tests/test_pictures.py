"""Pictures: upright, square pixels, limited range; stills; headers that lie."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from cnap.decoder import Gop
from cnap.errors import BadMedia
from cnap.pictures import Scaler, claimed_size, displayed_size, fitting, jpeg, still
from tests import media
from tests.segments import cuts

SIZE = (64, 48)
CLOCKWISE = [0, 90, 180, 270]
# What each EXIF orientation's file holds, for a picture that is to be seen upright (TIFF 6.0, 274).
STORED = {
    1: lambda p: p,
    2: np.fliplr,
    3: lambda p: np.rot90(p, 2),
    4: np.flipud,
    5: lambda p: np.swapaxes(p, 0, 1),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: np.swapaxes(np.rot90(p, 2), 0, 1),
    8: lambda p: np.rot90(p, -1),
}


def quarters(luma):
    """Mean brightness of the picture's quarters, row by row, 0 to 3 in steps of the test card."""
    height, width = luma.shape
    middle = [
        luma[y : y + height // 4, x : x + width // 4].mean()
        for y in (height // 8, height * 5 // 8)
        for x in (width // 8, width * 5 // 8)
    ]
    return [round((float(one) - 16) / 219 * 3) for one in middle]


def decoded(path):
    (cut, *_) = cuts(path)
    gop = Gop(0)
    shown = gop.show(memoryview(cut.data), "video/mp4", 0, cut.framecount, True)
    return shown[0].frame, gop.aspect


@pytest.mark.parametrize("degrees", CLOCKWISE)
def test_a_rotation_in_the_track_header_is_honoured(tmp_path, degrees):
    card = media.corners(SIZE)
    path = media.clip(tmp_path / "phone.mp4", pictures=[card, card])
    frame, aspect = decoded(media.turned(path, degrees))
    upright = np.rot90(card[:, :, 0], -degrees // 90)

    size = SIZE if degrees % 180 == 0 else SIZE[::-1]
    assert displayed_size(frame, aspect) == size
    nv12 = Scaler().nv12(frame, size)
    assert nv12.shape == (size[1] * 3 // 2, size[0])
    expected = [round(float(one) / 85) for one in upright[:: len(upright) - 1, :: size[0] - 1].flat]
    assert quarters(nv12[: size[1]]) == expected


@pytest.mark.parametrize("degrees", CLOCKWISE)
def test_colours_turn_with_the_picture(tmp_path, degrees):
    card = np.zeros((48, 64, 3), np.uint8)
    card[:24, :32] = (255, 0, 0)
    card[:24, 32:] = (0, 255, 0)
    card[24:, :32] = (0, 0, 255)
    path = media.clip(tmp_path / "phone.mp4", pictures=[card, card])
    frame, aspect = decoded(media.turned(path, degrees))
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
        assert quarters(nv12[: size[1]]) == [0, 1, 2, 3]


@pytest.mark.parametrize("orientation", STORED)
def test_a_jpeg_is_seen_upright(orientation):
    card = media.corners(SIZE)
    stored = np.ascontiguousarray(STORED[orientation](card))
    frame = still(memoryview(media.jpeg(stored, orientation)))

    assert displayed_size(frame, None) == SIZE
    assert quarters(Scaler().nv12(frame, SIZE)[:48]) == [0, 1, 2, 3]


def test_a_png_is_read(tmp_path):
    frame = still(memoryview(media.png(80, 61)))

    assert (frame.width, frame.height) == (80, 61)
    assert frame.to_ndarray(format="gray")[30, 40] == pytest.approx(128, abs=1)


def test_an_nv12_picture_becomes_a_jpeg():
    card = av.VideoFrame.from_ndarray(media.corners(SIZE), format="rgb24")
    data = jpeg(Scaler().nv12(card, SIZE))

    assert claimed_size(memoryview(data)) == SIZE
    again = still(memoryview(data))
    assert quarters(Scaler().nv12(again, SIZE)[:48]) == [0, 1, 2, 3]


def segment_of(marker, length):
    return b"\xff" + bytes([marker]) + struct.pack(">H", length + 2) + bytes(length)


GOOD = media.jpeg(media.corners(SIZE))
HIDDEN = b"\xff\xc0\0\x11\x08\0\x10\0\x10\x03" + bytes(9)


@pytest.mark.parametrize(
    "bomb",
    [
        media.png(4, 4, claims=(60000, 60000)),
        media.jpeg(media.corners(SIZE), claims=(60000, 60000)),
        media.png(4, 4, claims=(2**32 - 1, 2**32 - 1)),
    ],
    ids=["png", "jpeg", "largest png"],
)
def test_a_bomb_is_refused_by_its_header(bomb):
    with pytest.raises(BadMedia, match=r"a picture of \d+x\d+ is over the limit of 36 million"):
        still(memoryview(bomb))


def test_the_size_is_found_after_other_segments():
    other = (
        segment_of(0xE1, 3000) + segment_of(0xC4, 20) + b"\xff\xff\xff" + segment_of(0xDB, 5)[1:]
    )

    assert claimed_size(memoryview(GOOD[:2] + other + GOOD[2:])) == SIZE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8" + bytes(100),
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\x04tEXt" + b"\0\0\0\x01" * 4,
        b"GIF89a" + bytes(100),
        b"RIFF\0\0\0\0WEBPVP8 " + bytes(100),
        b"a text\n" * 20,
        GOOD[:2] + b"\0" + HIDDEN + GOOD[2:],
        GOOD[:2] + b"\xff\x01" + HIDDEN + GOOD[2:],
        GOOD[:2] + b"\xff\xd9" + GOOD[2:],
        GOOD[:30],
        media.png(4, 4)[:40],
        b"\xff\xd8" + segment_of(0xC0, 2) * 3,
    ],
)
def test_what_is_no_picture_is_bad_input(data):
    """Also a header that another reader would find elsewhere than we do."""
    with pytest.raises(BadMedia):
        still(memoryview(data))


def test_a_size_for_several_models_is_even_and_fits_each():
    assert fitting([(416, 233), (352, 351)]) == (416, 352)
    assert fitting([(1, 1)]) == (2, 2)
