"""What a source does when the pipeline is slower than the camera: it asks for fewer frames.

Every stream decides for itself, by how long its own segments take; which is the same for all that
wait in one queue. Up by a number of frames, down by a share: so streams that compete come to equal
numbers of frames a second, whatever they began with (Chiu and Jain, 1989).
"""

QUICK, SLOW, BLOCKED = 1.5, 2.5, 5.0
"""Seconds from sending a segment to its outcome: up to QUICK more is asked for, beyond SLOW less,
and while one takes longer than BLOCKED, nothing."""
MOST_OUTSTANDING = 50
"""Segments, however short they are."""
UP, DOWN = 1.0, 0.7
"""Frames a second more, and the share that stays, after each second."""
SELDOM = 2.5
"""Seconds between two outcomes that count, at most: who sends seldom has few occasions to ask for
more, and would starve among others."""
CATCH_UP = 1.5
"""The share by which more is asked for below half of what was once too much: after an outage."""
USUAL_RATE, MOST_RATE = 25.0, 1000.0
LEAST_RATE = 1.0
"""Frames a second below which thinning doesn't go."""
LEAST_OFTEN = 8.0
"""Seconds in which one whole segment is sent, where none is thinned."""


class Pace:
    """`framerate` is what is wanted when nothing is slow; 0 where that is not known. `length` is a
    segment's, in seconds.

    Five of 25 frames a second are of more use than a hole of five seconds, so where frames are
    thinned (`thins`) segments are left out only when even that is too much. Else it is by whole
    segments that a stream keeps to its rate.
    """

    def __init__(self, framerate: float, length: float = 1.0, thins: bool = True) -> None:
        self.full = min(framerate or USUAL_RATE, MOST_RATE)
        self._thins, self._blocked = thins, max(BLOCKED, 2 * length)
        self._least = min(LEAST_RATE if thins else self.full * length / LEAST_OFTEN, self.full)
        self._rate = self._too_much = self.full
        self._adjusted = self._asked_at = float("-inf")
        self._credit = 0.0

    @property
    def behind(self) -> bool:
        return self._rate < self.full

    @property
    def rate(self) -> float:
        """Frames a second that the pipeline is taken to manage."""
        return self._rate

    @property
    def asked(self) -> float | None:
        """Frames a second to ask transcode for; None for all of a segment's."""
        return round(self._rate, 3) if self.behind and self._thins else None

    def took(self, seconds: float, now: float) -> None:
        """A segment has been taken, so long after it was sent."""
        self._adjust(seconds, now)

    def lets(self, frames: int, outstanding: int, oldest: float, now: float) -> bool:
        """Whether a segment may be sent now; `oldest` is for how many seconds the first of those
        that are outstanding has been so."""
        self._credit = min(self._rate, self._credit + (now - self._asked_at) * self._rate)
        self._asked_at = now
        if oldest >= self._blocked or outstanding >= MOST_OUTSTANDING:
            return False
        if oldest > SLOW:
            self._adjust(oldest, now)
        if not self.behind or self._thins:
            return True
        if self._credit < 0:
            return False
        self._credit -= frames
        return True

    def _adjust(self, latency: float, now: float) -> None:
        gone = now - self._adjusted
        self._adjusted = now
        if latency > SLOW:
            if self._rate > self._too_much / 2:
                self._too_much = self._rate
            self._rate = max(self._least, self._rate * DOWN ** min(1.0, gone))
        elif latency <= QUICK:
            more = self._rate + UP * min(SELDOM, gone)
            if self._rate < self._too_much / 2:
                more = max(more, self._rate * CATCH_UP ** min(1.0, gone))
            self._rate = min(self.full, more)
