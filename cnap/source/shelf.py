"""The segments a source has in the store, until nobody needs them."""

import contextlib
import time
from collections import deque
from dataclasses import dataclass

from cnap.errors import Unavailable
from cnap.stores import Store

VIEWED = 30.0
"""Seconds that segments are kept for those who watch."""


@dataclass
class _Segment:
    key: str
    sequence: int
    gopstart: int
    since: float


class Shelf:
    """A segment stays while it is new, while its GOP goes on, and while a segment of its GOP or of
    an earlier one is still to be decoded."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._segments: deque[_Segment] = deque()

    def put(self, key: str, data: bytes, sequence: int, gopstart: int) -> None:
        """Raises Unavailable where the store is full or away."""
        self._store.put(key, data)
        self._segments.append(_Segment(key, sequence, gopstart, time.monotonic()))

    def clear_out(self, outstanding: int | None) -> None:
        """Deletes what nobody needs; `outstanding` is the first segment not decoded for sure."""
        while self._segments and not self._needed(self._segments[0], outstanding):
            with contextlib.suppress(Unavailable):  # what stays, the janitor deletes
                self._store.delete(self._segments.popleft().key)

    def clear(self) -> None:
        keys = [segment.key for segment in self._segments]
        self._segments.clear()
        with contextlib.suppress(Unavailable):  # as above
            self._store.delete(*keys)

    def _needed(self, segment: _Segment, outstanding: int | None) -> bool:
        if time.monotonic() - segment.since < VIEWED:
            return True
        first = self._segments[-1].gopstart if outstanding is None else self._gop(outstanding)
        return segment.gopstart >= min(first, self._segments[-1].gopstart)

    def _gop(self, sequence: int) -> int:
        return next((s.gopstart for s in self._segments if s.sequence == sequence), 0)
