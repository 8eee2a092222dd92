"""A camera that gives one picture a request, asked again and again."""

import asyncio
import time
from collections.abc import Iterator

import av
from aiohttp import ClientResponse

from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.web.client import Web
from cnap.source.feeds.web.images import MOST_BYTES, Images

USUAL_RATE = 1.0
MOST_RATE = 30.0
MOST_FAILURES = 3
"""Requests in a row without an answer, after which the camera is away."""
VALIDATORS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}


class SnapshotFeed:
    """A frame a request. The same picture again is a frame again: what it shows is still so.

    Its time is when the answer began to come. Last-Modified is none: it knows whole seconds only,
    and is the same for every frame of a picture that stays.
    """

    live = True
    zero = None

    def __init__(self, web: Web, answer: ClientResponse, framerate: float | None) -> None:
        """`answer` is the first picture, `framerate` how many a second to ask for. Raises
        CameraFailed."""
        self._web = web
        self.framerate = min(framerate or USUAL_RATE, MOST_RATE)
        self._period = 1 / self.framerate
        self._images = Images()
        self._seen: dict[str, str] = {}
        self._picture = b""
        self._failures = 0
        self._began = self._due = time.monotonic()
        first = self._made(web.run(self._taken(answer)))
        while first is None:
            first = self._next()
        self._first, self.stream = first, self._images.stream

    @property
    def note(self) -> str:
        return self._images.note

    def packets(self) -> Iterator[av.Packet]:
        """Raises CameraFailed, since a camera never ends by itself."""
        yield self._first
        while True:
            if packet := self._next():
                yield packet

    def close(self) -> None:
        self._web.close()

    def _next(self) -> av.Packet | None:
        # One that answers slowly is asked less often: what is late is left out, not made up for.
        self._due = max(self._due + self._period, time.monotonic())
        return self._made(self._web.run(self._asked()))

    def _made(self, moment: float | None) -> av.Packet | None:
        if moment is None:
            return None
        return self._images.packet(self._picture, moment - self._began, self._period)

    async def _asked(self) -> float | None:
        await asyncio.sleep(max(0.0, self._due - time.monotonic()))
        try:
            return await self._taken(await self._web.get(self._web.url, self._seen))
        except Misconfigured:
            raise
        except CameraFailed:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                raise
            return None

    async def _taken(self, answer: ClientResponse) -> float:
        """Takes the picture, and says when it came."""
        moment = time.monotonic()
        if answer.status == 304 and self._picture:
            answer.release()
            self._failures = 0
            return moment
        self._picture = await self._web.read(answer, MOST_BYTES, "a picture")
        self._failures = 0
        self._seen = {
            ask: answer.headers[told] for told, ask in VALIDATORS.items() if told in answer.headers
        }
        return moment
