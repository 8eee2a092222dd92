"""What a test pattern shows: colour bars, something that moves, the time, and the time once more
in squares that survive any coder and any scaling."""

import math
import zlib
from datetime import UTC, datetime
from fractions import Fraction

import av
import numpy as np

from cnap.pictures import Size

BARS = ((180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58), (84, 184, 198),
        (65, 100, 212), (35, 212, 114))  # fmt: skip
"""Y, U and V of 75 % colour bars (ITU-R BT.801)."""
GREY, DARK, BLACK, WHITE = 126, 40, 16, 235
GLYPHS = {
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711", "5": "74717",
    "6": "74757", "7": "71111", "8": "75757", "9": "75717", ":": "02020", ".": "00002",
    "-": "00700", "#": "57575",
}  # fmt: skip
"""Five rows of three dots, a digit a row: 4, 2 and 1 are the left, middle and right dot."""
COLUMNS, ROWS = 24, 3
"""Squares of the stamp: 48 bits of unix milliseconds, 16 of the frame's number, 8 of a check."""
MARGIN, TOP, HEIGHT = 1 / 26, 16 / 20, 1 / 20
"""Where they are: the first column begins a 26th of the width from the left, and all are as wide;
the first row begins at 16/20 of the height, and each is a 20th high."""


class Picture:
    """Draws one stream's pictures. Little of one differs from the one before: it costs a coder,
    and whoever stores it, next to nothing."""

    def __init__(self, size: Size) -> None:
        self._width, self._height = size
        self._base = self._background()

    def at(self, captured: Fraction, number: int) -> av.VideoFrame:
        """The picture of a moment: unix seconds."""
        planes = self._base.copy()
        luma = planes[: self._height]
        self._move(luma, float(captured))
        milliseconds = round(captured * 1000)
        moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
        clock = f"{moment:%H:%M:%S}.{milliseconds % 1000:03d}"
        self._write(luma, clock, 8 / 20, 0.8)
        self._write(luma, f"{moment:%Y-%m-%d} #{number % 10**7:07d}", 13 / 20, 0.5)
        self._stamp(luma, stamp(milliseconds, number))
        return av.VideoFrame.from_ndarray(planes, format="yuv420p")

    def _background(self) -> np.ndarray:
        width, height = self._width, self._height
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        planes[:height] = DARK
        chroma = planes[height:].reshape(2, height // 2, width // 2)
        rows = height * 7 // 20 // 2
        edges = [round(n * width / 2 / len(BARS)) for n in range(len(BARS) + 1)]
        for (y, u, v), left, right in zip(BARS, edges, edges[1:], strict=False):
            planes[: rows * 2, left * 2 : right * 2] = y
            chroma[:, :rows, left:right] = np.array((u, v), np.uint8)[:, None, None]
        return planes

    def _move(self, luma: np.ndarray, seconds: float) -> None:
        """A square that goes over the bars and back in eight seconds."""
        side = self._height // 6
        there = (1 - math.cos(seconds * math.pi / 4)) / 2
        left, top = round(there * (self._width - side)), self._height // 12
        luma[top : top + side, left : left + side] = GREY

    def _write(self, luma: np.ndarray, text: str, top: float, share: float) -> None:
        """The text in the middle, over a share of the width."""
        letters = [GLYPHS.get(letter, "00000") for letter in text]
        dots = np.array(
            [[int(one[row]) >> bit & 1 for one in letters for bit in (2, 1, 0, 3)]
             for row in range(5)], bool
        )[:, :-1]  # fmt: skip
        scale = max(1, int(self._width * share / dots.shape[1]))
        shown = dots.repeat(scale, 0).repeat(scale, 1)
        y, x = round(top * self._height), (self._width - shown.shape[1]) // 2
        luma[y : y + shown.shape[0], x : x + shown.shape[1]][shown] = WHITE

    def _stamp(self, luma: np.ndarray, bits: np.ndarray) -> None:
        xs = [round((MARGIN + n / 26) * self._width) for n in range(COLUMNS + 1)]
        ys = [round((TOP + n * HEIGHT) * self._height) for n in range(ROWS + 1)]
        shades = np.where(bits, WHITE, BLACK).astype(np.uint8)
        wide = shades.repeat(np.diff(xs), 1).repeat(np.diff(ys), 0)
        luma[ys[0] : ys[-1], xs[0] : xs[-1]] = wide


def stamp(milliseconds: int, number: int) -> np.ndarray:
    """(3, 24) bool, to be read row by row, the highest bit first."""
    told = milliseconds.to_bytes(6, "big") + (number & 0xFFFF).to_bytes(2, "big")
    data = told + bytes([zlib.crc32(told) & 0xFF])
    return np.unpackbits(np.frombuffer(data, np.uint8)).reshape(ROWS, COLUMNS).astype(bool)
