"""Still images as frames; what their headers claim is read before any memory is taken for them."""

import contextlib
import os

import av
import numpy as np

from cnap.demuxer import MAX_PIXELS, too_large
from cnap.errors import BadMedia
from cnap.pictures import Size

# OpenCV's own limit, read when it is loaded: should it see another size in a file than we do.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))

SIGNATURES = {
    b"\xff\xd8": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG's frame headers, which tell the picture's size."""
EXIF, EXIF_MARKER = b"Exif\0\0", 0xE1
TIFF_WIDTH, TIFF_HEIGHT, TIFF_ORIENTATION = 256, 257, 274
LYING = range(5, 9)
"""Orientations of pictures that are turned by a quarter to be upright."""
TIFF_SHORT, TIFF_LONG = 3, 4


def still(data: memoryview) -> av.VideoFrame:
    """A picture's file as a frame, upright by its EXIF orientation. Raises BadMedia."""
    import cv2

    width, height = claimed_size(data)
    if words := too_large(width, height):
        raise BadMedia(words)
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        picture = None
    if picture is None:
        raise _damaged(data)
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")


def claimed_size(data: memoryview) -> Size:
    """Width and height by the file's own header, as displayed: turned as a JPEG's EXIF or a TIFF
    says. Raises BadMedia where there is none."""
    readers = {"JPEG": _jpeg, "PNG": _png, "WebP": _webp, "BMP": _bmp, "TIFF": _tiff}
    kind = _kind(data)
    size = readers[kind](data) if kind else None
    if size is None:
        raise _damaged(data)
    return size


def _kind(data: memoryview) -> str | None:
    head = bytes(data[:12])
    if head.startswith(b"RIFF") and head.endswith(b"WEBP"):
        return "WebP"
    return next((kind for start, kind in SIGNATURES.items() if head.startswith(start)), None)


def _damaged(data: memoryview) -> BadMedia:
    kind = _kind(data)
    if kind is None:
        return BadMedia("this is not a picture: not JPEG, PNG, WebP, BMP or TIFF")
    return BadMedia(f"this {kind} picture is cut short or damaged")


def _number(data: memoryview, place: int, size: int, order: str = "little") -> int:
    if place + size > len(data):
        raise _damaged(data)
    return int.from_bytes(data[place : place + size], order)


def _png(data: memoryview) -> Size | None:
    """https://www.w3.org/TR/png/#11IHDR"""
    if data[12:16] != b"IHDR":
        return None
    return _number(data, 16, 4, "big"), _number(data, 20, 4, "big")


def _jpeg(data: memoryview) -> Size | None:
    """ITU-T T.81, B.2.2 (frame header); EXIF 2.3, 4.7.2."""
    place, lying = 2, False
    while place + 9 < len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], _number(data, place + 2, 2, "big")
        if marker == 0xFF:
            place += 1  # a fill byte
        elif marker in FRAME_HEADERS:
            size = _number(data, place + 7, 2, "big"), _number(data, place + 5, 2, "big")
            return size[::-1] if lying else size
        elif marker < 0xC0 or 0xD0 <= marker <= 0xD9:
            break  # no segment: nothing that belongs before a frame header
        else:
            if marker == EXIF_MARKER and data[place + 4 : place + 10] == EXIF:
                with contextlib.suppress(BadMedia):  # then it is as if it said nothing
                    lying = _orientation(data[place + 10 : place + 2 + length]) in LYING
            place += 2 + length
    return None


def _bmp(data: memoryview) -> Size | None:
    """BITMAPCOREHEADER or BITMAPINFOHEADER; a negative height is a picture from top to bottom."""
    if _number(data, 14, 4) == 12:
        return _number(data, 18, 2), _number(data, 20, 2)
    height = _number(data, 22, 4)
    return _number(data, 18, 4), min(height, 2**32 - height)


def _webp(data: memoryview) -> Size | None:
    """RFC 9649, 2.5 to 2.7."""
    kind = data[12:16]
    if kind == b"VP8X":
        return _number(data, 24, 3) + 1, _number(data, 27, 3) + 1
    if kind == b"VP8L" and data[20:21] == b"\x2f":
        bits = _number(data, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return _number(data, 26, 2) & 0x3FFF, _number(data, 28, 2) & 0x3FFF
    return None


def _tiff(data: memoryview) -> Size | None:
    """TIFF 6.0, section 2: the first image file directory."""
    fields = _tiff_fields(data)
    if not {TIFF_WIDTH, TIFF_HEIGHT} <= set(fields):
        return None
    size = fields[TIFF_WIDTH], fields[TIFF_HEIGHT]
    return size[::-1] if fields.get(TIFF_ORIENTATION) in LYING else size


def _orientation(exif: memoryview) -> int | None:
    """EXIF is a TIFF without a picture."""
    return _tiff_fields(exif).get(TIFF_ORIENTATION)


def _tiff_fields(data: memoryview) -> dict[int, int]:
    """The whole numbers of the first directory, by tag."""
    order = "little" if data[:1] == b"I" else "big"
    fields = {}
    start = _number(data, 4, 4, order)
    for entry in range(_number(data, start, 2, order)):
        place = start + 2 + 12 * entry
        tag, kind = _number(data, place, 2, order), _number(data, place + 2, 2, order)
        if kind in (TIFF_SHORT, TIFF_LONG):
            fields[tag] = _number(data, place + 8, 2 if kind == TIFF_SHORT else 4, order)
    return fields
