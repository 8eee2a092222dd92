"""The decoders of the streams that a replica saw last, and how they get to the next segment."""

import threading
import time
from collections import OrderedDict
from fractions import Fraction

from cnap.decoder import Gop, Shown
from cnap.errors import BadMedia
from cnap.events.segment import SegmentEvent
from cnap.stores import Store

PATIENCE = 0.25
"""Seconds that a segment which comes early waits for the one before it to come by itself."""


class _Stream:
    def __init__(self) -> None:
        self.turn = threading.Condition()
        self.gop: Gop | None = None
        self.gopstart = -1
        self.arriving: set[int] = set()


class Gops:
    """One decoder a stream, the least recently used dropped when there are more than `most`.

    Whatever this replica holds, it can show any segment: the earlier ones of the GOP, as far as
    they are needed, are in the store under keys that it can name.
    """

    def __init__(self, store: Store, most: int = 32) -> None:
        self._store, self._most = store, most
        self._streams: OrderedDict[tuple[str, int], _Stream] = OrderedDict()
        self._lock = threading.Lock()

    def show(self, segment: SegmentEvent) -> tuple[list[Shown], Fraction | None, float]:
        """The frames the segment's event accounts for, the shape of their pixels, and for how many
        seconds it waited for those before it.

        Raises BadMedia, Missing, Unavailable.
        """
        data = self._store.get(self._store.key(segment.dataref))
        stream = self._stream(segment)
        sequence = segment.id.sequence
        with self._lock:
            stream.arriving.add(sequence)
        came = time.perf_counter()
        with stream.turn:
            try:
                stream.turn.wait_for(lambda: not self._soon(stream, segment), PATIENCE)
                waited = time.perf_counter() - came
                gop = self._caught_up(stream, segment)
                shown = gop.show(
                    data,
                    segment.datacontenttype,
                    segment.heldback,
                    segment.framecount,
                    segment.gopend,
                )
                return shown, gop.aspect, waited
            finally:
                with self._lock:
                    stream.arriving.discard(sequence)
                stream.turn.notify_all()

    def _stream(self, segment: SegmentEvent) -> _Stream:
        with self._lock:
            key = (segment.id.stream, segment.id.epoch)
            stream = self._streams.setdefault(key, _Stream())
            self._streams.move_to_end(key)
            over = [one for one in self._streams if one[0] == key[0] and one[1] < key[1]]
            for one in over:
                del self._streams[one]
            while len(self._streams) > self._most:
                self._streams.popitem(last=False)
            return stream

    def _soon(self, stream: _Stream, segment: SegmentEvent) -> bool:
        """Whether the segment before this one is here too, waiting for its turn."""
        wanted = max(stream.gop.next if stream.gop else 0, segment.begins)
        with self._lock:
            return any(wanted <= other < segment.id.sequence for other in stream.arriving)

    def _caught_up(self, stream: _Stream, segment: SegmentEvent) -> Gop:
        """A decoder that has seen all of the GOP before this segment, or enough of it."""
        sequence, gop = segment.id.sequence, stream.gop
        late = gop is not None and sequence < gop.next
        another = gop is None or segment.gopstart != stream.gopstart
        if late or another or gop.next < segment.begins:
            gop = Gop(segment.begins)
        if not late:
            # One that comes late gets a decoder of its own, and leaves the stream's where it is.
            stream.gop, stream.gopstart = gop, segment.gopstart
        while gop.next < sequence:
            earlier = self._store.get(segment.key(gop.next))
            try:
                gop.skip(earlier, segment.datacontenttype)
            except BadMedia:
                continue  # it was counted when its own event came; what needs it will look broken
        return gop
