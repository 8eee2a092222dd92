"""`testsrc:`, a test picture that moves and tells the time: to people, and to what tests times."""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import parse_qsl, urlsplit

import av

from cnap.cameras import Camera
from cnap.pictures import Size
from cnap.source.feeds.feed import Misconfigured
from cnap.source.feeds.machine.encoder import CODERS, TICKS, Encoder, even, within
from cnap.source.feeds.machine.picture import Picture

SMALLEST, LARGEST = (160, 90), (3840, 2160)
SET = 2.0
"""Seconds by which the clock may be early: a larger step back is a clock that was set."""


@dataclass(frozen=True)
class Pattern:
    """What a `testsrc:` url asks for."""

    size: Size = (1280, 720)
    rate: Fraction = Fraction(25)
    gop: float = 2.0
    codec: str = "h264"

    @classmethod
    def of(cls, url: str) -> "Pattern":
        """Raises Misconfigured, in words, for what is not understood."""
        parts = urlsplit(url)
        if parts.path or parts.netloc or parts.fragment:
            raise Misconfigured(f"{url}: write it as testsrc:?size=1280x720&rate=25&gop=2")
        asked = {}
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            if name not in READERS:
                known = ", ".join(READERS)
                raise Misconfigured(f"testsrc has no setting {name!r}: there are {known}")
            asked[name] = READERS[name](value)
        return cls(**asked)


def _size(text: str) -> Size:
    match = re.fullmatch("([0-9]{1,5})x([0-9]{1,5})", text)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    fits = all(low <= side <= high for low, side, high in zip(SMALLEST, size, LARGEST, strict=True))
    if not fits or even(size) != size:
        low, high = ("x".join(map(str, limit)) for limit in (SMALLEST, LARGEST))
        raise Misconfigured(
            f"testsrc: size must be even numbers from {low} to {high}, as in 1280x720, not {text!r}"
        )
    return size


def _rate(text: str) -> Fraction:
    return _number("rate", "frames a second", text, 1, 60)


def _gop(text: str) -> float:
    return float(_number("gop", "seconds between key frames", text, 0, 60))


def _number(name: str, what: str, text: str, low: int, high: int) -> Fraction:
    number = Fraction(text) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text) else None
    if number is None or not low <= number <= high:
        raise Misconfigured(f"testsrc: {name} ({what}) must be from {low} to {high}, not {text!r}")
    return number


def _codec(text: str) -> str:
    if text not in CODERS:
        raise Misconfigured(f"testsrc: codec must be one of {', '.join(CODERS)}, not {text!r}")
    return text


READERS = {"size": _size, "rate": _rate, "gop": _gop, "codec": _codec}


class PatternFeed:
    """Pictures when they are due by the machine's clock; those that it comes too late for are left
    out, as a camera would."""

    live = True

    def __init__(self, camera: Camera) -> None:
        pattern = Pattern.of(camera.url)
        self._rate = pattern.rate
        size = within(pattern.size, camera.size)
        self._encoder = Encoder(size, pattern.rate, pattern.gop, pattern.codec)
        self._picture = Picture(size)
        self._closed = threading.Event()
        self.stream = self._encoder.stream
        self._zero = Fraction(time.time_ns() // 1_000_000, 1000)

    @property
    def framerate(self) -> float:
        return float(self._rate)

    @property
    def zero(self) -> float:
        return float(self._zero)

    def packets(self) -> Iterator[av.Packet]:
        number = 0
        while not self._closed.wait(self._ahead(number)):
            late = -self._ahead(number)
            number += max(0, int(late * self._rate))
            captured = self._zero + number / self._rate
            frame = self._picture.at(captured, number)
            frame.pts = round(number * TICKS / self._rate)
            yield from self._encoder.packets(frame)
            number += 1

    def close(self) -> None:
        self._closed.set()

    def _ahead(self, number: int) -> float:
        """Seconds till a picture is due."""
        due = self._zero + number / self._rate
        now = Fraction(time.time_ns(), 1_000_000_000)
        if due - now > SET:  # the clock was set back: pictures go on, with the new time
            self._zero += now - due
            return 0.0
        return float(due - now)
