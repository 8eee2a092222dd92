"""Video over HTTP as it comes: live transport streams, FLV, Matroska, bare H.264…, and films."""

import time
from collections.abc import Iterator

import av
from aiohttp import ClientResponse

from cnap.demuxer import LIMITS
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.network.failures import GONE, broken
from cnap.source.feeds.network.livevideo import LiveVideo
from cnap.source.feeds.times import dated
from cnap.source.feeds.web.client import CHUNK, Web

OPENING = 20.0
"""Seconds till there must be enough of it to know what it is."""
ENDLESS = 1 << 40
"""Bytes that are no film any more: some cameras must name a length."""
NO_WAY_BACK = (
    "the film can't be read from its beginning on: is its index at the end, and the server has no "
    "ranges? `ffmpeg -i FILE -c copy -movflags +faststart NEW.mp4` moves it"
)
# No playlists: they name other files. No other protocol than what is read here.
CONTAINERS = "mpegts,flv,live_flv,mov,matroska,webm,nut,mpeg,asf,avi,h264,hevc,ivf,ogg"
OPTIONS = LIMITS | {
    "format_whitelist": CONTAINERS,
    "protocol_whitelist": "none",
    "probesize": str(1 << 20),
    "analyzeduration": "500000",
    "fpsprobesize": "0",
    "max_streams": "256",
    "threads": "1",
}


class ProgressiveFeed:
    """An answer that is video. One with an end is a film, which is paced, and begins again at its
    end with `loop`."""

    def __init__(self, web: Web, answer: ClientResponse, loop: bool) -> None:
        """Takes both over. Raises CameraFailed."""
        self._web, self._loop, self._url = web, loop, answer.url
        length = answer.content_length
        self.live = length is None or length >= ENDLESS
        self.waits_for_us = self.live
        self._video = self._opened(answer)
        self.stream = self._video.stream

    @property
    def framerate(self) -> float:
        return self._video.framerate

    @property
    def zero(self) -> float | None:
        return None  # no clock that is in these containers tells the time of day

    def packets(self) -> Iterator[av.Packet]:
        """Of a film: with both times. Raises CameraFailed where it breaks off; only films end."""
        if self.live:
            yield from self._read()
            raise CameraFailed("the camera was closed" if self._video.closed else GONE)
        yield from dated(self._read())
        while self._loop and not self._video.closed:
            self._begin_again()
            yield from dated(self._read())

    def close(self) -> None:
        self._video.close()
        self._web.close()

    def _read(self) -> Iterator[av.Packet]:
        try:
            for packet in self._video.packets():
                self.stream = packet.stream
                yield packet
        except av.FFmpegError as error:
            if not self.live and isinstance(error, av.error.InvalidDataError):
                raise Misconfigured(NO_WAY_BACK) from None
            raise broken(error) from None

    def _begin_again(self) -> None:
        self._video.close()
        self._video = self._opened(self._web.run(self._web.get(self._url)))
        again = self._video.stream
        if again.codec_context.extradata == self.stream.codec_context.extradata:
            self._video.go_on_with(self.stream)

    def _opened(self, answer: ClientResponse) -> LiveVideo:
        body = Body(self._web, answer)
        try:
            container = av.open(body, options=OPTIONS, buffer_size=CHUNK, metadata_errors="replace")
        except av.FFmpegError:
            raise Misconfigured("what comes from the url is no video that can be read") from None
        body.deadline = None
        return LiveVideo(container)


class Body:
    """An answer's body as a file; what is ranged can be sought in, as a film with its index at the
    end must be."""

    def __init__(self, web: Web, answer: ClientResponse) -> None:
        self.deadline: float | None = time.monotonic() + OPENING
        self._web, self._answer, self._url = web, answer, answer.url
        self._place = self._next = 0
        self._size = answer.content_length
        self._ranged = answer.headers.get("Accept-Ranges") == "bytes"

    def read(self, size: int) -> bytes:
        """At most `size` bytes, as soon as there are any. Raises CameraFailed."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise CameraFailed(f"connected, but no picture came within {OPENING:g} s")
        if self._place != self._next:
            self._ask_from(self._place)
        data = self._web.run(self._answer.content.read(size))
        self._place = self._next = self._place + len(data)
        return data

    def seekable(self) -> bool:
        return self._ranged and self._size is not None

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0) -> int:
        """Asks for nothing yet: FFmpeg goes to the end only to know where it is."""
        self._place = offset + (0, self._place, self._size or 0)[whence]
        return self._place

    def _ask_from(self, place: int) -> None:
        self._answer.close()
        headers = {"Range": f"bytes={place}-"}
        self._answer = self._web.run(self._web.get(self._url, headers))
        if self._answer.status != 206:
            raise Misconfigured(NO_WAY_BACK)
