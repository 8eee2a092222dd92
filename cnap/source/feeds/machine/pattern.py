"""`testsrc:`, a test picture that moves and tells the time: to people, and to what tests times."""

import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import av

from cnap.cameras import Camera
from cnap.cameras.testsrc import Pattern
from cnap.source.feeds.feed import Misconfigured
from cnap.source.feeds.machine.encoder import TICKS, Encoder, within
from cnap.source.feeds.machine.picture import Picture

SET = 2.0
"""Seconds by which the clock may be early: a larger step back is a clock that was set."""


class PatternFeed:
    """Pictures when they are due by the machine's clock; those that it comes too late for are left
    out, as a camera would."""

    live = True

    def __init__(self, camera: Camera) -> None:
        """Raises Misconfigured."""
        try:
            pattern = Pattern.of(camera.url)
        except ValueError as error:
            raise Misconfigured(str(error)) from None
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
