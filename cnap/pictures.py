"""Decoded pictures as the models want them: upright, scaled once, NV12 or JPEG."""

import math
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from cnap.decoder import MAX_PIXELS
from cnap.errors import BadMedia

Size = tuple[int, int]

FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG's frame headers, which tell the picture's size."""


def displayed_size(frame: av.VideoFrame, aspect: Fraction | None) -> Size:
    """Width and height in which a player shows the frame: square pixels, turned upright."""
    width = max(1, round(frame.width * (aspect or 1)))
    height = frame.height
    return (height, width) if frame.rotation % 180 else (width, height)


class Scaler:
    """Scales frames to NV12, limited range: what the models' graphs expect.

    Full-range video is brought into it, at no cost. BT.709's colours are taken for BT.601's: that
    moves mAP by less than noise (0.26), and to convert them costs as much again as the scaling.
    """

    def __init__(self) -> None:
        self._scale = VideoReformatter()

    def nv12(self, frame: av.VideoFrame, size: Size) -> np.ndarray:
        """The upright frame as (h*3/2, w) uint8; `size` is its even width and height."""
        turns = round(frame.rotation / 90) % 4
        width, height = size[::-1] if turns % 2 else size
        scaled = self._scale.reformat(
            frame,
            width,
            height,
            format="nv12",
            interpolation=Interpolation.AREA,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        return _turned(scaled.to_ndarray(), turns)


def jpeg(plane: np.ndarray, quality: int = 90) -> bytes:
    """An NV12 picture as a JPEG file."""
    import cv2

    return cv2.imencode(
        ".jpg", cv2.cvtColor(plane, cv2.COLOR_YUV2BGR_NV12), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )[1].tobytes()


def still(data: memoryview) -> av.VideoFrame:
    """A JPEG or PNG file as a frame, upright by its EXIF orientation."""
    import cv2

    width, height = claimed_size(data)
    if width * height > MAX_PIXELS:
        raise BadMedia(
            f"a picture of {width}x{height} is over the limit of "
            f"{MAX_PIXELS // 1_000_000} million pixels"
        )
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        picture = None
    if picture is None:
        raise BadMedia("this is not a JPEG or PNG picture")
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")


def claimed_size(data: memoryview) -> Size:
    """Width and height by the file's own header, before any memory is taken for the picture.

    PNG: https://www.w3.org/TR/png/#11IHDR, JPEG: ITU-T T.81, B.2.2 (frame header).
    """
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    place = 2
    while data[:2] == b"\xff\xd8" and place + 9 < len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xFF:
            place += 1  # a fill byte
        elif marker in FRAME_HEADERS:
            height = int.from_bytes(data[place + 5 : place + 7], "big")
            return int.from_bytes(data[place + 7 : place + 9], "big"), height
        elif marker < 0xC0 or 0xD0 <= marker <= 0xD9:
            break  # no segment: nothing that belongs before a frame header
        else:
            place += 2 + length
    raise BadMedia("this is not a JPEG or PNG picture")


def _turned(plane: np.ndarray, turns: int) -> np.ndarray:
    """An NV12 picture turned anticlockwise by `turns` quarters."""
    if not turns:
        return plane
    height, width = plane.shape[0] * 2 // 3, plane.shape[1]
    luma = np.rot90(plane[:height], turns)
    chroma = np.rot90(plane[height:].reshape(height // 2, width // 2, 2), turns)
    return np.concatenate([luma, chroma.reshape(luma.shape[0] // 2, luma.shape[1])])


def fitting(sizes: list[Size]) -> Size:
    """The one even size that is large enough for each of several models."""
    return tuple(math.ceil(max(side) / 2) * 2 for side in zip(*sizes, strict=True))
