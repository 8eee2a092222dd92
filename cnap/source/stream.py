"""One camera as a stream: segments into the store, events to the Broker, every frame counted."""

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from cnap.cameras import Camera
from cnap.errors import BadEvent, CnapError, Unavailable
from cnap.events.identity import SegmentId
from cnap.events.segment import SegmentEvent
from cnap.source.cutter import Cut, Cutter
from cnap.source.feeds import Feed, open_feed
from cnap.source.pace import Pace
from cnap.source.references import References
from cnap.source.shelf import Shelf
from cnap.source.sink import Sink
from cnap.source.totals import Totals
from cnap.stores import Store

log = logging.getLogger("cnap.source")

FRESH = timedelta(seconds=20)
"""Age at which a live frame is of no use to anybody."""
DRAINED = FRESH.total_seconds() + 5
"""Seconds after which everything outstanding has been inferred or has expired."""
LAST_WORDS = 900.0
"""Seconds for which an ended stream's totals are worth telling to a Broker that is away."""
SILENCE = 8.0
"""Seconds without a segment after which functions may have gone to zero."""
REPORT_EVERY = 1.0
RETRY_AFTER = 5.0
TOO_LATE = 5.0


class Stream:
    """Reads in a thread of its own, since reading video blocks; posts through the event loop."""

    def __init__(
        self,
        camera: Camera,
        store: Store,
        sink: Sink,
        problem: str = "",
        references: References | None = None,
    ) -> None:
        """`problem` is what is wrong with the camera although its video can be had."""
        self.camera, self.problem = camera, problem
        self._sink = sink
        self._references = references or References()
        self._shelf = Shelf(store)
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=camera.name, daemon=True)
        self._posts: set[asyncio.Task[None]] = set()
        self._begin(0.0)

    def start(self) -> None:
        self._thread.start()

    async def stop(
        self, state: str, reason: str, patience: float = DRAINED, last: float = LAST_WORDS
    ) -> None:
        """Ends the stream and tells so. What has no outcome after `patience` seconds is given up;
        returns when that is told, or after `last` seconds more."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join, 5)
        self._say(state, reason)
        await asyncio.sleep(0)  # what the thread asked for last begins now
        if self._posts:
            await asyncio.wait(self._posts, timeout=patience)
        for post in list(self._posts):
            post.cancel()
        await asyncio.to_thread(self._shelf.clear)
        self._totals.give_up()
        await self._report(self._totals, last)

    def _begin(self, framerate: float) -> None:
        """Starts a new epoch."""
        self._totals = Totals(self.camera, time.time_ns() // 1_000_000, framerate)
        wanted = self.camera.framerate or framerate
        self._pace = Pace(min(wanted, framerate or wanted))
        self._lost_gop = -1
        self._last_sent = self._last_report = float("-inf")
        self._excused = 0.0

    def _run(self) -> None:
        if self.camera.paused:
            self._say("paused")
        while not self._stopping.is_set() and not self.camera.paused:
            try:
                self._read()
                if not self._stopping.is_set():
                    self._say("ended", "the file is at its end")
                return
            except CnapError as error:
                self._say(getattr(error, "state", "offline"), str(error))
            except Exception:
                log.exception("%s: unexpected error", self.camera.name)
                self._say("offline", "unexpected error; the source's log has the cause")
            self._stopping.wait(RETRY_AFTER)

    def _read(self) -> None:
        url = self._references.resolve(self.camera.url)
        feed = open_feed(replace(self.camera, url=url))
        try:
            self._begin(feed.framerate)
            self._read_all(feed)
        finally:
            feed.close()

    def _read_all(self, feed: Feed) -> None:
        cutter = Cutter(feed.stream, self.camera.segment)
        shown = Fraction(0)
        for packet in feed.packets():
            # A coder can't send a frame before it was captured, nor those that refer to it.
            shown = max(shown, cutter.moment(packet))
            if not self._wait_until(float(shown)):
                return
            for cut in cutter.feed(packet):
                self._take(cut)
        for cut in cutter.end():
            self._take(cut)

    def _wait_until(self, seconds: float) -> bool:
        """Waits for the moment a live camera would have sent this; False when it is time to end."""
        ahead = self._totals.epoch / 1000 + seconds - time.time()
        if ahead >= 0:
            self._excused = 0.0
        if ahead < -TOO_LATE - self._excused:
            raise Unavailable("the clock jumped or the machine slept; the stream begins anew")
        return not self._stopping.wait(max(0.0, ahead))

    def _take(self, cut: Cut) -> None:
        began = time.monotonic()
        self._account(cut)
        # A store that is slow to answer is no jump of the clock: the stream catches up.
        self._excused += time.monotonic() - began

    def _account(self, cut: Cut) -> None:
        totals = self._totals
        captured = totals.capture(cut.framecount)
        rate = self._pace.rate(totals.outstanding)
        segment = SegmentId(self.camera.name, totals.epoch, cut.sequence)
        dataref = self._keep(segment, cut)
        if dataref is None:
            totals.drop("store unavailable", cut.framecount)
        elif not self.camera.models:
            self._say("live", "no model looks at this stream")
        elif rate == 0:
            self._say("degraded", "the pipeline is slower than the camera: segments are left out")
            totals.drop("behind", cut.framecount)
        else:
            slow = f"the pipeline is slower than the camera: {rate:g} frames/s" if rate else ""
            self._say("degraded" if rate else "live", slow)
            if cut.framecount:
                self._send(self._event(segment, cut, dataref, rate, captured))
        self._shelf.clear_out(totals.oldest)
        if totals.changed and time.monotonic() - self._last_report > REPORT_EVERY:
            self._report_soon()

    def _keep(self, segment: SegmentId, cut: Cut) -> str | None:
        """The segment's dataref; None where it, or one of its GOP before it, can't be stored."""
        if self._lost_gop == cut.gopstart:
            return None
        try:
            return self._shelf.put(segment, cut)
        except Unavailable as error:
            self._lost_gop = cut.gopstart  # what follows in this GOP can't be decoded without it
            self._say("degraded", str(error))
            return None

    def _event(
        self, segment: SegmentId, cut: Cut, dataref: str, rate: float | None, captured: int
    ) -> SegmentEvent:
        now = datetime.now(UTC)
        return SegmentEvent.of(
            segment,
            cut,
            dataref,
            models=self.camera.models,
            capturedframes=captured,
            framerate=self.camera.framerate,
            thinnedrate=rate,
            wake=time.monotonic() - self._last_sent > SILENCE,
            expirytime=now + FRESH,
            senttime=now,
        )

    def _send(self, event: SegmentEvent) -> None:
        self._last_sent = time.monotonic()
        self._totals.send(event.id.sequence, event.framecount)
        self._in_loop(self._post(event, self._totals))

    async def _post(self, event: SegmentEvent, totals: Totals) -> None:
        try:
            await self._sink.post(event.to_event())
        except BadEvent as error:
            log.error("%s", error)
            totals.drop("refused", event.framecount)
        totals.settle(event.id.sequence)
        if not self._thread.is_alive() and not totals.outstanding:
            self._report_soon()  # no segment comes any more with which it would be told

    def _say(self, state: str, reason: str = "") -> None:
        """A new state is told at once; a new reason, like new totals, with the next segment where
        there is one."""
        if self.problem and state in ("live", "degraded"):
            state, reason = "misconfigured", self.problem
        reason = self._references.hide(reason)
        if self._totals.say(state, reason):
            log.info("%s: %s%s", self.camera.name, state, reason and f": {reason}")
            self._report_soon()

    def _report_soon(self) -> None:
        self._last_report = time.monotonic()
        self._in_loop(self._report(self._totals, 30))

    async def _report(self, totals: Totals, patience: float) -> None:
        try:
            event = totals.told().to_event(datetime.now(UTC))
            await asyncio.wait_for(self._sink.post(event), patience)
        except (BadEvent, TimeoutError) as error:
            totals.changed = True
            log.warning("%s: its state could not be told: %r", self.camera.name, error)

    def _in_loop(self, work: Coroutine[None, None, None]) -> None:
        def begin() -> None:
            task = asyncio.ensure_future(work)
            self._posts.add(task)
            task.add_done_callback(self._posts.discard)

        self._loop.call_soon_threadsafe(begin)
