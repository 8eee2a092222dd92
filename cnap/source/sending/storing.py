"""Segments of a stream on their way into the store.

The reader's thread puts them in and never waits; one after another is written by a thread of a
pool. Where the store is slower than the camera, or away, neither more than `most` nor more than
MOST_BYTES wait: what is more is left out, and counted.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import replace

from cnap.cameras import Camera
from cnap.errors import BadMedia, Unavailable
from cnap.source.sending.piece import AWAY, BEHIND, EXPIRED, STOPPED, UNFIT, Piece
from cnap.source.sending.shelf import VIEWED, Shelf
from cnap.stores import Store

log = logging.getLogger("cnap.source")

MOST_BYTES = 16 << 20
"""One segment may be more."""
FIRST_WAIT, LONGEST_WAIT = 0.25, 2.0
"""Seconds after which a store that is away is tried again."""
SWEPT_EVERY = 5.0


class Storing:
    """`stored` is called in the event loop with each piece that is in the store, `news` when its
    `trouble` changes, and `needed` from the pool: the pieces whose bytes are still to be read."""

    def __init__(
        self,
        camera: Camera,
        store: Store,
        pool: Executor,
        most: int,
        stored: Callable[[Piece], None],
        needed: Callable[[], Iterable[Piece]],
        news: Callable[[], None],
    ) -> None:
        self._camera, self._pool, self._most = camera, pool, most
        self._stored, self._needed, self._news = stored, needed, news
        viewed = max(VIEWED, camera.fresh + 10) if camera.models else VIEWED
        self._shelf = Shelf(store, viewed, shown=not camera.models)
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: deque[Piece] = deque()
        self._lost = (-1, -1)
        """The place of the newest segment that the store will never have."""
        self._cause = AWAY
        """Why it will not, and what needs it can't be decoded."""
        self._working: asyncio.Task[None] | None = None
        self._aside_now: asyncio.Future[None] | None = None
        self._closed = False
        self._swept = time.monotonic()
        self._epoch = 0  # till something is stored
        self.trouble = ""
        """Why the store takes nothing just now; empty while it does."""

    @property
    def idle(self) -> bool:
        return not self._waiting and self._working is None

    def put(self, piece: Piece) -> None:
        """Takes a piece. Called in the reader's thread."""
        with self._lock:
            if self._closed:
                return piece.drop(STOPPED)
            if piece.needs(self._lost):
                piece.drop(self._cause)
                if not piece.refreshes:
                    self._lost = piece.place
                    return None
            if self._is_full(piece) and not self._make_room(piece):
                return piece.drop(self._cause)
            self._waiting.append(piece)
        self._loop.call_soon_threadsafe(self._go_on)
        return None

    def _is_full(self, piece: Piece) -> bool:
        size = piece.cut.size + sum(one.cut.size for one in self._waiting)
        return len(self._waiting) >= self._most or (size > MOST_BYTES and bool(self._waiting))

    def _make_room(self, piece: Piece) -> bool:
        """Leaves out the oldest GOP, or else the rest of the one that comes: nothing after a gap
        can be decoded. Returns whether the piece may wait."""
        self._cause = AWAY if self.trouble else BEHIND
        oldest = self._waiting[0].gop
        if self._camera.behind == "newest" or oldest == piece.gop:
            self._lost = piece.place
            return False
        while self._waiting and self._waiting[0].gop == oldest:
            self._waiting.popleft().drop(self._cause)
        return True

    def tick(self) -> None:
        """Once a second: deletes what nobody needs, also where no segment comes any more."""
        due = self._epoch and time.monotonic() - self._swept > SWEPT_EVERY
        if due and self._working is None:
            self._go_on()

    async def clear(self) -> None:
        """Ends: what waits and what still comes is left out, and what is stored is deleted."""
        with self._lock:
            self._closed = True
        if self._working:
            self._working.cancel()
            await asyncio.wait({self._working})
        if self._aside_now:  # a thread knows of no cancelling, and what it stores must go too
            await asyncio.wait({self._aside_now})
        self.leave_out()
        await self._aside(self._shelf.clear)

    def leave_out(self) -> None:
        """Nothing that waits is wanted any more."""
        with self._lock:
            while self._waiting:
                self._waiting.popleft().drop(STOPPED)

    def _go_on(self) -> None:
        if self._working is None:
            self._working = asyncio.ensure_future(self._work())
            self._working.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._working = None
        if task.cancelled():
            return
        if task.exception():
            log.error("%s: unexpected error", self._camera.name, exc_info=task.exception())
        if self._waiting:
            self._go_on()

    async def _work(self) -> None:
        wait = FIRST_WAIT
        while piece := self._next():
            try:
                await self._aside(self._keep, piece)
            except Unavailable as error:
                with self._lock:
                    self._waiting.appendleft(piece)
                self._is_troubled(str(error))
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
                continue
            except BadMedia as error:
                log.error("%s: %s", self._camera.name, error)
                self._lose(piece, UNFIT)
                continue
            except asyncio.CancelledError:
                self._lose(piece, STOPPED)
                raise
            except Exception:
                self._lose(piece, UNFIT)
                raise
            wait = FIRST_WAIT
            self._is_troubled("")
            self._stored(piece)
        if time.monotonic() - self._swept > SWEPT_EVERY:
            await self._aside(self._sweep)

    def _is_troubled(self, words: str) -> None:
        if words != self.trouble:
            self.trouble = words
            self._news()

    def _next(self) -> Piece | None:
        """The oldest piece that is fresh."""
        while True:
            with self._lock:
                piece = self._waiting.popleft() if self._waiting else None
            if piece is None or time.monotonic() - piece.since <= self._camera.fresh:
                return piece
            self._lose(piece, EXPIRED)

    def _lose(self, piece: Piece, reason: str) -> None:
        """Leaves a piece out that the store has not, and with it what needs it."""
        with self._lock:
            piece.drop(reason)
            lost = piece.place
            for other in list(self._waiting):
                if other.needs(lost):
                    other.drop(reason)
                    if not other.refreshes:
                        self._waiting.remove(other)
                        lost = other.place
            if lost > self._lost:
                self._lost, self._cause = lost, reason

    async def _aside(self, work: Callable[..., None], *arguments: object) -> None:
        self._aside_now = self._loop.run_in_executor(self._pool, work, *arguments)
        await asyncio.shield(self._aside_now)

    def _keep(self, piece: Piece) -> None:
        """In a thread of the pool; one at a time, so the shelf needs no lock."""
        piece.dataref = self._shelf.put(piece.id, piece.cut)
        piece.cut = replace(piece.cut, media=b"")  # only the store is to hold the bytes
        self._epoch = piece.id.epoch
        self._sweep()

    def _sweep(self) -> None:
        self._swept = time.monotonic()
        needed = (one.id.sequence for one in self._needed() if one.id.epoch == self._epoch)
        self._shelf.clear_out(min(needed, default=None))
