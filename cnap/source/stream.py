"""One camera as a stream: segments into the store, events to the Broker, every frame counted."""

import asyncio
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cnap.cameras import Camera
from cnap.errors import BadEvent, CnapError, Unavailable
from cnap.events.attributes import rfc3339
from cnap.events.identity import SegmentId, segment_key
from cnap.events.segment import SegmentEvent
from cnap.events.state import StreamState
from cnap.source.camera import open_camera
from cnap.source.cutter import Cut, Cutter
from cnap.source.pace import Pace
from cnap.source.sink import Sink
from cnap.stores import Store

log = logging.getLogger("cnap.source")

FRESH = timedelta(seconds=20)
"""Age at which a live frame is of no use to anybody."""
VIEWED = 30.0
"""Seconds that segments are kept for those who watch."""
SILENCE = 8.0
"""Seconds without a segment after which functions may have gone to zero."""
REPORT_EVERY = 1.0
RETRY_AFTER = 5.0
TOO_LATE = 5.0


@dataclass
class _Kept:
    key: str
    sequence: int
    gopstart: int
    since: float


class Stream:
    """Runs in a thread of its own, since reading video blocks; posts through the event loop."""

    def __init__(self, camera: Camera, store: Store, sink: Sink) -> None:
        self.camera = camera
        self._store, self._sink = store, sink
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=camera.name, daemon=True)
        self._posts: set[asyncio.Future[None]] = set()
        self._kept: deque[_Kept] = deque()
        self._state, self._reason, self._since = "connecting", "", datetime.now(UTC)
        self._revision = 0
        self._begin(0.0)

    def start(self) -> None:
        self._thread.start()

    async def stop(self, state: str, reason: str) -> None:
        """Ends the stream; waits a little for what is outstanding, then tells the last totals."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join, 5)
        if self._posts:
            await asyncio.wait(self._posts, timeout=1)
        self._say(state, reason)
        await self._report(within=1)
        for post in list(self._posts):
            post.cancel()
        await asyncio.to_thread(self._forget, True)

    def _begin(self, framerate: float) -> None:
        self._epoch = time.time_ns() // 1_000_000
        self._framerate = framerate
        self._pace = Pace(framerate)
        self._captured = 0
        self._outstanding: dict[int, int] = {}
        self._dropped: dict[str, int] = {}
        self._broken_gop = -1
        self._last_sent = float("-inf")
        self._reported = 0.0

    def _run(self) -> None:
        if self.camera.paused:
            self._say("paused", "")
            self._report_soon()
            return
        while not self._stopping.is_set():
            try:
                self._read()
                if not self._stopping.is_set():
                    self._say("ended", "the file is at its end")
                    self._report_soon()
                return
            except CnapError as error:
                self._say("failed", str(error))
            except Exception:
                log.exception("%s: unexpected error", self.camera.name)
                self._say("failed", "unexpected error; the source's log has the cause")
            self._report_soon()
            self._stopping.wait(RETRY_AFTER)

    def _read(self) -> None:
        camera = open_camera(self.camera.url, self.camera.loop)
        try:
            with self._lock:
                self._begin(camera.framerate)
            cutter = Cutter(camera.stream, self.camera.segment)
            shown, offset = 0, None
            for packet in camera.packets():
                offset = -min(packet.dts, packet.pts) if offset is None else offset
                shown = max(shown, packet.pts + offset)
                if not self._wait_until(float(shown * camera.stream.time_base)):
                    return
                for cut in cutter.feed(packet):
                    self._take(cut)
            for cut in cutter.end():
                self._take(cut)
        finally:
            camera.close()

    def _wait_until(self, seconds: float) -> bool:
        """Waits for the moment a live camera would have sent this; False when it is time to end."""
        ahead = self._epoch / 1000 + seconds - time.time()
        if ahead < -TOO_LATE:
            raise Unavailable("the clock jumped or the machine slept; the stream begins anew")
        return not self._stopping.wait(max(0.0, ahead))

    def _take(self, cut: Cut) -> None:
        segment = SegmentId(self.camera.name, self._epoch, cut.sequence)
        key = segment_key(segment, cut.gopstart, "mp4")
        with self._lock:
            self._captured += cut.framecount
            rate = self._pace.rate(len(self._outstanding))
        try:
            if self._broken_gop != cut.gopstart:
                self._store.put(key, cut.data)
                self._kept.append(_Kept(key, cut.sequence, cut.gopstart, time.monotonic()))
        except Unavailable as error:
            # What comes after it in this GOP can't be decoded without it.
            self._broken_gop = cut.gopstart
            self._say("behind", str(error))
        if self._broken_gop == cut.gopstart:
            self._drop("store unavailable", cut.framecount)
        elif rate == 0:
            self._say("behind", "the pipeline is slower than the camera: segments are left out")
            self._drop("behind", cut.framecount)
        elif cut.framecount and self.camera.models:
            self._send(self._event(segment, cut, self._store.uri(key), rate))
            if self._pace.behind:
                self._say("behind", f"the pipeline is slower than the camera: {rate:g} frames/s")
            else:
                self._say("live", "")
        else:
            self._say("live", "" if self.camera.models else "no model looks at this stream")
        self._forget()
        if time.monotonic() - self._reported > REPORT_EVERY and (self._changed or self._dropped):
            self._report_soon()

    def _event(
        self, segment: SegmentId, cut: Cut, dataref: str, rate: float | None
    ) -> SegmentEvent:
        silent = time.monotonic() - self._last_sent > SILENCE
        now = datetime.now(UTC)
        return SegmentEvent(
            id=segment,
            time=segment.began + timedelta(seconds=float(cut.start)),
            datacontenttype="video/mp4",
            dataref=dataref,
            framecount=cut.framecount,
            gopstart=cut.gopstart,
            gopend=cut.gopend,
            heldback=cut.heldback,
            models=self.camera.models,
            capturedframes=self._captured,
            framerate=self.camera.framerate,
            thinnedrate=rate,
            wake=silent,
            expirytime=now + FRESH,
            senttime=now,
        )

    def _send(self, event: SegmentEvent) -> None:
        self._last_sent = time.monotonic()
        with self._lock:
            self._outstanding[event.id.sequence] = event.framecount
        self._in_loop(self._post(event))

    async def _post(self, event: SegmentEvent) -> None:
        try:
            await self._sink.post(event.to_event())
        except BadEvent as error:
            log.error("%s", error)
            self._drop("refused", event.framecount)
        with self._lock:
            if event.id.epoch == self._epoch:
                self._outstanding.pop(event.id.sequence, None)

    def _drop(self, reason: str, frames: int) -> None:
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + frames
            self._changed = True

    def _say(self, state: str, reason: str) -> None:
        if (state, reason) == (self._state, self._reason):
            return
        if state != self._state:
            self._since = datetime.now(UTC)
            log.info("%s: %s%s", self.camera.name, state, reason and f": {reason}")
        self._state, self._reason, self._changed = state, reason, True

    _changed = True

    def _report_soon(self) -> None:
        self._in_loop(self._report())

    async def _report(self, within: float = 30) -> None:
        with self._lock:
            self._reported, self._changed = time.monotonic(), False
            self._revision += 1
            state = StreamState(
                stream=self.camera.name,
                epoch=self._epoch,
                state=self._state,
                reason=self._reason,
                since=rfc3339(self._since),
                models=self.camera.models,
                captured=self._captured,
                outstanding=sum(self._outstanding.values()),
                dropped=dict(self._dropped),
                revision=self._revision,
                framerate=round(self._framerate, 3),
            )
        try:
            await asyncio.wait_for(self._sink.post(state.to_event(datetime.now(UTC))), within)
        except (BadEvent, TimeoutError) as error:
            log.warning("%s: its state could not be told: %s", self.camera.name, error)

    def _in_loop(self, work: "asyncio._CoroutineLike[None]") -> None:
        def begin() -> None:
            task = asyncio.ensure_future(work)
            self._posts.add(task)
            task.add_done_callback(self._posts.discard)

        self._loop.call_soon_threadsafe(begin)

    def _forget(self, everything: bool = False) -> None:
        """Deletes segments that nobody needs: old enough, their GOP over and all of it used."""
        with self._lock:
            used = min(self._outstanding, default=None)
        current = self._kept[-1].gopstart if self._kept else 0
        while self._kept:
            oldest = self._kept[0]
            needed = (
                time.monotonic() - oldest.since < VIEWED
                or oldest.gopstart == current
                or (used is not None and self._gop_of(used) <= oldest.gopstart)
            )
            if needed and not everything:
                return
            try:
                self._store.delete(oldest.key)
            except Unavailable:
                return  # the janitor will
            self._kept.popleft()

    def _gop_of(self, sequence: int) -> int:
        return next((kept.gopstart for kept in self._kept if kept.sequence == sequence), 0)
