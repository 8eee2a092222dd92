"""The video of an open connection: its packets, till the camera or we have enough of it."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import av
from av.stream import Discard

from cnap.demuxer import video_of
from cnap.errors import BadMedia
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.network.failures import SILENT
from cnap.source.feeds.network.parameters import Parameters
from cnap.source.feeds.network.senderclock import SenderClock
from cnap.source.feeds.times import begun

FASTEST = 240
"""Frames a second; what says more is a clock's rate and not a camera's."""


class LiveVideo:
    """The first video of a container that FFmpeg reads from a network.

    Packets are as they come: with the times that the camera gave them, which may be wrong or
    missing (but for the first ones, which FFmpeg forgets), and from before the first key frame
    too. Their `stream` is a copy, which outlives the connection; another one begins with the key
    frame that brings other parameter sets.

    FFmpeg's containers must not be closed while a thread reads from them: whoever reads when
    `close` is called closes it afterwards.
    """

    live = True

    def __init__(self, container: av.container.InputContainer, patience: float = math.inf) -> None:
        """Takes the container over. `patience` is how many seconds one packet may be waited for.
        Raises CameraFailed."""
        self._container, self._patience = container, patience
        self._turn = threading.Lock()
        self._closing = False
        self._clock = SenderClock()
        try:
            self._source = self._chosen()
            self._parameters = Parameters(self._source)
        except CameraFailed:
            container.close()
            raise
        self.stream = self._parameters.stream
        self._framerate = _framerate(self._source)
        self._packets = container.demux(self._source)

    @property
    def framerate(self) -> float:
        """Frames a second as the camera says, 0 where it doesn't."""
        return self._framerate

    @property
    def zero(self) -> float | None:
        """By the camera's sender reports: unix seconds of time 0, None before there was one."""
        return self._clock.zero

    def packets(self) -> Iterator[av.Packet]:
        """Ends where the connection was closed, by whomever. Raises av.FFmpegError, CameraFailed
        where nothing comes any more, and Misconfigured where the picture becomes too large."""
        return begun(self._read(), self.stream.codec_context.reorder_depth)

    def _read(self) -> Iterator[av.Packet]:
        began = time.monotonic()
        while (packet := self._next()) is not None:
            waited = time.monotonic() - began
            if packet.size:
                self._clock.read(packet)
                packet.stream = self.stream = self._parameters.of(packet)
                yield packet
            if waited >= self._patience:
                # FFmpeg gave up, and gives what it had kept of a picture: no sign of the camera's.
                raise CameraFailed(SILENT)
            began = time.monotonic()

    def go_on_with(self, stream: av.VideoStream) -> None:
        """Packets are those of a stream with the same parameters."""
        self.stream = self._parameters.stream = stream

    def close(self) -> None:
        self._closing = True
        if self._turn.acquire(blocking=False):
            try:
                self._container.close()
            finally:
                self._turn.release()

    @property
    def closed(self) -> bool:
        """Whether it was closed by us."""
        return self._closing

    def _next(self) -> av.Packet | None:
        with self._turn:
            packet = None
            # PyAV's at the end, where the camera began another medium since.
            with suppress(IndexError):
                packet = None if self._closing else next(self._packets, None)
            if self._closing:
                self._container.close()
                return None
            return packet

    def _chosen(self) -> av.VideoStream:
        try:
            video = video_of(self._container, "what the camera sends")
        except BadMedia as error:
            raise Misconfigured(f"{error}: choose another stream or size at the camera") from None
        for other in self._container.streams:
            if other is not video:
                other.discard = Discard.all
        return video


def _framerate(stream: av.VideoStream) -> float:
    for rate in (stream.average_rate, stream.codec_context.framerate):
        if rate and rate <= FASTEST:
            return float(rate)
    return 0.0
