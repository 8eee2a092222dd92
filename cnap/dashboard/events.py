"""`GET /api/events`: server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import re
import time
from collections import defaultdict

from aiohttp import web

from cnap.dashboard.hub import Hub, Message, message_of
from cnap.dashboard.results import Result, Results, place
from cnap.events.attributes import stream_name

KEEP_ALIVE = 10.0
LONGEST = 50.0
"""Seconds. Knative ends a request at its Service's timeoutSeconds (60), with a broken answer; one
that ends by itself is taken up again by every client, where it was, without a word."""
MARK = re.compile(r"[0-9]{1,15}-[0-9]{1,10}(\.[a-z0-9-]{1,63})?")
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
        last = request.headers.get("Last-Event-ID", "")
        last = last if MARK.fullmatch(last) else ""
        async with self._hub.listen(stream) as listener:
            missed = await self._missed(last, stream)
            # What comes while this is read is in the listener's queue as well.
            seen = defaultdict(lambda: place(last or "0-0"))
            seen.update({result.stream: place(result.mark) for result in missed})
            await response.prepare(request)
            await response.write(f"retry: {RETRY}\n\n".encode())
            for result in missed:
                await response.write(_lines(message_of(result)))
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
                if not message.id or place(message.id) > seen[message.stream]:
                    await response.write(_lines(message))
        return response

    async def _missed(self, last: str, stream: str | None) -> list[Result]:
        """What came since the client was cut off; for a new one, what came in the last seconds."""
        if last:
            return await self._results.since(last, stream)
        return [one for one in self._results.recent if stream in (None, one.stream)]


def _lines(message: Message) -> bytes:
    id = f"id: {message.id}\n" if message.id else ""
    return f"event: {message.event}\n{id}data: {message.data}\n\n".encode()
