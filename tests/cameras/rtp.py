"""RTP: pictures as packets (RFC 3550; RFC 6184 for H.264, RFC 7798 for H.265), and sender reports.

A picture is cut into packets once. What changes each time it is sent, its number and its time, is
written into a copy: so one process feeds a hundred viewers.
"""

import struct
from dataclasses import dataclass

from tests.cameras.clips import Picture

PAYLOAD_TYPE = 96
AUDIO_TYPE = 0
"""PCMU, 8000 Hz."""
CLOCK = 90_000
SSRC, AUDIO_SSRC = 0xCAFE0001, 0xCAFE0002
MAX_PAYLOAD = 1400
NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""


@dataclass(frozen=True)
class Packetised:
    """A picture's payloads, and its time in seconds."""

    payloads: tuple[bytes, ...]
    time: float
    key: bool


def packetised(picture: Picture, codec: str, parameters: tuple[bytes, ...] = ()) -> Packetised:
    """The picture's packets; `parameters` are sent before it."""
    cut = _h264 if codec == "h264" else _h265
    units = (*parameters, *picture.units)
    return Packetised(tuple(p for unit in units for p in cut(unit)), picture.time, picture.key)


def header(
    number: int, time: int, marker: bool, kind: int = PAYLOAD_TYPE, ssrc: int = SSRC
) -> bytes:
    return struct.pack(">BBHII", 0x80, kind | marker << 7, number & 0xFFFF, time & 0xFFFFFFFF, ssrc)


def sender_report(unix: float, time: int, packets: int, ssrc: int = SSRC) -> bytes:
    """RFC 3550, 6.4.1: what the RTP time `time` is by the camera's clock; and its name (6.5)."""
    seconds = unix + NTP_EPOCH
    whole = int(seconds)
    fraction = int((seconds - whole) * (1 << 32))
    report = struct.pack(
        ">BBHIIIIII",
        0x80,
        200,
        6,
        ssrc,
        whole & 0xFFFFFFFF,
        fraction,
        time & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        0,
    )
    return report + struct.pack(">BBHIBB6s", 0x81, 202, 3, ssrc, 1, 4, b"fake\0\0")


def interleaved(channel: int, packet: bytes) -> bytes:
    """RFC 2326, 10.12."""
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet


def _h264(unit: bytes) -> list[bytes]:
    if len(unit) <= MAX_PAYLOAD:
        return [unit]
    indicator, kind = unit[0] & 0xE0 | 28, unit[0] & 0x1F
    return [
        bytes((indicator, begins << 7 | ends << 6 | kind)) + part
        for part, begins, ends in _parts(unit[1:])
    ]


def _h265(unit: bytes) -> list[bytes]:
    if len(unit) <= MAX_PAYLOAD:
        return [unit]
    first, kind = unit[0] & 0x81 | 49 << 1, unit[0] >> 1 & 0x3F
    return [
        bytes((first, unit[1], begins << 7 | ends << 6 | kind)) + part
        for part, begins, ends in _parts(unit[2:])
    ]


def _parts(body: bytes) -> list[tuple[bytes, bool, bool]]:
    starts = range(0, len(body), MAX_PAYLOAD)
    return [
        (body[start : start + MAX_PAYLOAD], start == 0, start + MAX_PAYLOAD >= len(body))
        for start in starts
    ]
