"""The boxes of MP4 and QuickTime, as far as they are looked at before FFmpeg is."""

import math
import os
import re
from collections.abc import Iterator
from typing import BinaryIO

TABLES = re.compile(rb"stsz|stz2|trun|cmov")
COUNT = {b"stsz": 8, b"stz2": 8, b"trun": 4}
"""Bytes between a box's kind and its count of samples: ISO/IEC 14496-12, 8.7.3 and 8.8.8."""


def boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kind and size of each outermost box (ISO/IEC 14496-12, 4.2); `file` is at its content then.
    The size is what the box says, and may be more than is there."""
    end = file.seek(0, os.SEEK_END)
    place = 0
    while place < end:
        file.seek(place)
        head = file.read(8)
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if size == 1:
            size = int.from_bytes(file.read(8), "big")
        content = file.tell()
        size = size or end - place  # none is to the end of the file
        if place + size < content or len(kind) < 4:
            return
        yield kind, place + size - content
        place += size


def claimed_samples(file: BinaryIO) -> float:
    """Frames and pieces of sound that the tables claim. FFmpeg takes memory for each, and those
    that are all alike cost the file no byte. What is in compressed headers is endless.

    Tables are looked for anywhere but in the media: FFmpeg takes them in places where none belong.
    """
    claimed = 0
    for kind, size in boxes(file):
        content = file.read(size) if kind != b"mdat" else b""
        for table in TABLES.finditer(content):
            if table[0] == b"cmov":
                return math.inf
            place = table.end() + COUNT[table[0]]
            claimed += int.from_bytes(content[place : place + 4], "big")
    return claimed
