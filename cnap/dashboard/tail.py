"""The newest segments of one stream, followed while somebody watches it."""

import asyncio
import contextlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from cnap.errors import Missing, Unavailable
from cnap.events.identity import SegmentId, segment_key
from cnap.events.segment import SUFFIXES
from cnap.stores import Store

KEY = re.compile(r"segments/([a-z0-9-]+)/([0-9]{1,14})/([0-9]{10})-([0-9]{10})\.([a-z0-9]+)")
CONTENT_TYPES = {suffix: content_type for content_type, suffix in SUFFIXES.items()}
LEASE = 15.0
"""Seconds after the last question for which a stream is still followed."""
CACHED = 4
"""Segments of a stream whose bytes are kept for the other viewers."""
REFRESHED = 10
"""Segments in which a picture without key frames is whole again."""
MOST = 600
SURE = 1.0
"""Seconds without the segment that should come after which the whole folder is looked through."""


@dataclass(frozen=True, order=True)
class Segment:
    epoch: int
    sequence: int
    gopstart: int
    suffix: str

    @property
    def place(self) -> tuple[int, int]:
        return self.epoch, self.sequence

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.suffix]


class Tail:
    """One stream's segments in order: those of its newest epoch."""

    def __init__(self, stream: str, store: Store, came: Callable[[str, Segment], None]) -> None:
        self.stream, self._store, self._came = stream, store, came
        self._pause = 0.15 if store.url.startswith("s3:") else 0.05
        self._segments: list[Segment] = []
        self._bytes: OrderedDict[Segment, bytes] = OrderedDict()
        self._news = asyncio.Condition()
        self._trouble: Unavailable | None = None
        self._asked = time.monotonic()
        self._interval = 1.0
        self._looked = asyncio.Event()
        self._task = asyncio.create_task(self._follow())

    @property
    def wanted(self) -> bool:
        return time.monotonic() - self._asked < LEASE

    @property
    def empty(self) -> bool:
        return not self._segments

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def after(self, place: tuple[int, int] | None, wait: float) -> Segment | None:
        """The segment to play after the one at `place`; the start of the newest GOP where that is
        None or is too old. None if there is none within `wait` seconds. Raises Unavailable."""
        self._asked = time.monotonic()
        await self._looked.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait), self._news:
                while self._next(place) is None and self._trouble is None:
                    await self._news.wait()
        found = self._next(place)
        if found is None and self._trouble:
            raise self._trouble
        return found

    async def bytes(self, segment: Segment) -> bytes:
        """Raises Missing, Unavailable."""
        if segment not in self._bytes:
            data = await asyncio.to_thread(self._store.get, self._key(segment))
            self._remember(segment, bytes(data))
        return self._bytes[segment]

    def forget(self, segment: Segment) -> None:
        """It is not in the store any more, and so none is that came before it."""
        self._segments = [one for one in self._segments if one > segment]

    def _next(self, place: tuple[int, int] | None) -> Segment | None:
        if not self._segments:
            return None
        newest = self._segments[-1]
        if place is None or place[0] > newest.epoch:
            return self._gop_of(newest)
        following = next((one for one in self._segments if one.place > place), None)
        if following is None or following.place == (place[0], place[1] + 1):
            return following
        start = self._gop_of(newest)
        return start if start and start.place > place else None

    def _gop_of(self, newest: Segment) -> Segment | None:
        """Where to begin to play: the GOP's first segment, or one well before the newest, where the
        first is long gone: of a camera that refreshes its picture bit by bit."""
        gop = (newest.epoch, newest.gopstart)
        found = [one for one in self._segments if (one.epoch, one.gopstart) == gop]
        return found[0] if found[0].place == gop else found[-REFRESHED:][0]

    async def _follow(self) -> None:
        while True:
            try:
                fresh = await self._look()
                self._trouble = None
            except Unavailable as error:
                fresh, self._trouble = [], error
            self._looked.set()
            if fresh or self._trouble:
                async with self._news:
                    self._news.notify_all()
            if fresh:
                self._came(self.stream, fresh[-1])
            await asyncio.sleep(self._rest())

    _last = _searched = 0.0

    def _rest(self) -> float:
        """Until shortly before the next segment should come; then often; after a while, seldom."""
        if self._trouble:
            return SURE
        overdue = time.monotonic() - self._last - self._interval
        if overdue < -0.2 * self._interval:
            return -overdue - 0.2 * self._interval
        return self._pause if overdue < 2 * SURE else 4 * self._pause

    async def _look(self) -> list[Segment]:
        """The segments that came: the next one by its name, or whatever a listing shows."""
        now = time.monotonic()
        fresh = await self._look_ahead()
        if fresh:
            self._segments = [*self._segments, *fresh][-MOST:]
        elif now - max(self._last, self._searched) > SURE:
            self._searched = now
            fresh = await self._search()
        if fresh:
            if self._last and len(fresh) == 1:
                self._interval += 0.3 * (min(now - self._last, 10.0) - self._interval)
            self._last = now
        return fresh

    async def _search(self) -> list[Segment]:
        """Looks through the whole folder: what is not there any more is forgotten, too."""
        found = await asyncio.to_thread(self._list)
        known = self._segments[-1].place if self._segments else (-1, -1)
        self._segments = [one for one in found if one.epoch == found[-1].epoch]
        return [one for one in self._segments if one.place > known]

    async def _look_ahead(self) -> list[Segment]:
        if not self._segments:
            return []
        last = self._segments[-1]
        number = last.sequence + 1
        for gopstart in (last.gopstart, number):
            guess = Segment(last.epoch, number, gopstart, last.suffix)
            try:
                data = await asyncio.to_thread(self._store.get, self._key(guess))
            except Missing:
                continue
            self._remember(guess, bytes(data))
            return [guess]
        return []

    def _list(self) -> list[Segment]:
        matches = [KEY.fullmatch(one.key) for one in self._store.objects(self._prefix)]
        return sorted(
            Segment(int(match[2]), int(match[4]), int(match[3]), match[5])
            for match in matches
            if match and match[5] in CONTENT_TYPES
        )

    @property
    def _prefix(self) -> str:
        return f"segments/{self.stream}/"

    def _key(self, segment: Segment) -> str:
        place = SegmentId(self.stream, segment.epoch, segment.sequence)
        return segment_key(place, segment.gopstart, segment.suffix)

    def _remember(self, segment: Segment, data: bytes) -> None:
        self._bytes[segment] = data
        while len(self._bytes) > CACHED:
            self._bytes.popitem(last=False)
