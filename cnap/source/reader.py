"""The thread that reads one camera. It may block as long as it likes: nobody waits for it."""

import logging
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import av

from cnap.cameras import Camera
from cnap.demuxer import shows, too_large
from cnap.errors import BadMedia, CnapError
from cnap.source.backoff import Backoff
from cnap.source.clock.timeline import ClockJumped, Timeline
from cnap.source.condition import Finding
from cnap.source.cut.cutter import Cut
from cnap.source.cut.cutting import Cutting
from cnap.source.feeds import CameraFailed, Feed, Misconfigured, open_feed
from cnap.source.feeds.begun import Begun
from cnap.source.flood import Flood
from cnap.source.gathering import gathered
from cnap.source.losses import Losses
from cnap.source.references import References

if TYPE_CHECKING:
    from cnap.source.uploads import Uploads

log = logging.getLogger("cnap.source")

NO_KEY, FLOOD = "no key frame", "flood"
"""Why packets are left out before they are in a segment."""
SOON = 5.0
"""Seconds between two clocks that jumped, within which that counts as a failure."""


class Taker(Protocol):
    """Who takes what a reader reads. All of it is called in the reader's thread."""

    losses: Losses

    @property
    def rest(self) -> float:
        """Seconds by which packets may be fetched later than they come."""

    def begin(self, reader: "Reader", epoch: int, framerate: float) -> None: ...

    def take(self, reader: "Reader", cut: Cut) -> None: ...

    def leave_out(self, reader: "Reader", reason: str, frames: int) -> None: ...

    def changed(self) -> None:
        """Something happened that people should know at once."""


class Reader:
    """Opens the camera again and again until it is told to stop, or a film is over."""

    waits: str = ""
    """Why no video is no failure, where it isn't."""

    def __init__(
        self,
        camera: Camera,
        references: References,
        uploads: "Uploads | None",
        taker: Taker,
        after: int = 0,
    ) -> None:
        """Its epochs are later than `after`."""
        self._camera, self._references, self._uploads = camera, references, uploads
        self._taker = taker
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=camera.name, daemon=True)
        self._feed: Feed | None = None
        self._backoff, self._flood = Backoff(), Flood()
        self._epoch, self._frames, self._damaged = after, 0, 0
        self.live = True
        self._was_live = False
        self.failure: Finding | None = None
        """Why the last try failed, till video comes again."""
        self.over = False
        """Whether a film is at its end."""
        self.began = time.monotonic()
        """When the camera began to be opened."""
        self.opened: float | None = None
        self.first: float | None = None
        """When its first packet came."""
        self.came = self.passed = 0.0
        """When the newest packet came, and the newest one that something can be done with."""
        self.note = ""
        """What is odd about the camera, its clock or its key frames, for people, while it is."""
        self.rests = 0.0
        """Until when a film is not read on, to keep its own pace."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns at once; see `alive`."""
        self._stopping.set()
        if self._feed is not None and self.waits:
            self._feed.close()  # it would wait for ever

    @property
    def apart(self) -> float:
        """Seconds of video that come at once, in pieces."""
        return getattr(self._feed, "apart", 0.0)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def framed(self) -> bool:
        """Whether there was a frame that can be decoded."""
        return self._frames > 0

    @property
    def framerate(self) -> float:
        """Frames a second that came; 0 where that is not known yet."""
        seconds = self.passed - self.first if self.first else 0.0
        return (self._frames - 1) / seconds if seconds > 2 else 0.0

    def _run(self) -> None:
        while not self._stopping.is_set():
            wait = 0.0
            self.began, self.opened, self.first = time.monotonic(), None, None
            self._frames, self.note = 0, ""
            if self.failure:
                self.failure = self.failure.tried()
            try:
                self._read()
                self.over = not self._stopping.is_set()
                break
            except ClockJumped as error:
                self._taker.losses.see("clock", str(error))
                if self._lasted() < SOON:
                    wait = self._fail("offline", str(error))
            except BadMedia as error:
                wait = self._fail("misconfigured", str(error))
            except CnapError as error:
                wait = self._fail(getattr(error, "state", "offline"), str(error))
            except Exception as error:
                if self._stopping.is_set():
                    break  # nobody is there any more who would take what is read
                log.exception("%s: unexpected error", self._camera.name)
                words = f"unexpected error ({type(error).__name__}): the source's log has the cause"
                wait = self._fail("offline", words)
            self._stopping.wait(wait)
        self._taker.changed()

    def _fail(self, state: str, words: str) -> float:
        """Returns the seconds until the next try."""
        wait = self._backoff.after(self._lasted(), time.monotonic())
        nexttry = datetime.now(UTC) + timedelta(seconds=wait)
        failure = Finding(state, words, nexttry, self._backoff.every)
        if not failure.follows(self.failure):  # else it is known, and publish may sleep
            self.failure = failure
        self.opened = None
        self._taker.changed()
        return wait

    def _lasted(self) -> float:
        return self.came - self.first if self.first else 0.0

    def _read(self) -> None:
        url = self._references.resolve(self._camera.url)
        self._feed = feed = open_feed(replace(self._camera, url=url), self._uploads)
        try:
            self.live, self.waits = feed.live, getattr(feed, "waits", "")
            if self._stopping.is_set():
                return
            self.opened = time.monotonic()
            self._taker.changed()
            if self._was_live and not feed.live:
                raise CameraFailed("the camera has ended its video, and sends none since")
            self._was_live = feed.live
            packets = feed.packets()
            if getattr(feed, "waits_for_us", False):
                packets = gathered(packets, lambda: self._stopping.wait(self._taker.rest))
            if (first := next(packets, None)) is not None:
                self._read_all(Begun(feed, first, packets))
        finally:
            feed.close()

    def _read_all(self, feed: Begun) -> None:
        timeline = Timeline(feed, self._rest, after=self._epoch)
        cutting = Cutting(self._camera.segment, eager=self.live)
        try:
            for packet in timeline.packets():
                if self.first is None:
                    self._begin(timeline.epoch, feed.framerate)
                if self._passes(packet):
                    for cut in cutting.feed(packet):
                        self._taker.take(self, cut)
                    self._count(packet, cutting)
                notes = getattr(self._feed, "note", ""), timeline.note, cutting.note
                self.note = "; ".join(filter(None, notes))
                if self._stopping.is_set():
                    break
                if feed.whole:
                    for cut in cutting.end():
                        self._taker.take(self, cut)
        finally:
            for cut in cutting.end():
                self._taker.take(self, cut)

    def _begin(self, epoch: int, framerate: float) -> None:
        self._epoch = epoch
        self._taker.begin(self, epoch, framerate)
        self.first = self.came = self.passed = time.monotonic()
        self._stream = None

    def _passes(self, packet: av.Packet) -> bool:
        """Whether there is room for the packet: a camera may send more than is good for others."""
        if packet.stream is not self._stream:
            self._stream = packet.stream
            self._codec = _checked(packet.stream)
        self.came = time.monotonic()
        if not self.live or self._flood.passes(packet.size, packet.is_keyframe):
            return True
        self._taker.losses.see("flood", self._flood.words)
        self._taker.leave_out(self, FLOOD, shows(packet, self._codec))
        self._stopping.wait(self._flood.pause)
        return False

    def _count(self, packet: av.Packet, cutting: Cutting) -> None:
        if not cutting.begun:
            self._taker.leave_out(self, NO_KEY, shows(packet, self._codec))
            return
        self.passed = self.came
        self._frames += 1
        if self.failure or self._frames == 1:
            self.failure = None
            self._taker.changed()
        if packet.is_corrupt:
            self._damaged += 1
            words = f"packets are lost on the way: {self._damaged} frames came damaged"
            self._taker.losses.see("damaged", words)

    def _rest(self, seconds: float) -> bool:
        self.rests = time.monotonic() + seconds
        return self._stopping.wait(seconds) if seconds else self._stopping.is_set()


def _checked(stream: av.VideoStream) -> str:
    """The codec's name. Raises Misconfigured for a picture that nothing here would decode."""
    codec = stream.codec_context
    if words := too_large(codec.width, codec.height):
        raise Misconfigured(f"{words}: choose a smaller one at the camera")
    return codec.name
