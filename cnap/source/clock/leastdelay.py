"""The least delay with which packets come: what is left of arrival times without the jitter."""

from fractions import Fraction

WINDOW = 4.0
"""Seconds of arrival, of which the least delay counts."""
WRONG = 0.1
"""Share of a window by which delays of a clock that goes wrong grow or shrink."""
SHRINKING, GROWING = 2, 3
"""Windows in a row till it is believed: a network may get slower for a while, but not faster."""


class LeastDelay:
    """In ticks. The least of the last window and of the one that goes on: it follows a clock that
    drifts, and a way that got longer, and no single packet can lead it astray for long."""

    def __init__(self, tick: Fraction) -> None:
        self._window = round(WINDOW / tick)
        self._limit = round(WINDOW * WRONG / tick)
        self._ends: int | None = None
        self._before: int | None = None
        self._now: int | None = None
        self._trend = 0

    def add(self, arrived: int, delay: int) -> bool:
        """Whether a window has ended with this packet."""
        if self._now is None or delay < self._now:
            self._now = delay
        if self._ends is None:
            self._ends = arrived + self._window
        if arrived < self._ends:
            return False
        self._turn()
        self._ends = arrived + self._window
        return True

    def _turn(self) -> None:
        if self._before is not None:
            change = self._now - self._before
            direction = (change > self._limit) - (change < -self._limit)
            same = direction and self._trend * direction >= 0
            self._trend = self._trend + direction if same else direction
        self._before, self._now = self._now, None

    @property
    def ticks(self) -> int:
        """0 where nothing has come yet."""
        if self._now is None or (self._before is not None and self._before < self._now):
            return self._before or 0
        return self._now

    @property
    def wrong(self) -> int:
        """1 for a clock that is too slow to be one, -1 for one too fast, else 0."""
        return (self._trend >= GROWING) - (self._trend <= -SHRINKING)

    def rescale(self, ratio: Fraction) -> None:
        """From now on ticks are another unit, of which `ratio` make an old one."""
        for name, value in vars(self).items():
            if name != "_trend" and value is not None:
                setattr(self, name, round(value * ratio))
