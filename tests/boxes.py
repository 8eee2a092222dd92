"""What tests write into the boxes of an MP4: what a phone does, an editor, or someone hostile."""

import struct
import zlib
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


def claiming(data: bytes, table: bytes, samples: int) -> bytes:
    """A segment whose table of samples, `stsz` or `trun`, says it has so many, all alike."""
    claims = bytearray(data)
    place = claims.index(table) + 4
    facts = (0, 1, samples) if table == b"stsz" else (0, samples)
    struct.pack_into(f">{len(facts)}I", claims, place, *facts)
    return bytes(claims)


def compressed(data: bytes) -> bytes:
    """The same with its headers as QuickTime once compressed them."""
    start = data.index(b"moov") - 4
    end = start + struct.unpack_from(">I", data, start)[0]
    packed = struct.pack(">I", end - start) + zlib.compress(data[start:end])
    method, headers = _box(b"dcom", b"zlib"), _box(b"cmvd", packed)
    return data[:start] + _box(b"moov", _box(b"cmov", method + headers)) + data[end:]


def elsewhere(data: bytes, path: Path) -> bytes:
    """A QuickTime film without its media, which it says are in another file."""
    name = path.name.encode()
    alias = struct.pack(">14xB27x12xB63s16xHH16x", 4, len(name), name, 1, 1)
    where = str(path).encode()
    alias += struct.pack(f">HH{len(where)}s", 2, len(where), where) + b"\0" * (len(where) % 2)
    alias = _box(b"alis", alias + b"\xff\xff\0\0")
    place = data.index(b"dref") + 12
    size = struct.unpack_from(">I", data, place)[0]
    resized = bytearray(data)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = data.rindex(kind, 0, place) - 4
        struct.pack_into(
            ">I", resized, start, struct.unpack_from(">I", data, start)[0] + len(alias) - size
        )
    resized[place : place + size] = alias
    start = data.index(b"mdat")
    length = struct.unpack_from(">I", data, start - 4)[0] - 8
    resized[start + 4 : start + 4 + length] = bytes(length)
    return bytes(resized)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content
