"""Retries, backoff and dead letters, as the in-memory broker's dispatcher does them."""

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cnap.local import durations
from cnap.local.events import Event, EventError, from_http, is_event
from cnap.local.network import Answer, Network

log = logging.getLogger("cnap.local")

RETRIED = frozenset({404, 408, 409, 429})  # and all of 5xx
ERROR_DATA_LIMIT = 1024


@dataclass(frozen=True)
class Delivery:
    """A delivery spec: how often again after a failure, when, and where what fails goes."""

    retry: int = 0
    exponential: bool = True
    delay: float = 0.0
    timeout: float | None = None

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> "Delivery":
        """Raises ValueError, naming the field."""
        timeout = spec.get("timeout")
        policy = spec.get("backoffPolicy", "exponential")
        if policy not in ("exponential", "linear"):
            raise ValueError(f"backoffPolicy: {policy!r} is neither exponential nor linear")
        return cls(
            retry=int(spec.get("retry", 0)),
            exponential=policy == "exponential",
            delay=durations.iso(spec.get("backoffDelay", "PT0S")),
            timeout=durations.iso(timeout) if timeout else None,
        )

    def wait(self, number: int) -> float:
        """Seconds to wait before the retry of this number, counted from 1."""
        return self.delay * (2.0 ** (number - 1) if self.exponential else number - 1)

    async def send(self, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of the first attempt that does not call for another, or of the last."""
        number = 0
        while True:
            try:
                async with asyncio.timeout(self.timeout):
                    answer = await attempt()
            except TimeoutError:
                answer = Answer(500, {}, f"no answer in {self.timeout:g} s".encode())
            except ConnectionError as error:
                answer = Answer(500, {}, str(error).encode())
            if number >= self.retry or not _retried(answer.status):
                return answer
            number += 1
            await asyncio.sleep(self.wait(number))


class Subscription:
    """One Trigger's way from the broker: subscriber, reply, dead letter."""

    def __init__(
        self,
        name: str,
        network: Network,
        subscriber: str,
        reply: str,
        dead_letter: str | None,
        delivery: Delivery,
    ) -> None:
        self.name = name
        self._network = network
        self._subscriber = subscriber
        self._reply = reply
        self._dead_letter = dead_letter
        self._delivery = delivery

    async def deliver(self, event: Event, ttl: int) -> bool:
        """Takes an event to its end; False when it could be neither delivered nor buried."""
        target = self._subscriber
        answer = await self._delivery.send(lambda: self._call(event))
        if 200 <= answer.status < 300 and answer.body and is_event(answer.headers):
            reply = from_http(answer.headers, answer.body)
            reply = reply.with_attributes(knativebrokerttl=str(ttl))
            target = self._reply
            answer = await self._delivery.send(lambda: self._network.post(self._reply, reply))
        if 200 <= answer.status < 300:
            return True
        log.warning(
            "%s: event %s failed at %s: %d %s",
            self.name,
            event.attributes["id"],
            target,
            answer.status,
            answer.body[:200].decode(errors="replace"),
        )
        return await self._bury(event, target, answer)

    async def _call(self, event: Event) -> Answer:
        """One attempt; an answer that is neither empty nor an event counts as 502."""
        answer = await self._network.post(self._subscriber, event)
        if not is_event(answer.headers):
            if answer.body and 200 <= answer.status < 300:
                return Answer(502, answer.headers, answer.body)
            return answer
        if 200 <= answer.status < 300:
            try:
                from_http(answer.headers, answer.body)
            except EventError as error:
                return Answer(502, answer.headers, str(error).encode())
        return answer

    async def _bury(self, event: Event, target: str, failure: Answer) -> bool:
        if self._dead_letter is None:
            return False
        url = self._dead_letter
        data = base64.b64encode(failure.body).decode()[:ERROR_DATA_LIMIT]
        letter = event.with_attributes(
            knativeerrordest=target,
            knativeerrorcode=str(failure.status),
            **({"knativeerrordata": data} if data else {}),
        )
        answer = await self._delivery.send(lambda: self._network.post(url, letter))
        if not 200 <= answer.status < 300:
            log.error("%s: the dead letter is lost: %s answers %d", self.name, url, answer.status)
        return 200 <= answer.status < 300


def _retried(status: int) -> bool:
    return status >= 500 or status in RETRIED
