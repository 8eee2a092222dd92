"""A Broker that does what the test says: it accepts everything unless told otherwise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from cloudevents.http import CloudEvent, from_http

from cnap.events import segment, state
from cnap.events.segment import SegmentEvent
from cnap.events.state import StreamState
from cnap.source.sending.sink import Sink

Answer = Callable[[CloudEvent], Awaitable[int]]


@dataclass
class Broker:
    events: list[CloudEvent] = field(default_factory=list)
    answer: Answer | None = None
    """What to answer a segment with."""
    state_answer: Answer | None = None
    """What to answer a state with."""

    def segments(self) -> list[SegmentEvent]:
        return [SegmentEvent.from_event(e) for e in self.events if e["type"] == segment.TYPE]

    def states(self) -> list[StreamState]:
        return [StreamState.from_event(e) for e in self.events if e["type"] == state.TYPE]

    @property
    def last(self) -> StreamState:
        return max(self.states(), key=lambda told: (told.epoch, told.revision))

    async def handle(self, request: web.Request) -> web.Response:
        event = from_http(request.headers, await request.read(), lambda data: data)
        self.events.append(event)
        status = 202
        answer = self.answer if event["type"] == segment.TYPE else self.state_answer
        if answer:
            status = await answer(event)
        return web.Response(status=status, text="" if status == 202 else "no")


@asynccontextmanager
async def broker() -> AsyncIterator[tuple[Broker, Sink]]:
    fake = Broker()
    runner = web.ServerRunner(web.Server(fake.handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield fake, Sink(session, f"http://127.0.0.1:{runner.addresses[0][1]}")
    await runner.cleanup()


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Waits for what must come true sooner or later."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
