"""Segments of a stream that the store has, on their way to the Broker.

They wait while the pipeline has enough of the stream: only their events do, the bytes are stored.
All of it happens in the event loop.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cnap.cameras import Camera
from cnap.errors import BadEvent
from cnap.events.segment import SegmentEvent
from cnap.source.sending.pace import Pace
from cnap.source.sending.piece import BEHIND, EXPIRED, REFUSED, STOPPED, Piece
from cnap.source.sending.sink import MaybeTaken, NeverSent, Sink

log = logging.getLogger("cnap.source")

SILENCE = 8.0
"""Seconds without a segment after which functions may have gone to zero."""


class Posting:
    """At most `most` pieces wait. `idle` is called when none is on its way any more."""

    def __init__(self, camera: Camera, sink: Sink, most: int, idle: Callable[[], None]) -> None:
        self._camera, self._sink, self._most, self._idle = camera, sink, most, idle
        self._waiting: deque[Piece] = deque()
        self._sent: dict[Piece, float] = {}
        """The oldest first, with the moment at which it was sent."""
        self._posts: set[asyncio.Task[None]] = set()
        self._last_sent = float("-inf")
        self.left_out = float("-inf")
        """When a segment was last left out since the pipeline is slower."""
        self.pace = self._pace(0.0)

    def expect(self, framerate: float) -> None:
        """The camera sends so many frames a second; 0 where that is not known."""
        pace = self._pace(framerate)
        if pace.full != self.pace.full:
            self.pace = pace

    def _pace(self, framerate: float) -> Pace:
        wanted = self._camera.framerate or framerate
        full = min(wanted, framerate or wanted)
        return Pace(full, self._camera.segment, self._camera.behind == "thin")

    @property
    def sampled(self) -> bool:
        """Whether fewer frames are asked for than the camera sends."""
        return bool(self._camera.framerate) and self.pace.full >= self._camera.framerate

    @property
    def blocked(self) -> bool:
        """Whether pieces wait."""
        return bool(self._waiting)

    def pieces(self) -> list[Piece]:
        """All that wait or are on their way. Any thread may ask."""
        return [*self._sent.copy(), *self._waiting.copy()]

    def put(self, piece: Piece) -> None:
        """Takes a piece that the store has had just now."""
        piece.stored = time.monotonic()
        if piece.wanted and piece.cut.framecount:
            self._waiting.append(piece)
            self.pump()

    def pump(self) -> None:
        """Sends what may be sent now, and leaves out what is too much or too old."""
        now = time.monotonic()
        while self._waiting and now - self._waiting[0].since > self._camera.fresh:
            self._waiting.popleft().drop(EXPIRED)
        while self._waiting:
            oldest = now - next(iter(self._sent.values()), now)
            frames = self._waiting[0].cut.framecount
            if not self.pace.lets(frames, len(self._sent), oldest, now):
                break
            self._send(self._waiting.popleft(), now)
        while len(self._waiting) > self._most:
            newest = self._camera.behind == "newest"
            (self._waiting.pop() if newest else self._waiting.popleft()).drop(BEHIND)
            self.left_out = now

    async def end(self, patience: float) -> None:
        """Returns when nothing waits or is on its way any more, or after `patience` seconds: then
        what waits is left out, and what is on its way is given up."""
        give_up = time.monotonic() + patience
        while self._posts and time.monotonic() < give_up:
            left = give_up - time.monotonic()
            await asyncio.wait(self._posts, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        while self._waiting:
            self._waiting.popleft().drop(STOPPED)
        for post in list(self._posts):
            post.cancel()

    def _send(self, piece: Piece, now: float) -> None:
        event = self._event(piece, now)
        self._last_sent = self._sent[piece] = now
        post = asyncio.ensure_future(self._post(piece, event))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)

    async def _post(self, piece: Piece, event: SegmentEvent) -> None:
        sent = self._sent[piece]
        try:
            await self._sink.post(event.to_event(), fresh=self._camera.fresh)
            piece.totals.settle(piece.cut.framecount)
        except MaybeTaken as error:
            log.error("%s", error)
            piece.totals.settle(piece.cut.framecount)  # else they might be counted twice
        except BadEvent as error:
            log.error("%s", error)
            piece.drop(REFUSED)
        except NeverSent:
            piece.drop(EXPIRED)
        finally:
            del self._sent[piece]
        now = time.monotonic()
        self.pace.took(now - sent, now)
        self.pump()
        if not self._sent:
            self._idle()

    def _event(self, piece: Piece, now: float) -> SegmentEvent:
        clock = datetime.now(UTC)
        left = self._camera.fresh - (now - piece.since)
        return SegmentEvent.of(
            piece.id,
            piece.cut,
            piece.dataref,
            models=self._camera.models,
            capturedframes=piece.captured,
            framerate=self._camera.framerate,
            framesize=self._camera.size,
            thinnedrate=self.pace.asked,
            wake=now - self._last_sent > SILENCE,
            expirytime=clock + timedelta(seconds=left),
            senttime=clock,
            timings={"store": piece.stored - piece.since, "queue": now - piece.stored},
        )
