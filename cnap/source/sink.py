"""Posting events to the Broker, K_SINK: again and again, under the same id, until it takes them."""

import asyncio
import logging
import random
import time

import aiohttp
from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent

from cnap.errors import BadEvent, Unavailable

log = logging.getLogger("cnap.source")

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
ANSWER_WITHIN = 1200.0
"""Seconds. An in-memory broker answers when the whole chain is done, so this is no round trip."""


class Sink:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self.url = session, url

    async def post(self, event: CloudEvent, patience: float = float("inf")) -> None:
        """Returns when the Broker has accepted the event.

        Raises BadEvent where it never will, and Unavailable when `patience` seconds have gone by.
        """
        headers, body = to_binary(event, lambda data: data)
        wait, give_up = FIRST_WAIT, time.monotonic() + patience
        while True:
            status, said = await self._once(headers, body or b"")
            if 200 <= status < 300:
                return
            if 400 <= status < 500 and status not in (404, 408, 409, 429):
                raise BadEvent(f"the Broker refused {event['id']}: {status} {said}")
            if time.monotonic() > give_up:
                raise Unavailable(f"{event['id']} could not be sent: {status or ''} {said}")
            log.warning("%s is not accepted yet: %s %s", event["id"], status or "", said)
            await asyncio.sleep(wait * random.uniform(0.5, 1))
            wait = min(wait * 2, LONGEST_WAIT)

    async def _once(self, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN, sock_connect=5)
        try:
            async with self._session.post(
                self.url, data=body, headers=headers, timeout=timeout
            ) as response:
                return response.status, (await response.text())[:200]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return 0, f"the Broker does not answer ({type(error).__name__})"
