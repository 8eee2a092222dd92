"""The network's input as an NV12 picture: frames are drawn at its top left, the rest is padding.

NV12 is a plane of luma and then, at half the size, interleaved U and V: (height * 3 // 2, width)
bytes. It is what decoders give and half the size of BGR. Ours is BT.601, limited range.
"""

from __future__ import annotations

import numpy as np

from cnap.models.family import Size

BLACK, WHITE, GREY = 16, 235, 128  # limited range: luma from BLACK to WHITE; GREY has no chroma


class Canvas:
    """Wraps `pixels`, an (height * 3 // 2, width) uint8 array that the network reads."""

    def __init__(self, pixels: np.ndarray, pad: int) -> None:
        self.pixels = pixels
        self.pad = round(BLACK + pad * (WHITE - BLACK) / 255)
        self.content: Size = (0, 0)

    def draw(self, frame: np.ndarray, content: Size) -> None:
        """Draw an NV12 frame, scaled to `content` if it has another size.

        Raises:
            ValueError: it is not an NV12 frame.
        """
        if size(frame) != content:
            frame = scaled(frame, content)
        if content != self.content:  # padding is drawn once for all frames of a stream
            split(self.pixels)[0][:] = self.pad
            split(self.pixels)[1][:] = GREY
            self.content = content
        across, down = content
        for plane, part, rows in zip(
            split(self.pixels), split(frame), (down, down // 2), strict=True
        ):
            plane[:rows, :across] = part


def split(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Views of the luma rows and of the chroma rows."""
    rows = len(pixels) * 2 // 3
    return pixels[:rows], pixels[rows:]


def size(frame: np.ndarray) -> Size:
    """Width and height of an NV12 frame; ValueError where it can't be one."""
    rows, width = frame.shape if frame.ndim == 2 else (0, 0)
    if frame.dtype != np.uint8 or rows < 3 or rows % 3 or width < 2 or width % 2:
        raise ValueError(f"not an NV12 frame: {frame.dtype} of shape {frame.shape}")
    return width, rows * 2 // 3


def scaled(frame: np.ndarray, to: Size) -> np.ndarray:
    """An NV12 frame at another even size; needed where models of several sizes share frames."""
    import cv2  # late: most frames come at the right size

    luma, chroma = split(frame)
    across, down = to
    chroma = chroma.reshape(len(chroma), -1, 2)
    shrinks = across < frame.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    luma = cv2.resize(luma, to, interpolation=how)
    chroma = cv2.resize(chroma, (across // 2, down // 2), interpolation=how)
    return np.concatenate([luma, chroma.reshape(down // 2, across)])


def from_jpeg(data: bytes) -> np.ndarray:
    """A JPEG file's picture as NV12, without its last row or column where that is odd.

    Raises:
        ValueError: it is not a JPEG file.
    """
    import cv2

    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None or min(picture.shape[:2]) < 2:
        raise ValueError("not a JPEG picture")
    height, width = (length & ~1 for length in picture.shape[:2])
    planar = cv2.cvtColor(picture[:height, :width], cv2.COLOR_BGR2YUV_I420)
    chroma = planar[height:].reshape(2, -1)  # all of U, then all of V
    return np.concatenate([planar[:height], chroma.T.reshape(height // 2, width)])
