"""MJPEG over HTTP: one endless answer, whose parts are pictures (multipart/x-mixed-replace)."""

import asyncio
import time
from collections.abc import Iterator

import av
from aiohttp import ClientResponse

from cnap.source.feeds.feed import CameraFailed
from cnap.source.feeds.web.client import Web
from cnap.source.feeds.web.failures import PATIENCE
from cnap.source.feeds.web.images import Images
from cnap.source.feeds.web.parts import Part, Parts

NEAR = 5.0
"""Seconds by which a camera's clock may differ from ours and is believed."""


class MjpegFeed:
    """Pictures as they come. Their time is when they began to come; where the camera stamps them
    (X-Timestamp, unix seconds: mjpg-streamer and what is built on it) and its clock is about ours,
    `zero` is by those stamps."""

    live = True
    framerate = 0.0

    def __init__(self, web: Web, answer: ClientResponse) -> None:
        """Raises CameraFailed."""
        self.zero: float | None = None
        self._web, self._answer = web, answer
        self._parts = Parts.of(answer)
        self._images = Images()
        self._began = time.time() - time.monotonic()
        self._start: float | None = None
        self._before = -1.0
        self._usual = 0.0
        self._first = self._next()
        self.stream = self._images.stream

    @property
    def note(self) -> str:
        return self._images.note

    def packets(self) -> Iterator[av.Packet]:
        """Raises CameraFailed, since a camera never ends by itself."""
        yield self._first
        while True:
            yield self._next()

    def close(self) -> None:
        self._web.close()

    def _next(self) -> av.Packet:
        while True:
            part = self._web.run(self._received())
            moment = self._moment(part)
            packet = self._images.packet(part.data, moment, self._usual)
            if packet is not None:
                self._usual = min(1.0, moment - self._before) if self._before >= 0 else 0.04
                self._before = moment
                return packet

    async def _received(self) -> Part:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._parts.next()
        except TimeoutError:
            raise CameraFailed(f"no whole picture within {PATIENCE:g} s") from None

    def _moment(self, part: Part) -> float:
        """Seconds on the timeline, which begins with the first picture."""
        arrived = self._began + part.began
        stamp = _stamp(part.headers.get("x-timestamp", ""), arrived)
        captured = arrived if stamp is None else stamp
        if self._start is None:
            self._start = captured
        self.zero = None if stamp is None else self._start
        return max(captured - self._start, self._before + 0.001)


def _stamp(text: str, arrived: float) -> float | None:
    """Unix seconds; None for what is none, such as the seconds since a camera was switched on."""
    try:
        stamp = float(text)
    except ValueError:
        return None
    return stamp if abs(stamp - arrived) < NEAR else None
