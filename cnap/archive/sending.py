"""Sending files through a pipeline: every frame gets a result or a counted failure."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from redis import asyncio as redis

from cnap.archive.awaited import Awaited, Result
from cnap.archive.committed import Committed, Outcomes
from cnap.archive.pieces import End, Input, Piece, pieces
from cnap.archive.summary import Summary
from cnap.errors import BadEvent, Unavailable
from cnap.events.attributes import rfc3339
from cnap.events.identity import SegmentId, frames_key
from cnap.events.segment import SegmentEvent
from cnap.events.state import StreamState
from cnap.source.cut.cutter import Cut
from cnap.source.sending.shelf import VIEWED, Shelf
from cnap.source.sending.sink import MaybeTaken, Sink
from cnap.stores import Store

log = logging.getLogger("cnap.send")
T = TypeVar("T")

IN_FLIGHT = 4
"""Segments: enough that decoding one and inferring another overlap."""
HELD = 64
"""Segments that are held back, at most, for one that was sent before them and is not done yet."""
PATIENCE = 120.0
"""Seconds to wait for a store or a Broker that is away."""
LAST_WORDS, LAST_WORDS_IN_HASTE = 30.0, 2.0
LAST_FRAMES = 0.5
"""Seconds in which what is being decoded when all is interrupted is written into the store."""


class Sending:
    """Sends files as one stream, in segments of `seconds` at least, `ahead` of them at a time.
    `say` is told in a sentence what goes wrong besides frames."""

    def __init__(
        self,
        stream: str,
        summary: Summary,
        store: Store,
        sink: Sink,
        database: redis.Redis,
        pace: str = "max",
        say: Callable[[str], None] = log.error,
        seconds: float = 1.0,
        ahead: int = IN_FLIGHT,
    ) -> None:
        self._stream, self._models, self._real = stream, tuple(summary.models), pace == "real"
        self._sink, self._redis, self._seconds = sink, database, seconds
        self._summary, self._say = summary, say
        self._store, self._shelf = store, Shelf(store, VIEWED if self._real else 0)
        self._epoch = time.time_ns() // 1_000_000
        self._captured = self._refused = 0
        self._places = asyncio.Semaphore(ahead)
        self._order: asyncio.Queue[Awaited | None] = asyncio.Queue(HELD)
        self._awaited: dict[int, Awaited] = {}
        """Sent, and not all outcomes have come yet; by sequence."""
        self._over = False
        # Files and the store are read and written in one thread, one thing after another.
        self._thread = ThreadPoolExecutor(1, stream)

    async def run(self, files: Iterable[Input], give: Callable[[Result], Awaitable[None]]) -> None:
        """Gives each model's result of each segment, in order, with its `file`: the result's data
        or, where there is none, the same with every frame failed or dropped. Nothing expires.

        What of a file can't be read is one failure more, with neither sequence nor index. Raises
        Unavailable when the Broker or the store is away too long; whatever ends it early, what it
        has stored is deleted.
        """
        began, whole = time.monotonic(), False
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    telling = tasks.create_task(self._tell("live", "", 0, LAST_WORDS))
                    reading = tasks.create_task(self._read_outcomes())
                    tasks.create_task(self._send_all(files, tasks))
                    await self._give_all(give)
                finally:
                    self._over = True
                telling.cancel()
                reading.cancel()
            whole = True
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        finally:
            self._summary.seconds = time.monotonic() - began
            await self._leave(whole)

    async def _leave(self, whole: bool) -> None:
        """Leaves nothing behind, nor what the pipeline made of segments whose end nobody awaits."""
        await self._aside(self._shelf.clear)
        if whole:
            await self._tell("ended", "all files are sent", 1, LAST_WORDS)
        else:
            await self._tell("ended", "interrupted", 1, LAST_WORDS_IN_HASTE)
            await asyncio.sleep(LAST_FRAMES if self._awaited else 0)
            await self._aside(self._delete_frames)
        self._thread.shutdown(wait=False)

    def _delete_frames(self) -> None:
        begun = SegmentId(self._stream, self._epoch, 0)
        with contextlib.suppress(Unavailable):  # what stays, the janitor deletes
            self._store.delete(*(frames_key(begun.at(sequence)) for sequence in self._awaited))

    async def _send_all(self, files: Iterable[Input], tasks: asyncio.TaskGroup) -> None:
        source = pieces(files, self._seconds)
        try:
            while what := await self._aside(next, source, None):
                if isinstance(what, End):
                    await self._order.put(Awaited(what, self._stream, self._models))
                else:
                    await self._send(what, tasks)
            await self._order.put(None)
        finally:
            self._thread.submit(source.close)

    async def _send(self, piece: Piece, tasks: asyncio.TaskGroup) -> None:
        cut = piece.cut
        if self._real:
            moment = self._epoch / 1000 + float(cut.start + cut.duration)
            await asyncio.sleep(max(0.0, moment - time.time()))
        complete = time.monotonic()
        if cut.framecount:
            await self._places.acquire()
        placed = time.monotonic()
        segment = SegmentId(self._stream, self._epoch, cut.sequence)
        dataref = await self._keep(segment, cut)
        self._captured += cut.framecount
        awaited = Awaited(piece.light(), self._stream, self._models)
        if cut.framecount:
            self._awaited[cut.sequence] = awaited
            event = SegmentEvent.of(
                segment,
                cut,
                dataref,
                models=self._models,
                capturedframes=self._captured,
                wake=self._captured == cut.framecount,
                senttime=datetime.now(UTC),
                timings={"store": time.monotonic() - placed, "queue": placed - complete},
            )
            tasks.create_task(self._post(event))
        await self._order.put(awaited)

    async def _keep(self, segment: SegmentId, cut: Cut) -> str:
        """Stores a segment, waiting for a store that is full or away; Unavailable in the end."""
        give_up = time.monotonic() + PATIENCE
        while True:
            await self._aside(self._shelf.clear_out, next(iter(self._awaited), None))
            try:
                return await self._aside(self._shelf.put, segment, cut)
            except Unavailable:
                if time.monotonic() > give_up:
                    raise
            await asyncio.sleep(0.5)

    async def _post(self, event: SegmentEvent) -> None:
        try:
            await self._sink.post(event.to_event(), PATIENCE)
        except BadEvent as error:
            if not self._refused:
                self._say(str(error))
            if not isinstance(error, MaybeTaken):  # else its outcome may still be counted
                self._refused += event.framecount
            about = {"failed": {"refused": event.framecount}, "dropped": {}}
            for model in self._models:
                self._take(Committed(event.id.sequence, model, about, None))

    async def _read_outcomes(self) -> None:
        outcomes = Outcomes(self._redis, self._stream, self._epoch)
        while not self._over:  # the client may swallow a cancellation
            for one in await outcomes.news():
                self._take(one)

    def _take(self, one: Committed) -> None:
        awaited = self._awaited.get(one.sequence)
        if awaited is None:
            return  # it has all its outcomes: this repeats one
        awaited.take(one)
        if awaited.done.is_set():
            del self._awaited[one.sequence]
            self._places.release()

    async def _give_all(self, give: Callable[[Result], Awaitable[None]]) -> None:
        while awaited := await self._order.get():
            await awaited.done.wait()
            for result in awaited.results:
                if result["sequence"] is not None:
                    self._summary.add(result)
                await give(result)
            self._summary.passed(awaited.what)
            if isinstance(awaited.what, End) and awaited.what.reason:
                self._say(str(awaited.what))

    async def _aside(self, function: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, function, *arguments)

    async def _tell(self, state: str, reason: str, revision: int, patience: float) -> None:
        now = datetime.now(UTC)
        told = StreamState(
            stream=self._stream,
            epoch=self._epoch,
            state=state,
            reason=reason,
            since=rfc3339(now),
            models=self._models,
            captured=self._captured,
            dropped={"refused": self._refused} if self._refused else {},
            revision=revision,
        )
        try:
            await asyncio.wait_for(self._sink.post(told.to_event(now)), patience)
        except (TimeoutError, BadEvent):
            self._say(f"the pipeline could not be told that {self._stream} is {state}")
