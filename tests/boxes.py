"""What tests write into the boxes of an MP4: how its picture is turned, and edit lists."""

import struct
from pathlib import Path

QUARTERS = {
    # QuickTime's track matrix (a b c d) for a picture turned clockwise; ISO/IEC 14496-12, 8.3.2
    0: (1, 0, 0, 1),
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}


def turned(path: Path, degrees: int, mirror: str = "") -> Path:
    """Writes a clockwise rotation into the MP4's track header, as a phone does; `mirror` is the
    axis (x or y) along which the picture is turned over after that."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4
    place += 40 + (12 if data[place] == 1 else 0)
    a, b, c, d = (value * 0x10000 for value in QUARTERS[degrees])
    if mirror == "x":
        a, c = -a, -c
    if mirror == "y":
        b, d = -b, -d
    struct.pack_into(">9i", data, place, a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(data)
    return path


def edited(path: Path, *edits: tuple[float, float]) -> Path:
    """Writes an edit list into an MP4 of PyAV's: each edit's start and length in seconds."""
    data = path.read_bytes()
    moov, trak, mdia = (data.index(kind) - 4 for kind in (b"moov", b"trak", b"mdia"))
    timescale = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)[0]
    mediascale = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)[0]
    first = 0
    if (elst := data.find(b"elst", trak, mdia)) > 0:
        first = struct.unpack_from(">i", data, elst + 16)[0]
    tkhd = data[trak + 8 : trak + 8 + struct.unpack_from(">I", data, trak + 8)[0]]
    entries = b"".join(
        struct.pack(">IiI", round(length * timescale), round(start * mediascale) + first, 0x10000)
        for start, length in edits
    )
    body = struct.pack(">I4sII", 16 + len(entries), b"elst", 0, len(edits)) + entries
    head = tkhd + struct.pack(">I4s", 8 + len(body), b"edts") + body
    grown = len(head) - (mdia - trak - 8)
    resized = bytearray(data[:trak] + data[trak : trak + 8] + head + data[mdia:])
    for place in (moov, trak):
        size = struct.unpack_from(">I", resized, place)[0]
        struct.pack_into(">I", resized, place, size + grown)
    path.write_bytes(resized)
    return path
