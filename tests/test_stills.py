"""Stills: upright, and refused by what their headers claim."""

import struct

import cv2
import numpy as np
import pytest

from cnap.errors import BadMedia
from cnap.pictures import Scaler, displayed_size
from cnap.stills import claimed_size, still
from tests import media

SIZE = (64, 48)
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


@pytest.mark.parametrize("orientation", STORED)
def test_a_jpeg_is_seen_upright(orientation):
    card = media.corners(SIZE)
    stored = np.ascontiguousarray(STORED[orientation](card))
    data = memoryview(media.jpeg(stored, orientation))
    frame = still(data)

    assert claimed_size(data) == displayed_size(frame, None) == SIZE
    assert media.quarters(Scaler().nv12(frame, SIZE)[:48]) == [0, 1, 2, 3]


def test_a_png_is_read(tmp_path):
    frame = still(memoryview(media.png(80, 61)))

    assert (frame.width, frame.height) == (80, 61)
    assert frame.to_ndarray(format="gray")[30, 40] == pytest.approx(128, abs=1)


@pytest.mark.parametrize("suffix", ["webp", "bmp", "tiff"])
@pytest.mark.parametrize("size", [(64, 48), (67, 45), (1, 1)])
def test_other_pictures_are_read(suffix, size):
    rgb = media.picture(3, size)
    data = memoryview(cv2.imencode(f".{suffix}", rgb[:, :, ::-1])[1].tobytes())

    assert claimed_size(data) == size
    assert np.array_equal(still(data).to_ndarray(format="rgb24"), rgb)


def test_a_lossy_webp_and_a_bmp_from_top_to_bottom_are_read():
    card = media.corners(SIZE)
    webp = cv2.imencode(".webp", card, [cv2.IMWRITE_WEBP_QUALITY, 90])[1].tobytes()
    bmp = bytearray(cv2.imencode(".bmp", card)[1].tobytes())
    struct.pack_into("<i", bmp, 22, -48)

    assert claimed_size(memoryview(webp)) == claimed_size(memoryview(bmp)) == SIZE
    for data, expected in ((webp, [0, 1, 2, 3]), (bytes(bmp), [2, 3, 0, 1])):
        frame = still(memoryview(data))
        assert media.quarters(Scaler().nv12(frame, SIZE)[:48]) == expected


def test_a_tiff_is_seen_upright():
    data = bytearray(cv2.imencode(".tiff", media.corners(SIZE)[:, :, ::-1])[1].tobytes())
    start = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, start)[0]
    tags = [struct.unpack_from("<H", data, start + 2 + 12 * n)[0] for n in range(count)]
    # Orientation 6, in place of a field that is needed by nobody.
    struct.pack_into("<HHIHH", data, start + 2 + 12 * tags.index(284), 274, 3, 1, 6, 0)

    frame = still(memoryview(bytes(data)))
    assert claimed_size(memoryview(data)) == displayed_size(frame, None) == SIZE[::-1]


def test_exif_that_is_damaged_says_nothing():
    exif = b"Exif\0\0II*\0\xff\xff\xff\x7f"
    data = GOOD[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + GOOD[2:]

    assert claimed_size(memoryview(data)) == displayed_size(still(memoryview(data)), None) == SIZE


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
        b"BM" + bytes(12) + struct.pack("<III", 40, 60000, 60000) + bytes(40),
        b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\xff\xff\0\xff\xff\0" + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\xff\xff\xff\x0f" + bytes(20),
        b"II*\0" + struct.pack("<IHHHIIHHII", 8, 2, 256, 4, 1, 60000, 257, 3, 1, 60000),
    ],
    ids=["png", "jpeg", "largest png", "bmp", "webp", "lossless webp", "tiff"],
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
        b"RIFF\0\0\0\0WAVEfmt " + bytes(100),
        b"BM" + bytes(100),
        b"II*\0" + bytes(100),
        b"MM\0*\xff\xff\xff\xff",
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


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tiff"])
def test_a_picture_that_is_cut_short_is_called_so(suffix):
    data = cv2.imencode(f".{suffix}", media.picture(3, SIZE))[1].tobytes()
    for end in (14, 30, len(data) // 2):
        with pytest.raises(BadMedia, match=r"^this \w+ picture is cut short or damaged$"):
            still(memoryview(data[:end]))


def test_what_is_no_picture_is_called_so():
    with pytest.raises(BadMedia, match=r"^this is not a picture: not JPEG, PNG, WebP, BMP or TIFF"):
        still(memoryview(b"a text\n" * 20))
