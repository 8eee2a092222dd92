"""A clip as a camera's coder would give it: access units of NAL units, with their times."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

PARAMETERS = {"h264": (7, 8), "hevc": (32, 33, 34)}
"""Types of the NAL units that are parameter sets."""
FILTERS = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}


@dataclass(frozen=True)
class Picture:
    """One access unit. `time` is when it is shown, seconds from the clip's beginning."""

    units: tuple[bytes, ...]
    time: float
    key: bool


@dataclass(frozen=True)
class Clip:
    """H.264 or H.265 in decode order; `parameters` are its SPS, PPS (and VPS)."""

    codec: str
    pictures: tuple[Picture, ...]
    parameters: tuple[bytes, ...]
    framerate: float

    @property
    def delay(self) -> float:
        """Seconds by which a coder is behind, which sends some pictures before earlier ones."""
        return max(one.time - n / self.framerate for n, one in enumerate(self.pictures))

    @property
    def seconds(self) -> float:
        return len(self.pictures) / self.framerate

    @classmethod
    def read(cls, path: Path) -> "Clip":
        """Of a file that FFmpeg reads; its parameter sets are no part of its pictures."""
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            codec = stream.codec_context.name
            annexb = BitStreamFilterContext(FILTERS[codec], stream)
            packets = [
                out
                for packet in container.demux(stream)
                for out in annexb.filter(packet)
                if out.size
            ]
            rate = float(stream.average_rate)
            base = Fraction(stream.time_base)
        first = min(packet.pts for packet in packets)
        pictures, parameters = [], []
        for packet in packets:
            units = split(bytes(packet))
            parameters += [unit for unit in units if _is_parameters(unit, codec)]
            units = tuple(unit for unit in units if not _is_parameters(unit, codec))
            time = float((packet.pts - first) * base)
            pictures.append(Picture(units, time, packet.is_keyframe))
        return cls(codec, tuple(pictures), tuple(dict.fromkeys(parameters)), rate)


def split(data: bytes) -> list[bytes]:
    """The NAL units of a stream with start codes (ITU-T H.264, annex B)."""
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")[1:] if unit]


def unit_type(unit: bytes, codec: str) -> int:
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F


def _is_parameters(unit: bytes, codec: str) -> bool:
    return unit_type(unit, codec) in PARAMETERS[codec]


def claiming(width: int, height: int) -> bytes:
    """An SPS of H.264 (7.3.2.1.1) that claims a picture of that size: multiples of 16."""
    bits = "".join(
        (
            *(_ue(value) for value in (0, 0, 0, 1)),  # id, frame numbers, order, reference frames
            "0",
            _ue(width // 16 - 1),
            _ue(height // 16 - 1),
            "1100",  # frames only, direct 8x8, no cropping, no VUI
            "1",  # the stop bit
        )
    )
    bits += "0" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return struct.pack("BBBB", 0x67, 66, 0xC0, 62) + body


def _ue(value: int) -> str:
    """An unsigned Exp-Golomb code (9.1)."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits
