"""NAL units: what packets of H.264 and H.265 are made of, as far as their heads tell."""

from collections.abc import Iterator
from dataclasses import dataclass

import av

LENGTH_PREFIXED = 1
"""The version with which an MP4's parameter sets begin: ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1."""
HEAD = 512
"""Bytes of a packet in which its first slice begins, nearly always."""
RECOVERY_POINT = 6
"""A payload type of SEI messages: ITU-T H.264, D.1.8; ITU-T H.265, D.2.8."""


@dataclass(frozen=True)
class Unit:
    kind: int
    referred: bool
    """Whether other pictures may refer to this one (H.264 only)."""
    slice: bool
    content: bytes


class Units:
    """Reads the packets of one stream, with start codes or with lengths as its `extradata` say."""

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        self.h265 = codec == "hevc"
        self.sei = 39 if self.h265 else 6
        self._prefix = 0
        place = 21 if self.h265 else 4
        if extradata and extradata[0] == LENGTH_PREFIXED and len(extradata) > place:
            self._prefix = (extradata[place] & 3) + 1

    def head(self, packet: av.Packet) -> list[Unit]:
        """The packet's units up to its first slice."""
        units = list(self._until_slice(bytes(memoryview(packet)[:HEAD])))
        if not units or not units[-1].slice:
            units = list(self._until_slice(bytes(packet)))
        return units

    def _until_slice(self, data: bytes) -> Iterator[Unit]:
        for start, end in self._places(data):
            first = data[start]
            if self.h265:
                kind = first >> 1 & 0x3F
                unit = Unit(kind, True, kind < 32, data[start + 2 : end])
            else:
                kind = first & 0x1F
                unit = Unit(kind, bool(first & 0x60), 1 <= kind <= 5, data[start + 1 : end])
            yield unit
            if unit.slice:
                return

    def _places(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Where units begin and end."""
        size = self._prefix
        if size:
            place = 0
            while place + size < len(data):
                start = place + size
                place = start + int.from_bytes(data[place:start], "big")
                yield start, place
            return
        start = data.find(b"\0\0\1") + 3
        while 3 <= start < len(data):
            end = data.find(b"\0\0\1", start)
            yield start, end if end >= 0 else len(data)
            start = end + 3


def recovery(message: bytes, h265: bool) -> int | None:
    """How many frames after this one pictures are right, if an SEI unit says so."""
    data = message.replace(b"\0\0\3", b"\0\0")
    place = 0
    while place + 2 <= len(data) and data[place] != 0x80:
        kind, place = _sum(data, place)
        size, place = _sum(data, place)
        if kind == RECOVERY_POINT:
            return _golomb(data[place : place + size], signed=h265)
        place += size
    return None


def _sum(data: bytes, place: int) -> tuple[int, int]:
    """A number of any size, and the place after it: ITU-T H.264, 7.3.2.3.1."""
    value = 0
    while place < len(data) and data[place] == 0xFF:
        value, place = value + 255, place + 1
    return value + (data[place] if place < len(data) else 0), place + 1


def _golomb(data: bytes, signed: bool) -> int:
    """The first Exp-Golomb code: ITU-T H.264, 9.1. Below 0 is as good as at once."""
    bits = "".join(f"{byte:08b}" for byte in data[:8])
    zeros = len(bits) - len(bits.lstrip("0"))
    code = int(bits[zeros : 2 * zeros + 1] or "1", 2) - 1
    if not signed:
        return code
    return (code + 1) // 2 if code % 2 else 0
