"""`GET /api/events`: server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import re
import time

from aiohttp import web

from cnap.dashboard.hub import Hub, Message, message_of
from cnap.dashboard.results import Results, place
from cnap.events.attributes import stream_name

KEEP_ALIVE = 10.0
LONGEST = 50.0
"""Seconds. Knative ends a request at its Service's timeoutSeconds (60), with a broken answer; one
that ends by itself is taken up again by every client, where it was, without a word."""
RETRY = 200
"""Milliseconds after which a client comes back."""


class Events:
    def __init__(self, hub: Hub, results: Results) -> None:
        self._hub, self._results = hub, results

    async def handle(self, request: web.Request) -> web.StreamResponse:
        stream = request.query.get("stream")
        if stream is not None:
            stream_name(stream)
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        async with self._hub.listen(stream) as listener:
            await response.prepare(request)
            await response.write(f"retry: {RETRY}\n\n".encode())
            seen = await self._catch_up(request, response, stream)
            ends = time.monotonic() + LONGEST
            while (left := ends - time.monotonic()) > 0:
                try:
                    async with asyncio.timeout(min(left, KEEP_ALIVE)):
                        message = await listener.messages.get()
                except TimeoutError:
                    await response.write(b": still here\n\n")
                    continue
                if message is None:
                    break
                if not message.id or place(message.id) > seen:
                    await response.write(_lines(message))
        return response

    async def _catch_up(
        self, request: web.Request, response: web.StreamResponse, stream: str | None
    ) -> tuple[int, int]:
        """Results of the last seconds, from the one after Last-Event-ID; the newest one's place."""
        last = request.headers.get("Last-Event-ID", "")
        seen = place(last) if re.fullmatch(r"[0-9]{1,15}-[0-9]{1,10}", last) else (0, 0)
        for result in list(self._results.recent):
            if stream in (None, result.stream) and place(result.id) > seen:
                await response.write(_lines(message_of(result)))
        newest = max((place(result.id) for result in self._results.recent), default=(0, 0))
        return max(seen, newest)


def _lines(message: Message) -> bytes:
    id = f"id: {message.id}\n" if message.id else ""
    return f"event: {message.event}\n{id}data: {message.data}\n\n".encode()
