"""What the machine itself gives pictures of: its cameras and its screens, by FFmpeg's devices."""

import errno
import threading
import time
from collections import deque
from collections.abc import Iterator
from fractions import Fraction

import av

from cnap.pictures import Size
from cnap.source.feeds.feed import CameraFailed
from cnap.source.feeds.machine.encoder import TICKS, Encoder, within

CODED = {"h264", "hevc", "mjpeg"}
"""What cameras code themselves, and is sent as it comes."""
GOP = 2.0
PATIENCE = 10.0
"""Seconds without a picture, after which the device is taken to hang."""
POLL = 0.005
MOST_UNTIMED = 30
USUAL_RATE = 25.0


class GrabbedFeed:
    """A device's packets, with capture times of this machine's clock. Raw pictures are encoded,
    and not larger than anything looks at."""

    live = True

    def __init__(
        self,
        container: av.container.InputContainer,
        name: str,
        largest: Size | None,
        timed: bool = True,
    ) -> None:
        """`timed`: whether the device tells in unix time when a picture was taken. Else it was when
        it came; those that make up for late ones are left out, as they show the same."""
        self._container, self._name, self._has_times = container, name, timed
        self._came: int | None = None
        self._grabbed = container.streams.video[0]
        self._closed = threading.Event()
        self._base: int | None = None
        codec = self._grabbed.codec_context
        self._encoder = None
        self.stream = self._grabbed
        if codec.name not in CODED:
            size = within((codec.width, codec.height), largest)
            rate = Fraction(self.framerate).limit_denominator(1001)
            self._encoder = Encoder(size, rate, GOP)
            self.stream = self._encoder.stream

    @property
    def framerate(self) -> float:
        return float(self._grabbed.average_rate or self._grabbed.guessed_rate or USUAL_RATE)

    @property
    def zero(self) -> float | None:
        if self._base is None:
            return None
        began = float(self._base * self._grabbed.time_base)
        return began if self._has_times else began + time.time() - time.monotonic()

    def packets(self) -> Iterator[av.Packet]:
        """Raises CameraFailed, since a device never ends by itself."""
        try:
            for packet in self._timed():
                if self._base is None:
                    self._base = packet.pts
                packet.pts -= self._base
                yield from self._encoded(packet) if self._encoder else (self._own(packet),)
        finally:
            self._container.close()

    def close(self) -> None:
        self._closed.set()

    def _read(self) -> Iterator[av.Packet]:
        last = time.monotonic()
        while not self._closed.is_set():
            try:
                packet = next(self._container.demux(self._grabbed))
            except av.BlockingIOError:
                if time.monotonic() - last > PATIENCE:
                    raise CameraFailed(f"{self._name}: no picture for {PATIENCE:g} s") from None
                self._closed.wait(POLL)
                continue
            except (av.FFmpegError, StopIteration) as error:
                raise self._failed(error) from None
            last = time.monotonic()
            if packet.size and (self._has_times or self._is_new(packet, last)):
                yield packet

    def _is_new(self, packet: av.Packet, came: float) -> bool:
        """Gives the packet the time at which it came, by the clock that nobody sets."""
        packet.pts = round(came / self._grabbed.time_base)
        half = round(0.5 / self.framerate / self._grabbed.time_base)
        if self._came is not None and packet.pts - self._came < half:
            return False
        self._came = packet.pts
        return True

    def _timed(self) -> Iterator[av.Packet]:
        """Every packet with its time. FFmpeg has none for the first ones of a camera that encodes,
        which a decoder needs to begin with: they came in step, before the first that has one."""
        untimed = deque(maxlen=MOST_UNTIMED)
        step = round(1 / self.framerate / self._grabbed.time_base)
        for packet in self._read():
            if packet.pts is None:
                untimed.append(packet)
                continue
            for before, early in enumerate(untimed):
                early.pts = packet.pts - (len(untimed) - before) * step
                yield early
            untimed.clear()
            yield packet

    def _own(self, packet: av.Packet) -> av.Packet:
        """The packet with bytes of its own: the device's are gone when it is closed."""
        own = av.Packet(bytes(packet))
        own.stream, own.time_base = self.stream, packet.time_base
        own.pts = own.dts = packet.pts
        own.duration = round(1 / self.framerate / own.time_base)
        own.is_keyframe = packet.is_keyframe
        return own

    def _encoded(self, packet: av.Packet) -> Iterator[av.Packet]:
        try:
            frames = self._grabbed.codec_context.decode(packet)
        except av.FFmpegError:
            return  # a picture that came damaged; the next one is whole again
        for frame in frames:
            frame.pts = round(packet.pts * self._grabbed.time_base * TICKS)
            yield from self._encoder.packets(frame)

    def _failed(self, error: Exception) -> CameraFailed:
        if getattr(error, "errno", None) in (errno.ENODEV, errno.ENXIO):
            return CameraFailed(f"{self._name} was unplugged: plug it in again")
        reason = getattr(error, "strerror", None) or "it gives no pictures any more"
        return CameraFailed(f"{self._name} broke off: {reason}")
