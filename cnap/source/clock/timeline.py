"""When frames were captured: a feed's packets on one timeline, whatever the camera's clock does."""

import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import av

from cnap.errors import CnapError
from cnap.source.clock.liveclock import ClockJumped, LiveClock
from cnap.source.clock.placedclock import PlacedClock
from cnap.source.feeds.feed import Feed

__all__ = ["ClockJumped", "Timeline"]

TOO_LATE = 5.0
"""Seconds behind its own times, after which a film is not caught up with."""
BACK, AHEAD = -0.5, 600.0
"""Seconds by which a film's decode times may step without a break."""


class Timeline:
    """`epoch/1000 + pts * time_base` is when a frame was captured: by the camera's own clock if
    that is believable, else by arrival. What is known late, or drifts, changes times by a tenth of
    the time that passes, and never so that they go back. Packets of a feed that is `placed` have
    such times already. Films are paced by `wait`, which returns True when the stream is to end.

    The epoch is later than `after` (unix ms).
    """

    def __init__(
        self,
        feed: Feed,
        wait: Callable[[float], bool],
        now: Callable[[], float] = time.time,
        after: int = 0,
        steady: Callable[[], float] | None = None,
    ) -> None:
        """`steady` is a clock that nobody sets and that stands still while the machine sleeps;
        `now` itself, if that is given without it."""
        self._feed, self._wait, self._now = feed, wait, now
        self._steady = steady or (time.monotonic if now is time.time else now)
        self._clock: LiveClock | PlacedClock | None = None
        if getattr(feed, "placed", False):
            self._clock = PlacedClock(feed, after)
        elif feed.live:
            self._clock = LiveClock(feed, now, self._steady, after)
        self._epoch = max(int(now() * 1000), after + 1)

    @property
    def epoch(self) -> int:
        """Unix ms of the timeline's 0: known from the first packet on."""
        return self._clock.epoch if self._clock else self._epoch

    @property
    def note(self) -> str:
        """What is odd about the camera's clock, for people, else empty."""
        return self._clock.note if self._clock else ""

    def packets(self) -> Iterator[av.Packet]:
        """In decode order, the times of decoding rising from 0 on; a film's may repeat or step back
        a little where one edit of it ends. Raises ClockJumped, and what the feed raises."""
        return self._live(self._clock) if self._clock else self._paced()

    def _live(self, clock: LiveClock | PlacedClock) -> Iterator[av.Packet]:
        try:
            for packet in self._feed.packets():
                yield from clock.take(packet)
        except CnapError:
            yield from clock.rest()
            raise
        yield from clock.rest()

    def _paced(self) -> Iterator[av.Packet]:
        self._epoch = max(int(self._now() * 1000), self._epoch)
        started, apart = self._steady(), self._now() - self._steady()
        shown, excused = 0, 0.0
        for packet, rate in self._joined():
            # A coder can't send a frame before it was captured, nor those that refer to it.
            shown = max(shown, packet.pts / rate)
            # A clock that is set back must not hold the film for as long.
            ahead = started + shown - self._steady()
            if ahead >= 0:
                excused = 0.0
            slept = self._now() - self._steady() - apart
            if ahead < -TOO_LATE - excused or slept > TOO_LATE:
                raise ClockJumped("this machine slept, or its clock was set: a new beginning")
            if self._wait(max(0.0, ahead)):
                return
            began = self._steady()
            yield packet
            # What takes long to be taken is no jump of the clock: the stream catches up.
            excused += self._steady() - began

    def _joined(self) -> Iterator[tuple[av.Packet, float]]:
        """The film's packets on one timeline, and its ticks a second."""
        stream, tick, rate = None, Fraction(1), 1.0
        offset = before = None
        for packet in self._feed.packets():
            if packet.stream is not stream:
                stream, ratio = packet.stream, tick / Fraction(packet.stream.time_base)
                tick, rate = tick / ratio, float(ratio / tick)
                offset, before = (one and round(one * ratio) for one in (offset, before))
            dts, pts = packet.dts, packet.pts
            if offset is None:
                offset = -min(dts, pts)
            elif not BACK <= (dts + offset - before) / rate <= AHEAD:
                offset = before + (packet.duration or 1) - dts
            before = packet.dts = dts + offset
            packet.pts = max(pts + offset, before)
            yield packet, rate
