"""The segments a source has in the store, until nobody needs them."""

import contextlib
import time
from collections import deque
from dataclasses import dataclass

from cnap.errors import Unavailable
from cnap.events.identity import SegmentId, segment_key
from cnap.events.segment import SUFFIXES
from cnap.source.cut.cutter import Cut
from cnap.stores import Store

VIEWED = 30.0
"""Seconds that segments are kept for those who watch."""


@dataclass
class _Segment:
    key: str
    id: SegmentId
    begins: int
    """The segment from which a decoder begins for this one."""
    since: float


class Shelf:
    """A segment stays while it is new, and while it is needed to decode one that is still to be
    decoded or is still to come. `viewed` is for how many seconds it is new. Of a stream that is
    only `shown`, nothing stays once none is new: nobody watches it any more."""

    def __init__(self, store: Store, viewed: float = VIEWED, shown: bool = False) -> None:
        self._store, self._viewed, self._shown = store, viewed, shown
        self._segments: deque[_Segment] = deque()

    def put(self, segment: SegmentId, cut: Cut) -> str:
        """Stores a segment; returns its `dataref`. Raises Unavailable where the store is full or
        away."""
        key = segment_key(segment, cut.gopstart, SUFFIXES[cut.datacontenttype])
        self._store.put(key, cut.data)
        begins = max(cut.gopstart, cut.decodefrom)
        self._segments.append(_Segment(key, segment, begins, time.monotonic()))
        return self._store.uri(key)

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
        now, newest = time.monotonic(), self._segments[-1]
        if now - segment.since < self._viewed:
            return True
        if self._shown and now - newest.since >= self._viewed:
            return False
        oldest = newest.id.at(outstanding) if outstanding is not None else newest.id
        # From the end: there is little between the oldest outstanding one and the newest.
        begins = (one.begins for one in reversed(self._segments) if one.id == oldest)
        return segment.id >= newest.id.at(next(begins, newest.begins))
