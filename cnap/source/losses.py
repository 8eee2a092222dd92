"""What a stream loses although its video comes: each kind of loss, in words, while it lasts."""

import time
from collections.abc import Callable

HELD = 5.0
"""Seconds for which a loss is told after it was last seen, so that no state flickers."""


class Losses:
    """Safe to use from several threads: each entry is replaced as a whole."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}

    def see(self, kind: str, words: str) -> None:
        self._known[kind] = (words, self._clock() + HELD)

    def words(self) -> str:
        """All that lasts, in the order in which it began."""
        now = self._clock()
        for kind, (_, until) in list(self._known.items()):
            if until < now:
                del self._known[kind]
        return "; ".join(words for words, _ in list(self._known.values()))
