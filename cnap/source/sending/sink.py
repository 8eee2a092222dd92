"""Posting events to the Broker, K_SINK: again and again, under the same id, until it takes them."""

import asyncio
import contextlib
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
TRIED_AGAIN = (404, 408, 409, 429)
"""Of the statuses below 500."""
UNREACHED, UNANSWERED = -1, 0
"""Instead of a status: the event was not sent, for certain; nobody knows whether it was taken."""
SAID_EVERY = 10.0
"""Seconds between two lines of the log about the same trouble."""


class NeverSent(Unavailable):
    """The Broker never had the event, for certain: whoever posts it may count it as he likes."""


class MaybeTaken(BadEvent):
    """The Broker refuses the event, but may have taken it at an earlier try that it did not answer:
    whether an outcome comes, nobody knows."""


class Sink:
    """`trouble` is why the Broker takes nothing just now, in words; empty while it does."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self.url = session, url
        self.trouble = ""
        self._back = asyncio.Event()
        self._said = float("-inf")

    async def post(
        self, event: CloudEvent, patience: float = float("inf"), fresh: float = float("inf")
    ) -> None:
        """Returns when the Broker has accepted the event.

        Raises BadEvent where it never will, and MaybeTaken where it may have; Unavailable when
        `patience` seconds have gone by, and NeverSent after `fresh` seconds without any connection
        to it.
        """
        headers, body = to_binary(event, lambda data: data)
        wait, began, certain = FIRST_WAIT, time.monotonic(), True
        while True:
            status, said = await self._once(headers, body or b"")
            if 200 <= status < 300:
                return
            if 400 <= status < 500 and status not in TRIED_AGAIN:
                refused = BadEvent if certain else MaybeTaken
                raise refused(f"the Broker refused {event['id']}: {said}")
            certain &= status == UNREACHED
            gone = time.monotonic() - began
            if gone > patience:
                raise Unavailable(f"{event['id']} could not be sent: {said}")
            if certain and gone > fresh:
                raise NeverSent(f"{event['id']} could not be sent: {said}")
            self._complain(event, said)
            await self._rest(wait * random.uniform(0.5, 1), status)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _rest(self, wait: float, status: int) -> None:
        """Where nothing could be sent at all, whoever succeeds first wakes the others."""
        if status > 0:
            await asyncio.sleep(wait)
            return
        self._back.clear()
        await asyncio.sleep(min(wait, FIRST_WAIT))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._back.wait(), wait)

    def _complain(self, event: CloudEvent, said: str) -> None:
        if time.monotonic() - self._said > SAID_EVERY:
            self._said = time.monotonic()
            log.warning("%s is not accepted yet: %s", event["id"], said)

    async def _once(self, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN, sock_connect=5)
        try:
            async with self._session.post(
                self.url, data=body, headers=headers, timeout=timeout
            ) as response:
                status = response.status
                again = status >= 500 or status in TRIED_AGAIN
                self.trouble = f"the Broker answers {status}" if again else ""
                self._back.set()
                return status, f"{status} {(await response.text())[:200]}"
        except aiohttp.ClientConnectorError as error:
            self.trouble = "the Broker can't be reached"
            return UNREACHED, f"the Broker can't be reached ({error.strerror or error})"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.trouble = f"the Broker does not answer ({type(error).__name__})"
            return UNANSWERED, self.trouble
