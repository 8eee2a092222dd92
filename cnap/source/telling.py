"""Telling publish, by state events, how a stream is and what its source left out."""

import asyncio
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime

from cnap.errors import BadEvent
from cnap.source.condition import Condition
from cnap.source.sending.sink import Sink
from cnap.source.totals import Totals

log = logging.getLogger("cnap.source")

GAP = 0.3
"""Seconds between two events, at least, however fast a state changes."""
ANSWERED = 10.0
"""Seconds after which a Broker that does not answer is told anew: more may have happened."""


class Telling:
    """One event at a time, and always the newest: what changes while one is on its way is told by
    the next. Events only ever say totals, so none of them must arrive."""

    def __init__(self, stream: str, condition: Condition, sink: Sink, listed: bool) -> None:
        self._stream, self._condition, self._sink = stream, condition, sink
        self._listed = listed
        self._due: dict[Totals, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._last = float("-inf")

    def tell(self, totals: Totals) -> None:
        self._due[totals] = None
        if self._task is None:
            self._task = asyncio.ensure_future(self._tell())
            self._task.add_done_callback(self._told)

    def forget(self, totals: Totals) -> None:
        """They are of an epoch that is over: what is still to be told of them, `news` says."""
        self._due.pop(totals, None)

    async def end(self, patience: float) -> None:
        """Returns when all is told, or after `patience` seconds."""
        if self._task:
            await asyncio.wait({self._task}, timeout=patience)
        if self._task:
            self._task.cancel()
            log.warning("%s: its last state could not be told", self._stream)

    def _told(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and task.exception():
            log.error("%s: unexpected error", self._stream, exc_info=task.exception())
        elif self._due and not task.cancelled():
            self.tell(next(iter(self._due)))  # it came when the task had just looked

    async def _tell(self) -> None:
        while self._due:
            await asyncio.sleep(self._last + GAP - time.monotonic())
            self._last = time.monotonic()
            totals = next(iter(self._due))
            del self._due[totals]
            told = replace(totals.told(self._condition), listed=self._listed)
            event = told.to_event(datetime.now(UTC))
            try:
                async with asyncio.timeout(ANSWERED):
                    await self._sink.post(event)
            except TimeoutError:
                self._due.setdefault(totals)
            except BadEvent as error:
                log.error("%s", error)
