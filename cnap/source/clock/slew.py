"""An offset that changes slowly: times that are put right, never go back."""

from fractions import Fraction

STEEPEST = 10
"""A tenth of the time that passes is what times are moved by at most."""


class Slew:
    """What is to be added to a time (ticks), as a function of that time alone: so the order of
    frames stays, whatever the order they are decoded in. It is made of legs of a second or more,
    in each of which the offset changes evenly."""

    def __init__(self, start: int, end: int, offset: int, tick: Fraction) -> None:
        """In the first leg, the offset stays."""
        self._usual = round(1 / tick)
        self._start, self._end = start, end
        self._from = self._to = offset
        self._before = (start - 1, start, offset, offset)
        """The leg before: frames that are decoded later may be shown earlier."""

    @property
    def end(self) -> int:
        """The time from which on the offset may be told to change."""
        return self._end

    @property
    def now(self) -> int:
        """The offset at the end."""
        return self._to

    def at(self, time: int) -> int:
        if self._from == self._to and time >= self._start:
            return self._from
        if time >= self._start:
            return _between(time, self._start, self._end, self._from, self._to)
        return _between(time, *self._before)

    def go_on(self, time: int, offset: int, leap: bool = False) -> None:
        """Begins another leg at the end of this one, which `time` has passed: towards `offset`, and
        if it may `leap`, at once where that is far ahead."""
        self._before = (self._start, self._end, self._from, self._to)
        self._start, self._end = self._end, max(time, self._end) + self._usual
        self._from = self._to = offset if leap and offset > self._to + self._usual else self._to
        most = (self._end - self._start) // STEEPEST
        self._to += max(-most, min(most, offset - self._from))

    def rescale(self, ratio: Fraction) -> None:
        """From now on ticks are another unit, of which `ratio` make an old one."""
        self._usual, self._start, self._end, self._from, self._to = (
            round(value * ratio)
            for value in (self._usual, self._start, self._end, self._from, self._to)
        )
        self._before = tuple(round(value * ratio) for value in self._before)


def _between(time: int, start: int, end: int, low: int, high: int) -> int:
    if time >= end:
        return high
    if time <= start:
        return low
    return low + (high - low) * (time - start) // (end - start)
