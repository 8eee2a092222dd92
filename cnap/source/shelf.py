"""The segments a source has in the store, until nobody needs them."""

import contextlib
import time
from collections import deque
from dataclasses import dataclass

from cnap.errors import Unavailable
from cnap.events.identity import SegmentId
from cnap.stores import Store

VIEWED = 30.0
"""Seconds that segments are kept for those who watch."""


@dataclass
class _Segment:
    key: str
    id: SegmentId
    gop: tuple[int, int]
    """The epoch, and the sequence of the GOP's first segment."""
    since: float


class Shelf:
    """A segment stays while it is new, while its GOP goes on, and while a segment of its GOP or of
    an earlier one is still to be decoded."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._segments: deque[_Segment] = deque()

    def put(self, key: str, data: bytes, segment: SegmentId, gopstart: int) -> None:
        """Raises Unavailable where the store is full or away."""
        self._store.put(key, data)
        gop = (segment.epoch, gopstart)
        self._segments.append(_Segment(key, segment, gop, time.monotonic()))

    def clear_out(self, outstanding: int | None) -> None:
        """Deletes what nobody needs; `outstanding` is the first segment of the newest epoch that
        may still have to be decoded. Those of an earlier one have expired when nobody views them.
        """
        keys = []
        while self._segments and not self._needed(self._segments[0], outstanding):
            keys.append(self._segments.popleft().key)
        if keys:
            with contextlib.suppress(Unavailable):  # what stays, the janitor deletes
                self._store.delete(*keys)

    def clear(self) -> None:
        keys = [segment.key for segment in self._segments]
        self._segments.clear()
        with contextlib.suppress(Unavailable):  # as above
            self._store.delete(*keys)

    def _needed(self, segment: _Segment, outstanding: int | None) -> bool:
        if time.monotonic() - segment.since < VIEWED:
            return True
        newest = self._segments[-1]
        if outstanding is None:
            return segment.gop >= newest.gop
        oldest = newest.id.at(outstanding)
        return segment.gop >= next((s.gop for s in self._segments if s.id == oldest), newest.gop)
