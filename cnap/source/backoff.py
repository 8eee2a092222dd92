"""How long a camera that failed is left alone before it is tried again."""

import math
import random

FIRST, LONGEST = 1.0, 60.0
LASTED = 30.0
"""Seconds that a camera must have sent video for, so that its next failure counts as the first."""
LEAST = 0.75
"""Each wait is a little shorter by chance, so that a hundred cameras behind one switch are not all
tried in the same instant."""


class Backoff:
    """1, 2, 4 … seconds, and then one try a minute, for ever."""

    def __init__(self) -> None:
        self._next = FIRST
        self._share = random.uniform(LEAST, 1)
        self._due: float | None = None
        self.every = 0.0
        """Seconds from one try to the next, where that is always the same by now: so who knows the
        instant of one knows that of each later one."""

    def after(self, lasted: float, now: float) -> float:
        """Seconds to wait after a try that gave video for `lasted` seconds; `now` is by a clock
        that nobody sets."""
        if lasted >= LASTED:
            self._next = FIRST
        if self._next < LONGEST:
            self.every, self._due = 0.0, None
            wait, self._next = self._next, min(2 * self._next, LONGEST)
            return wait * random.uniform(LEAST, 1)
        self.every = LONGEST * self._share
        due = now if self._due is None else self._due
        self._due = due + self.every * max(1, math.ceil((now - due) / self.every))
        return self._due - now
