"""Tells the source which cameras are watched that no model looks at: it uploads no others."""

import asyncio
import contextlib
import logging
import time
from datetime import UTC, datetime, timedelta

from cnap.dashboard.known import Known
from cnap.errors import CnapError
from cnap.events.attributes import rfc3339
from cnap.kubernetes import Kubernetes

log = logging.getLogger("cnap.dashboard")

CONFIG_MAP = "watched"
FOR = timedelta(seconds=30)
"""How long a camera counts as watched once it was said, unless it is taken back."""
AGAIN = 10.0
"""Seconds after which it is said again."""
ASKED = 12.0
"""Seconds after a question for its video in which somebody watches: an answer may wait for 10."""
LOOK = 5.0
"""Seconds between two looks whether a watched camera has no models any more."""


class Watching:
    """Works only while somebody watches."""

    def __init__(self, kubernetes: Kubernetes, known: Known) -> None:
        self._kubernetes, self._known = kubernetes, known
        self._asked: dict[str, float] = {}
        self._told: dict[str, tuple[float, str]] = {}
        """When each was said last, and until when it counts."""
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def asked(self, stream: str) -> None:
        """Somebody asks for its video."""
        if stream not in self._asked:
            self._news.set()
        self._asked[stream] = time.monotonic()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._tell_all())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _tell_all(self) -> None:
        while self._asked or self._told:
            self._news.clear()
            try:
                await self._tell()
            except CnapError as error:
                log.warning("who watches can't be told: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news.wait()
            since = time.monotonic() - ASKED
            self._asked = {name: at for name, at in self._asked.items() if at > since}

    async def _tell(self) -> None:
        await self._known.look()
        passive = {camera.name for camera in self._known.cameras if not camera.models}
        now = time.monotonic()
        wanted = passive & self._asked.keys()
        due = [name for name in wanted if name not in self._told or self._is_old(name, now)]
        over = self._told.keys() - wanted
        if not due and not over:
            return
        until = rfc3339(datetime.now(UTC) + FOR)
        found = await self._kubernetes.config_map(CONFIG_MAP)
        gone = [name for name, told in found.data.items() if _is_past(told)]
        # What another dashboard has said since stays: somebody watches there.
        gone += [name for name in over if found.data.get(name) == self._told[name][1]]
        change = dict.fromkeys(gone) | dict.fromkeys(due, until)
        if change:
            await self._kubernetes.patch_config_map(CONFIG_MAP, change)
        self._told = {name: told for name, told in self._told.items() if name in wanted}
        self._told |= dict.fromkeys(due, (now, until))

    def _is_old(self, name: str, now: float) -> bool:
        return now - self._told[name][0] >= AGAIN


def _is_past(moment: str) -> bool:
    try:
        return datetime.fromisoformat(moment) < datetime.now(UTC)
    except (ValueError, TypeError):
        return True
