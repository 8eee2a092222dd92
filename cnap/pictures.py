"""Decoded pictures as the models want them: upright, scaled once, NV12 or JPEG."""

import math
from fractions import Fraction

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

Size = tuple[int, int]


def orientation(frame: av.VideoFrame) -> tuple[int, bool]:
    """Quarter turns anticlockwise that make the frame upright, and whether it is to be mirrored
    left to right before: by its display matrix (ISO/IEC 14496-12, 8.3.2)."""
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return 0, False
    a, b, _, c, d = np.frombuffer(matrix, "=i4")[:5].tolist()
    mirrored = a * d < b * c
    turns = math.atan2(b, -a) if mirrored else math.atan2(-b, a)
    return round(turns / (math.pi / 2)) % 4, mirrored


def displayed_size(frame: av.VideoFrame, aspect: Fraction | None) -> Size:
    """Width and height in which a player shows the frame: square pixels, turned upright."""
    width = max(1, round(frame.width * (aspect or 1)))
    height = frame.height
    turns, _ = orientation(frame)
    return (height, width) if turns % 2 else (width, height)


class Scaler:
    """Scales frames to NV12, limited range: what the models' graphs expect.

    Full-range video is brought into it, at no cost. BT.709's colours are taken for BT.601's: that
    moves mAP by less than noise (0.26), and to convert them costs as much again as the scaling.
    """

    def __init__(self) -> None:
        self._scale = VideoReformatter()

    def nv12(self, frame: av.VideoFrame, size: Size, out: np.ndarray | None = None) -> np.ndarray:
        """The upright frame as (h*3/2, w) uint8, in `out` if given; `size` is its even width and
        height."""
        turns, mirrored = orientation(frame)
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
        if out is None:
            out = np.empty((size[1] * 3 // 2, size[0]), np.uint8)
        if turns or mirrored:
            out[:] = _turned(scaled.to_ndarray(), turns, mirrored)
        else:
            luma, chroma = (
                np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:, :width]
                for plane in scaled.planes
            )
            out[:height], out[height:] = luma[:height], chroma[: height // 2]
        return out


def jpeg(plane: np.ndarray, quality: int = 90) -> bytes:
    """An NV12 picture as a JPEG file."""
    import cv2

    return cv2.imencode(
        ".jpg", cv2.cvtColor(plane, cv2.COLOR_YUV2BGR_NV12), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )[1].tobytes()


def _turned(plane: np.ndarray, turns: int, mirrored: bool) -> np.ndarray:
    """An NV12 picture mirrored left to right, then turned anticlockwise by `turns` quarters."""
    height, width = plane.shape[0] * 2 // 3, plane.shape[1]
    luma = plane[:height]
    chroma = plane[height:].reshape(height // 2, width // 2, 2)
    if mirrored:
        luma, chroma = luma[:, ::-1], chroma[:, ::-1]
    luma, chroma = np.rot90(luma, turns), np.rot90(chroma, turns)
    return np.concatenate([luma, chroma.reshape(luma.shape[0] // 2, luma.shape[1])])


def fitting(sizes: list[Size]) -> Size:
    """The one even size that is large enough for each of several models."""
    return tuple(math.ceil(max(side) / 2) * 2 for side in zip(*sizes, strict=True))


def within(size: Size, most: Size | None) -> Size:
    """The size, or the largest even one of its shape that is not larger than `most`."""
    if most is None or all(side <= limit for side, limit in zip(size, most, strict=True)):
        return size
    scale = min(limit / side for side, limit in zip(size, most, strict=True))
    return tuple(max(2, math.floor(side * scale / 2) * 2) for side in size)
