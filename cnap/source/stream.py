"""One camera as a stream: read by a thread, sent by the event loop, with every frame counted."""

import asyncio
import contextlib
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from math import ceil

from cnap.cameras import Camera
from cnap.events.identity import SegmentId
from cnap.source.around import Around
from cnap.source.condition import Condition, Finding
from cnap.source.cut.cutter import Cut
from cnap.source.judgement import judged, longest_gap, lost
from cnap.source.losses import Losses
from cnap.source.reader import Reader
from cnap.source.reading import Reading
from cnap.source.sending.piece import Piece
from cnap.source.sending.posting import Posting
from cnap.source.sending.storing import Storing
from cnap.source.telling import Telling
from cnap.source.totals import Totals

log = logging.getLogger("cnap.source")

TICK = 1.0
TOLD_EVERY = 2.0
"""Seconds between two events about totals, or about a reason in other words."""
MOST_WAITING = 4.0
"""Seconds of video that wait for the store, and as many that wait for the pipeline."""
DRAINED = 5.0
"""Seconds after the last frame has expired, in which its outcome is known."""
LAST_WORDS = 900.0
"""Seconds for which an ended stream's totals are worth telling to a Broker that is away."""
REST, UNSEEN_REST = 0.05, 0.1
"""Seconds of video, at most, that wait in the kernel; more where nobody has use for it."""
READ_ON = 1.0
"""Seconds in which a reader that is to stop may give what it has read."""
EARLIER = 10_000
"""Milliseconds by which a stream's first epoch, which has no frames, is before its beginning: video
that comes soon may have been captured before."""


class Stream:
    """`problem` is what is wrong with the camera although its video can be had; the stream's epochs
    are later than `after`, and `hanging` are readers of this camera that did not stop."""

    def __init__(
        self,
        camera: Camera,
        around: Around,
        problem: str = "",
        after: int = 0,
        hanging: list[Reader] | None = None,
    ) -> None:
        self.camera, self.problem = camera, problem
        self._around = around
        self._loop = asyncio.get_running_loop()
        self.losses = Losses()
        self._condition = Condition(datetime.now(UTC))
        self._telling = Telling(camera.name, self._condition, around.sink, around.listed)
        most = max(1, ceil(MOST_WAITING / camera.segment))
        self._posting = Posting(camera, around.sink, most, self._idle)
        self._storing = Storing(
            camera,
            around.store,
            around.pool,
            most,
            self._posting.put,
            self._posting.pieces,
            self._look,
        )
        self._totals = Totals(camera, max(int(time.time() * 1000) - EARLIER, after + 1))
        self._earlier: list[Totals] = []
        self._reading = Reading(camera, self._make_reader, hanging)
        self._heard: dict[Reader, Totals] = {}
        """Readers whose frames count, with the totals of their epoch."""
        self._ended: Finding | None = None
        self._leaving: Reader | None = None
        self._watched = self._taken = self._told = float("-inf")
        self._shown = self._reworded = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def epoch(self) -> int:
        return self._totals.epoch

    @property
    def hanging(self) -> list[Reader]:
        return self._reading.hanging

    def start(self) -> None:
        self._telling.tell(self._totals)
        self._tick()

    def change(self, camera: Camera) -> None:
        """Pauses the camera, or goes on with it."""
        self.camera = replace(self.camera, paused=camera.paused)
        self._look()

    def watch(self, seconds: float) -> None:
        """Somebody watches for so long: segments are stored although no model wants them."""
        self._watched = time.monotonic() + seconds

    def leave(self, state: str, reason: str) -> None:
        """Stops to read: the first step of `stop`, which waits for nothing."""
        self._ended = Finding(state, reason)
        self._leaving = self._reading.reader or self._leaving
        self._reading.end()

    async def stop(
        self, state: str, reason: str, patience: float | None = None, last: float = LAST_WORDS
    ) -> None:
        """Ends the stream and tells so. What has no outcome after `patience` seconds is given up;
        returns when that is told, or after `last` seconds more."""
        patience = self.camera.fresh + DRAINED if patience is None else patience
        self.leave(state, reason)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(READ_ON, patience)):
                while self._leaving and self._leaving.alive:
                    await asyncio.sleep(0.01)
        self._heard.clear()
        self._look()
        give_up = time.monotonic() + patience
        while not self._storing.idle and time.monotonic() < give_up:
            await asyncio.sleep(0.05)
        await self._posting.end(give_up - time.monotonic())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._storing.clear(), max(patience, READ_ON))
        for totals in (*self._earlier, self._totals):
            totals.give_up()
            if totals.news(reading=False) and (self.camera.models or totals is self._totals):
                self._telling.tell(totals)
        await self._telling.end(last)
        if self._timer:
            self._timer.cancel()

    # What the reader calls, in its thread.

    @property
    def rest(self) -> float:
        unseen = not self.camera.models and time.monotonic() >= self._watched
        return UNSEEN_REST if unseen else min(REST, self.camera.segment / 20)

    def begin(self, reader: Reader, epoch: int, framerate: float) -> None:
        if reader is self._reading.reader:
            totals = self._heard[reader] = Totals(self.camera, epoch, framerate)
            self._loop.call_soon_threadsafe(self._begin, totals)

    def take(self, reader: Reader, cut: Cut) -> None:
        totals = self._heard.get(reader)
        if totals is None:
            return
        self._taken = time.monotonic()
        captured = totals.capture(cut.framecount)
        if not self.camera.models:
            totals.settle(cut.framecount)
            watched = self._taken < self._watched
            self._shown = watched and (self._shown or cut.sequence == cut.gopstart)
            if not self._shown:
                return
        place = SegmentId(self.camera.name, totals.epoch, cut.sequence)
        wanted = bool(self.camera.models)
        self._storing.put(Piece(place, cut, totals, captured, wanted, self._taken))

    def leave_out(self, reader: Reader, reason: str, frames: int) -> None:
        if frames and (totals := self._heard.get(reader)):
            totals.capture(frames)
            totals.drop(reason, frames)

    def changed(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over, and nobody is there to know
            self._loop.call_soon_threadsafe(self._look)

    # What happens in the event loop.

    def _begin(self, totals: Totals) -> None:
        self._telling.forget(self._totals)
        self._earlier.append(self._totals)
        self._totals = totals
        self._posting.expect(totals.framerate)
        self._telling.tell(totals)

    def _tick(self) -> None:
        self._timer = self._loop.call_later(TICK, self._tick)
        self._storing.tick()
        self._posting.pump()
        self._look()
        if time.monotonic() - self._told >= TOLD_EVERY:
            self._told = time.monotonic()
            self._report()

    def _report(self) -> None:
        """Tells what no change of state brings. Nobody counts on totals that no model is about, and
        publish may sleep."""
        if self._reworded:
            self._reworded = False
            self._telling.tell(self._totals)
        if not self.camera.models:
            self._earlier.clear()
            return
        silent = time.monotonic() - self._taken
        flowing = self._is_read() and silent < 2 * TOLD_EVERY + self.camera.segment
        for totals in (*self._earlier, self._totals):
            if totals.news(flowing and totals is self._totals):
                self._telling.tell(totals)
        self._earlier = [one for one in self._earlier if one.outstanding or one.news(False)]

    def _idle(self) -> None:
        if not self._is_read():
            self._report()

    def _is_read(self) -> bool:
        reader = self._reading.reader
        return reader is not None and reader.alive

    def _look(self) -> None:
        found = self._ended or self._found()
        found = found._replace(reason=self._around.references.hide(found.reason))
        if found == self._condition.found:
            return
        kept = found.state == self._condition.state
        self._condition.find(found, datetime.now(UTC))
        if kept and found.state in ("live", "degraded"):
            self._reworded = True
            return
        self._telling.tell(self._totals)
        log.info("%s: %s%s", self.camera.name, found.state, found.reason and f": {found.reason}")

    def _found(self) -> Finding:
        before, known = self._reading.reader, self._totals.framerate
        longest = longest_gap(before, known) if before else 0.0
        not_read = self._reading.follow(self.camera.paused, longest)
        reader = self._reading.reader
        if before and before is not reader:
            self._loop.call_later(READ_ON, self._heard.pop, before, None)
        if not_read:
            return not_read
        self._measure(reader)
        if reader.note:
            self.losses.see("note", reader.note)
        words = (lost(self._storing, self._posting, self._around.sink.trouble), self.losses.words())
        idle = "" if self.camera.models else "no model looks at this stream"
        return judged(reader, known, self.problem, "; ".join(filter(None, words)), idle)

    def _make_reader(self) -> Reader:
        around = self._around
        return Reader(self.camera, around.references, around.uploads, self, self._totals.epoch)

    def _measure(self, reader: Reader) -> None:
        """How many frames a second a camera sends that does not say so."""
        if not self._totals.framerate and reader.framerate:
            self._totals.framerate = reader.framerate
            self._posting.expect(reader.framerate)
