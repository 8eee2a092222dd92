"""What a source does when the pipeline is slower than the camera: thin first, then drop."""

MOST_OUTSTANDING = 5
"""Segments sent whose outcome is not known yet."""
IDLE, COMFORTABLE = 1, 2
"""Up to so many outstanding more is asked for; then as much as before; then less."""
SLOWER, FASTER = 0.7, 1.08
"""A segment's effect shows only when it has been worked off: a quicker rise swings too far, and
whole segments are left out then (simulated: a third of them, at a tenth of the camera's rate)."""
USUAL_RATE, MOST_RATE = 25.0, 1000.0
LEAST_RATE = 1.0
"""Frames a second below which thinning doesn't go."""


class Pace:
    """Decides for each segment: all of its frames, some, or none.

    `framerate` is what is wanted when nothing is slow; 0 where that is not known. It is lowered
    and raised by a share, so that it settles near what the pipeline can do: 5 of 25 frames a second
    are of more use than a hole of five seconds.
    """

    def __init__(self, framerate: float) -> None:
        self._full = min(framerate or USUAL_RATE, MOST_RATE)
        self._share = 1.0

    @property
    def behind(self) -> bool:
        return self._share < 1

    def rate(self, outstanding: int) -> float | None:
        """Frames a second to ask for now; None for all of them, 0 for none: drop the segment."""
        if outstanding >= MOST_OUTSTANDING:
            self._share = max(LEAST_RATE / self._full, self._share * SLOWER)
            return 0.0
        if outstanding > COMFORTABLE:
            self._share = max(LEAST_RATE / self._full, self._share * SLOWER)
        elif outstanding <= IDLE:
            self._share = min(1.0, self._share * FASTER)
        return None if self._share >= 1 else round(self._share * self._full, 3)
