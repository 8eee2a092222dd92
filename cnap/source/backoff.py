"""How long a camera that failed is left alone before it is tried again."""

import random

FIRST, LONGEST = 1.0, 60.0
LASTED = 30.0
"""Seconds that a camera must have sent video for, so that its next failure counts as the first."""


class Backoff:
    """1, 2, 4 … 60 seconds, for ever; each a little shorter by chance, so that a hundred cameras
    behind one switch are not all tried in the same instant."""

    def __init__(self) -> None:
        self._next = FIRST

    def after(self, lasted: float) -> float:
        """Seconds to wait after a try that gave video for `lasted` seconds."""
        if lasted >= LASTED:
            self._next = FIRST
        wait, self._next = self._next, min(2 * self._next, LONGEST)
        return wait * random.uniform(0.75, 1)

    @property
    def longest(self) -> bool:
        """Whether the waits don't grow any more."""
        return self._next >= LONGEST
