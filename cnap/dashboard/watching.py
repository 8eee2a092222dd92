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
FOR = timedelta(seconds=60)
"""How long a camera counts as watched once it was said."""
AGAIN = 20.0
"""Seconds after which it is said again."""
ASKED = 15.0
"""Seconds after a question for its video in which somebody watches."""
LOOK = 5.0
"""Seconds between two looks whether a watched camera has no models any more."""


class Watching:
    """Works only while somebody watches."""

    def __init__(self, kubernetes: Kubernetes, known: Known) -> None:
        self._kubernetes, self._known = kubernetes, known
        self._asked: dict[str, float] = {}
        self._told: dict[str, float] = {}
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
        while self._asked:
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
        due = [name for name in wanted if now - self._told.get(name, -AGAIN) >= AGAIN]
        if not due:
            return
        until = rfc3339(datetime.now(UTC) + FOR)
        found = await self._kubernetes.config_map(CONFIG_MAP)
        past = {name: None for name, told in found.data.items() if _is_past(told)}
        await self._kubernetes.patch_config_map(CONFIG_MAP, past | dict.fromkeys(due, until))
        self._told |= dict.fromkeys(due, now)


def _is_past(moment: str) -> bool:
    try:
        return datetime.fromisoformat(moment) < datetime.now(UTC)
    except (ValueError, TypeError):
        return True
