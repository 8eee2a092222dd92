"""`GET /api/streams/{name}/segments` and `…/picture`: the video, one piece at a time."""

import math
import re

from aiohttp import web

from cnap.dashboard import metrics
from cnap.dashboard.pictures import Pictures
from cnap.dashboard.status import Status
from cnap.dashboard.tail import Tail
from cnap.dashboard.tails import Tails
from cnap.dashboard.watching import Watching
from cnap.errors import BadEvent, Missing
from cnap.events.attributes import MAX_SEQUENCE, stream_name
from cnap.events.identity import MAX_EPOCH

LONGEST_WAIT = 10.0
"""Seconds that an answer waits for something new."""


class Segments:
    def __init__(
        self, tails: Tails, pictures: Pictures, status: Status, watching: Watching
    ) -> None:
        self._tails, self._pictures, self._status = tails, pictures, status
        self._watching = watching

    async def segment(self, request: web.Request) -> web.Response:
        """The segment after `after`; 204 where there is none yet."""
        name = stream_name(request.match_info["name"])
        place, wait = _place(request), _wait(request)
        tail = self._tails.of(name)
        self._watching.asked(name)
        while True:
            segment = await tail.after(place, wait)
            if segment is None:
                return await self._nothing(tail)
            try:
                data = await tail.bytes(segment)
                break
            except Missing:  # deleted since: the viewer has fallen behind, and jumps
                tail.forget(segment)
                place, wait = None, 0
        metrics.VIDEO.labels(name).inc(len(data))
        return web.Response(
            body=data,
            content_type=segment.content_type,
            headers={
                "Cache-Control": "no-store",
                "Cnap-Epoch": str(segment.epoch),
                "Cnap-Sequence": str(segment.sequence),
                "Cnap-Gopstart": str(segment.gopstart),
            },
        )

    async def picture(self, request: web.Request) -> web.Response:
        """The JPEG after the one taken at `after`; 204 where there is none yet."""
        name = stream_name(request.match_info["name"])
        after, wait = _moment(request), _wait(request)
        self._watching.asked(name)
        picture = await self._pictures.after(name, after, wait)
        if picture is None:
            return await self._nothing(self._tails.of(name))
        metrics.VIDEO.labels(name).inc(len(picture.jpeg))
        return web.Response(
            body=picture.jpeg,
            content_type="image/jpeg",
            headers={"Cache-Control": "no-store", "Cnap-Time": f"{picture.time:.3f}"},
        )

    async def _nothing(self, tail: Tail) -> web.Response:
        if tail.empty:
            if tail.stream not in self._status.streams:
                await self._status.read()
            if tail.stream not in self._status.streams:
                raise Missing(f"there is no stream called {tail.stream}")
        return web.Response(status=204, headers={"Cache-Control": "no-store"})


def _place(request: web.Request) -> tuple[int, int] | None:
    given = request.query.get("after")
    if given is None:
        return None
    match = re.fullmatch(r"([0-9]{1,14})-([0-9]{1,10})", given)
    if not match or int(match[1]) > MAX_EPOCH or int(match[2]) > MAX_SEQUENCE:
        raise BadEvent(f"after must be EPOCH-SEQUENCE, not {given[:40]!r}")
    return int(match[1]), int(match[2])


def _moment(request: web.Request) -> float | None:
    given = request.query.get("after")
    if given is None:
        return None
    if not re.fullmatch(r"[0-9]{1,14}(\.[0-9]{1,6})?", given):
        raise BadEvent(f"after must be milliseconds since 1970, not {given[:40]!r}")
    return float(given)


def _wait(request: web.Request) -> float:
    given = request.query.get("wait", str(LONGEST_WAIT))
    try:
        wait = float(given)
    except ValueError:
        wait = math.nan
    if not 0 <= wait <= LONGEST_WAIT:
        raise BadEvent(f"wait must be seconds from 0 to {LONGEST_WAIT:g}, not {given[:20]!r}")
    return wait
