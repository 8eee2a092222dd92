"""Sending files through a pipeline: every frame gets a result or a counted failure."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis import asyncio as redis

from cnap.errors import BadEvent, Unavailable
from cnap.events.attributes import rfc3339
from cnap.events.identity import SegmentId, segment_key
from cnap.events.segment import SUFFIXES, SegmentEvent
from cnap.events.state import StreamState
from cnap.pieces import Piece, pieces
from cnap.source.sink import Sink
from cnap.stores import Store

IN_FLIGHT = 4
"""Segments: enough that decoding one and inferring another overlap."""
REASON = 200
"""Characters of a reason, by the result's schema."""
PATIENCE = 120.0
"""Seconds to wait for a store or a Broker that is away."""


@dataclass
class Summary:
    """What became of everything; frames are counted once for each model."""

    segments: int = 0
    frames: int = 0
    inferred: int = 0
    dropped: int = 0
    failed: int = 0
    detections: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


class Sending:
    """Sends pieces as one stream, and gives each segment's outcome for each model, in order."""

    def __init__(
        self,
        stream: str,
        models: Sequence[str],
        store: Store,
        sink: Sink,
        database: redis.Redis,
        pace: str,
    ) -> None:
        self._stream, self._models, self._pace = stream, tuple(models), pace
        self._store, self._sink, self._redis = store, sink, database
        self._epoch = time.time_ns() // 1_000_000
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._sent: dict[int, Piece] = {}
        self._outcomes: dict[tuple[int, str], dict] = {}
        self._arrived = asyncio.Condition()
        self._captured = self._refused = 0
        self._complete = self._over = False
        self._used: list[str] = []
        self.summary = Summary()

    async def run(self, files: Sequence[Path]) -> AsyncIterator[dict]:
        """The outcomes' data, each with its `file`. Nothing is dropped and nothing expires."""
        began = time.monotonic()
        await self._tell("live", "", 0)
        reading = asyncio.create_task(self._read_outcomes())
        sending = asyncio.create_task(self._send_all(files))
        try:
            async for outcome in self._in_order(sending, reading):
                yield outcome
            await sending
        finally:
            self._over = True
            for task in (sending, reading):
                task.cancel()
            await asyncio.gather(sending, reading, return_exceptions=True)
            self.summary.seconds = time.monotonic() - began
            self._used += map(self._key, self._sent.values())  # where it was ended before its end
            self._clear()
            whole = self._complete and not self._sent
            await self._tell("ended", "all files are sent" if whole else "interrupted", 1)

    async def _send_all(self, files: Sequence[Path]) -> None:
        source = pieces(files, self.summary.problems)
        try:
            async with asyncio.TaskGroup() as tasks:
                while piece := await asyncio.to_thread(next, source, None):
                    if self._pace == "real":
                        end = self._epoch / 1000 + float(piece.cut.start + piece.cut.duration)
                        await asyncio.sleep(max(0.0, end - time.time()))
                    await self._places.acquire()
                    await self._send(piece, tasks)
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        finally:
            self._complete = True
            async with self._arrived:
                self._arrived.notify_all()

    async def _send(self, piece: Piece, tasks: asyncio.TaskGroup) -> None:
        await self._keep(self._key(piece), piece.cut.data)
        self._captured += piece.cut.framecount
        self._sent[piece.cut.sequence] = piece
        if piece.cut.framecount:
            tasks.create_task(self._post(self._event(piece), piece))
        else:
            self._places.release()

    async def _post(self, event: SegmentEvent, piece: Piece) -> None:
        try:
            await self._sink.post(event.to_event(), PATIENCE)
        except BadEvent as error:
            self.summary.problems.append(str(error))
            self._refused += event.framecount
            about = {"epoch": self._epoch, "sequence": event.id.sequence, "dropped": {}}
            for model in self._models:
                self._take(about | {"model": model, "failed": {"refused": event.framecount}}, None)
            async with self._arrived:
                self._arrived.notify_all()

    async def _keep(self, key: str, data: bytes) -> None:
        """Stores a segment, waiting for a store that is full or away; Unavailable in the end."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                return await asyncio.to_thread(self._store.put, key, data)
            except Unavailable:
                if time.monotonic() > give_up:
                    raise
            await asyncio.sleep(0.5)

    def _key(self, piece: Piece) -> str:
        segment = SegmentId(self._stream, self._epoch, piece.cut.sequence)
        return segment_key(segment, piece.cut.gopstart, SUFFIXES[piece.datacontenttype])

    def _event(self, piece: Piece) -> SegmentEvent:
        segment = SegmentId(self._stream, self._epoch, piece.cut.sequence)
        return SegmentEvent(
            id=segment,
            time=segment.began + timedelta(seconds=float(piece.cut.start)),
            datacontenttype=piece.datacontenttype,
            dataref=self._store.uri(self._key(piece)),
            framecount=piece.cut.framecount,
            gopstart=piece.cut.gopstart,
            gopend=piece.cut.gopend,
            heldback=piece.cut.heldback,
            models=self._models,
            capturedframes=self._captured,
            wake=segment.sequence == 0,
            senttime=datetime.now(UTC),
        )

    async def _read_outcomes(self) -> None:
        """Takes this epoch's outcomes from Redis as publish commits them."""
        results, drops = f"cnap:results:{self._stream}", f"cnap:drops:{self._stream}"
        # Entry ids are Redis' own milliseconds; older ones are of other epochs anyway.
        places = {results: "0", drops: "0"}
        while not self._over:  # the client may swallow a cancellation
            try:
                news = await self._redis.xread(places, block=1000, count=100)
            except redis.RedisError:
                await asyncio.sleep(0.5)  # publish waits for it too; nothing is lost meanwhile
                continue
            for key, entries in news:
                for place, entry in entries:
                    places[key] = place
                    self._take(json.loads(entry["about"]), entry.get("data"))
            async with self._arrived:
                self._arrived.notify_all()

    def _take(self, about: dict, data: str | None) -> None:
        if about["epoch"] != self._epoch:
            return
        outcome = json.loads(data) if data else about
        sequence, model = outcome["sequence"], outcome["model"]
        piece = self._sent[sequence]
        if data is None:
            outcome = self._without_result(piece, about)
        self._outcomes[sequence, model] = outcome | {"file": piece.file.name}
        if self._is_done(sequence, piece):
            self._places.release()

    def _without_result(self, piece: Piece, about: dict) -> dict:
        words = str(about.get("message", ""))[:REASON]
        reasons = [words or why for why, count in about["failed"].items() for _ in range(count)]
        data = {
            "stream": self._stream,
            "model": about["model"],
            "sequence": about["sequence"],
            "width": piece.size[0],
            "height": piece.size[1],
            "frames": [],
            "failed": [{"index": i, "reason": reason} for i, reason in enumerate(reasons)],
            "timings": {},
        }
        dropped = {reason: count for reason, count in about["dropped"].items() if count}
        return data | ({"dropped": dropped} if dropped else {})

    async def _in_order(
        self, sending: asyncio.Task[None], reading: asyncio.Task[None]
    ) -> AsyncIterator[dict]:
        sequence = 0
        while not (self._complete and sequence not in self._sent):
            piece = self._sent.get(sequence)
            if piece is None or not self._is_done(sequence, piece):
                for task in (sending, reading):
                    if task.done() and task.exception():
                        raise task.exception()
                async with self._arrived:
                    await self._arrived.wait()
                continue
            for model in self._models if piece.cut.framecount else ():
                outcome = self._outcomes.pop((sequence, model))
                self._count(outcome)
                yield outcome
            self._forget(piece)
            del self._sent[sequence]
            self.summary.segments += 1
            sequence += 1

    def _is_done(self, sequence: int, piece: Piece) -> bool:
        if not piece.cut.framecount:
            return True
        return all((sequence, model) in self._outcomes for model in self._models)

    def _count(self, outcome: dict) -> None:
        dropped = sum(outcome.get("dropped", {}).values())
        self.summary.inferred += len(outcome["frames"])
        self.summary.failed += len(outcome["failed"])
        self.summary.dropped += dropped
        self.summary.frames += len(outcome["frames"]) + len(outcome["failed"]) + dropped
        self.summary.detections += sum(len(frame["detections"]) for frame in outcome["frames"])

    def _forget(self, piece: Piece) -> None:
        """A GOP's segments go when its last one has been used."""
        self._used.append(self._key(piece))
        if piece.cut.gopend:
            self._clear()

    def _clear(self) -> None:
        with contextlib.suppress(Unavailable):  # with the next GOP then; in the end, the janitor
            self._store.delete(*self._used)
            self._used.clear()

    async def _tell(self, state: str, reason: str, revision: int) -> None:
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
            await asyncio.wait_for(self._sink.post(told.to_event(now)), 30)
        except (TimeoutError, BadEvent):
            self.summary.problems.append("the stream's state could not be told to the pipeline")
