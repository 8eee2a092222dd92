"""What is told to everyone who listens: read once, however many there are, and only while there
are any."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from cnap.dashboard import metrics
from cnap.dashboard.results import Result, Results
from cnap.dashboard.status import Status
from cnap.errors import Unavailable

log = logging.getLogger("cnap.dashboard")

PACE = 0.5
"""Seconds between two readings of the status."""
QUICK_PACE = 0.2
"""The same while a function wakes: that is what people want to see."""
BACKLOG = 256
"""Messages that a listener may be behind; one that is further behind is hung up on."""


@dataclass(frozen=True)
class Message:
    event: str
    data: str
    stream: str | None = None
    id: str = ""


@dataclass(eq=False)
class Listener:
    """`stream`: only messages about this one; None for all."""

    stream: str | None
    messages: asyncio.Queue[Message | None] = field(default_factory=lambda: asyncio.Queue(BACKLOG))


class Hub:
    def __init__(self, status: Status, results: Results) -> None:
        self._status, self._results = status, results
        self._listeners: set[Listener] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._latest: Message | None = None
        self._troubles: dict[str, str] = {}

    @contextlib.asynccontextmanager
    async def listen(self, stream: str | None) -> AsyncIterator[Listener]:
        """A listener that has the latest status, if it is known, in its queue already."""
        listener = Listener(stream)
        if not self._tasks:
            self._tasks = [asyncio.create_task(run()) for run in (self._statuses, self._outcomes)]
        for message in (self._latest, self._trouble_message()):
            if message:
                listener.messages.put_nowait(message)
        self._listeners.add(listener)
        metrics.LISTENERS.set(len(self._listeners))
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            metrics.LISTENERS.set(len(self._listeners))
            if not self._listeners:
                await self.stop()

    async def stop(self) -> None:
        tasks, self._tasks, self._latest, self._troubles = self._tasks, [], None, {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def hang_up(self) -> None:
        """Ends every listener's messages: the service stops."""
        for listener in list(self._listeners):
            self._end(listener)

    async def status(self) -> dict[str, Any]:
        """The status for one who asks once. Raises Unavailable."""
        if not self._tasks:
            if not self._status.streams:
                await self._status.read()
            await self._read_results()
        return await self._status.read()

    def tell(self, event: str, data: dict[str, Any], stream: str | None = None) -> None:
        self._send(Message(event, json.dumps(data, separators=(",", ":")), stream))

    def _send(self, message: Message) -> None:
        for listener in list(self._listeners):
            if message.stream and listener.stream not in (None, message.stream):
                continue
            try:
                listener.messages.put_nowait(message)
            except asyncio.QueueFull:
                self._end(listener)

    def _end(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        while not listener.messages.empty():
            listener.messages.get_nowait()
        listener.messages.put_nowait(None)

    def _wanted(self) -> bool:
        """Whether the task that asks should go on: a client library may lose a cancellation."""
        return asyncio.current_task() in self._tasks

    async def _statuses(self) -> None:
        while self._wanted():
            began = time.monotonic()
            pace = PACE
            try:
                current = await self._status.read()
            except Unavailable as error:
                self._trouble("status", str(error))
            else:
                self._trouble("status", "")
                data = json.dumps(current, separators=(",", ":"))
                if not self._latest or data != self._latest.data:
                    self._latest = Message("status", data)
                    self._send(self._latest)
                if any(one["state"] == "waking" for one in current["functions"]):
                    pace = QUICK_PACE
            await asyncio.sleep(max(0.05, pace - (time.monotonic() - began)))

    async def _outcomes(self) -> None:
        while self._wanted():
            try:
                await self._read_results(wait=0.5)
            except Unavailable as error:
                self._trouble("results", str(error))
                await asyncio.sleep(PACE)
                continue
            self._trouble("results", "")
            if not self._status.streams:
                await asyncio.sleep(QUICK_PACE)

    async def _read_results(self, wait: float = 0) -> None:
        """Whoever reads tells everybody: what is read is read once."""
        for result in await self._results.read(self._status.streams, wait):
            self._send(message_of(result))

    def _trouble(self, where: str, words: str) -> None:
        """Tells once what does not work, and once, with no words, that all is well again."""
        if self._troubles.get(where, "") == words:
            return
        if words:
            log.warning("%s", words)
        self._troubles[where] = words
        self._latest = None
        self._send(self._trouble_message() or Message("trouble", '{"error":""}'))

    def _trouble_message(self) -> Message | None:
        said = next((one for one in self._troubles.values() if one), "")
        return Message("trouble", json.dumps({"error": said})) if said else None


def message_of(result: Result) -> Message:
    return Message(
        "result", json.dumps(result.body, separators=(",", ":")), result.stream, result.mark
    )
