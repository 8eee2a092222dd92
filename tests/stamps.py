"""Reads the time back that a test pattern shows, from a picture that was coded and scaled."""

import zlib

import numpy as np

COLUMNS, ROWS = 24, 3


def read(luma: np.ndarray) -> tuple[float, int] | None:
    """When the picture (2-d, brightness) was captured, in unix seconds, and its frame's number,
    up to 65535; None where no stamp is in it."""
    height, width = luma.shape
    bits = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            y, x = (16 + row + 0.5) / 20 * height, (1.5 + column) / 26 * width
            inside = luma[round(y - height / 80) : round(y + height / 80) + 1,
                          round(x - width / 104) : round(x + width / 104) + 1]  # fmt: skip
            bits.append(inside.mean() > 126)
    data = np.packbits(bits).tobytes()
    if zlib.crc32(data[:8]) & 0xFF != data[8]:
        return None
    return int.from_bytes(data[:6], "big") / 1000, int.from_bytes(data[6:8], "big")


def of(frame) -> tuple[float, int] | None:
    """The same of a decoded frame."""
    return read(frame.reformat(format="gray").to_ndarray())
