"""JPEG pictures of streams whose codec a browser can't play; made only while somebody asks."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from cnap.dashboard.tail import LEASE, Segment
from cnap.dashboard.tails import Tails
from cnap.errors import CnapError

if TYPE_CHECKING:
    import av

    from cnap.decoder import Gop

log = logging.getLogger("cnap.dashboard")

RATE = 5
"""Pictures a second."""
WIDEST = 960
KEPT = 60
STILL = Fraction(1, 25)
"""Seconds from one still image to the next, as `cnap send` has it: their files tell no time."""
QUALITY = 75

# One at a time: pictures are a courtesy, and the functions need the machine more.
_worker = ThreadPoolExecutor(1, thread_name_prefix="pictures")


@dataclass(frozen=True)
class Picture:
    time: float
    """Capture time, milliseconds since 1970."""
    jpeg: bytes


class _Reel:
    """One stream's newest pictures."""

    def __init__(self, stream: str, tails: Tails, came: Callable[[str, Picture], None]) -> None:
        self.stream, self._tails, self._came = stream, tails, came
        self.pictures: deque[Picture] = deque(maxlen=KEPT)
        self.asked = time.monotonic()
        self.news = asyncio.Condition()
        self.trouble: CnapError | None = None
        self._gop: Gop | None = None
        self._gopstart = (-1, -1)
        self._slot = (-1, -1)
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        place = None
        while time.monotonic() - self.asked < LEASE:
            try:
                place = await self._step(place)
                self.trouble = None
            except CnapError as error:
                self.trouble = error
                await asyncio.sleep(1)
            async with self.news:
                self.news.notify_all()

    async def _step(self, place: tuple[int, int] | None) -> tuple[int, int] | None:
        tail = self._tails.of(self.stream)
        segment = await tail.after(place, 2)
        if segment is None:
            return place
        data = await tail.bytes(segment)
        made = await asyncio.get_running_loop().run_in_executor(
            _worker, self._pictures, segment, data
        )
        # A camera that starts anew may have a clock that was set back.
        if made and self.pictures and made[0].time < self.pictures[-1].time:
            self.pictures.clear()
        self.pictures.extend(made)
        if made:
            self._came(self.stream, made[-1])
        return segment.place

    def _pictures(self, segment: Segment, data: bytes) -> list[Picture]:
        from cnap.decoder import Gop
        from cnap.errors import BadMedia
        from cnap.stills import still

        if segment.content_type.startswith("image/"):
            moment = segment.epoch + 1000 * float(segment.sequence * STILL)
            return [Picture(moment, _jpeg(still(memoryview(data)), None))]
        start = (segment.epoch, segment.gopstart)
        if self._gop is None or self._gopstart != start:
            self._gop, self._gopstart = Gop(segment.gopstart), start
        try:
            frames = self._gop.watch(memoryview(data), segment.content_type)
        except BadMedia as error:
            log.info("%s: no pictures of segment %d: %s", self.stream, segment.sequence, error)
            return []
        slots = {(segment.epoch, int(frame.time * RATE)): frame for frame in reversed(frames)}
        # Segments end anywhere in a slot.
        slots.pop(self._slot, None)
        self._slot = max(slots, default=self._slot)
        return [
            Picture(segment.epoch + float(frame.time) * 1000, _jpeg(frame, self._gop.aspect))
            for _, frame in sorted(slots.items())
        ]


class Pictures:
    """`came(stream, picture)` is called with the newest of the pictures that were made."""

    def __init__(self, tails: Tails, came: Callable[[str, Picture], None]) -> None:
        self._tails, self._came = tails, came
        self._reels: dict[str, _Reel] = {}

    async def after(self, stream: str, moment: float | None, wait: float) -> Picture | None:
        """The first picture taken after `moment`, or the newest. Raises CnapError."""
        reel = self._reels.get(stream)
        if reel is None or reel.task.done():
            self._reels = {name: one for name, one in self._reels.items() if not one.task.done()}
            reel = self._reels[stream] = _Reel(stream, self._tails, self._came)
        reel.asked = time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait), reel.news:
                while _after(reel, moment) is None and reel.trouble is None:
                    await reel.news.wait()
        found = _after(reel, moment)
        if found is None and reel.trouble:
            raise reel.trouble
        return found

    async def stop(self) -> None:
        for reel in self._reels.values():
            reel.task.cancel()
        await asyncio.gather(*(one.task for one in self._reels.values()), return_exceptions=True)


def _after(reel: _Reel, moment: float | None) -> Picture | None:
    if not reel.pictures:
        return None
    if moment is None or moment > reel.pictures[-1].time + 60_000:
        return reel.pictures[-1]
    return next((one for one in reel.pictures if one.time > moment), None)


def _jpeg(frame: "av.VideoFrame", aspect: object) -> bytes:
    from cnap.pictures import Scaler, displayed_size, fitting, jpeg

    width, height = displayed_size(frame, aspect)
    scale = min(1.0, WIDEST / width)
    size = fitting([(max(2, round(width * scale)), max(2, round(height * scale)))])
    return jpeg(Scaler().nv12(frame, size), QUALITY)
