"""When to hand out what came too early: segments come whole, and streams are looked at evenly."""

from collections import deque

LAGS = 4
"""Segments that say how late the next may come."""
CATCH_UP = 0.08
"""Of the time that passes: by so much video is handed out faster that waits longer than it must."""
FAR = 2
"""Target durations by which waiting is wrong: a clock has jumped."""


class Evenly:
    """Times as far apart as frames are, and as early as they can be without a stop."""

    def __init__(self, target: float) -> None:
        self._far = FAR * target
        self._lags: deque[float] = deque(maxlen=LAGS)
        self._guessed = True
        self._offset: float | None = None
        self._last = 0.0

    @property
    def offset(self) -> float:
        """Seconds of time.monotonic() at which time 0 of the timeline is handed out."""
        return self._offset or 0.0

    def came(self, start: float, ready: float) -> None:
        """A segment that begins at `start` on the timeline was there at `ready` (seconds of
        time.monotonic(), as all that follows)."""
        lag = ready - start
        if self._offset is None or abs(lag - self._offset) > self._far:
            self._lags.clear()
            self._offset = lag
        elif self._guessed and self._lags:
            # The first was there already, nobody knows since when.
            self._lags.clear()
            self._guessed = False
        self._lags.append(lag)
        self._offset = max(self._offset, *self._lags)

    def due(self, time: float, now: float) -> float:
        """When what is at `time` on the timeline is handed out, seen from `now`: at once, where its
        time can't be. `came` was called before."""
        passed = max(0.0, time - self._last)
        self._last = time
        self._offset = max(max(self._lags), self._offset - CATCH_UP * passed)
        due = time + self._offset
        return due if due - now <= self._far else now
