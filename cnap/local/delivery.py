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
TTL = "knativebrokerttl"


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
                answer = Answer(500, {}, b"no answer in time", explained=False)
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
        if _succeeded(answer) and is_event(answer.headers):
            reply = from_http(answer.headers, answer.body).with_attributes(**{TTL: str(ttl)})
            target = self._reply
            answer = await self._delivery.send(lambda: self._network.post(target, reply))
        if _succeeded(answer):
            return True
        log.warning(
            "%s: event %s failed at %s: %d %s",
            self.name,
            event.attributes["id"],
            target,
            answer.status,
            answer.body[:200].decode(errors="replace"),
        )
        return await self._bury(event.with_attributes(**{TTL: str(ttl)}), target, answer)

    async def _call(self, event: Event) -> Answer:
        """One attempt; an answer that is neither empty nor readable as an event is a 502."""
        answer = await self._network.post(self._subscriber, event)
        if not _succeeded(answer):
            return answer
        if is_event(answer.headers):
            try:
                from_http(answer.headers, answer.body)
            except EventError as error:
                return Answer(502, {}, str(error).encode(), explained=False)
        elif answer.body:
            text = b"the answer is neither empty nor a CloudEvent"
            return Answer(502, {}, text, explained=False)
        return answer

    async def _bury(self, event: Event, target: str, failure: Answer) -> bool:
        if self._dead_letter is None:
            return False
        url = self._dead_letter
        if failure.explained:
            data = base64.b64encode(failure.body).decode()
            if len(data) > ERROR_DATA_LIMIT:
                # Knative 1.23 means to cut it off too, but its dispatcher panics and restarts.
                log.warning("%s: an error of %d bytes: keep it under 768", target, len(data))
            event = event.with_attributes(
                knativeerrordest=target,
                knativeerrorcode=str(failure.status),
                knativeerrordata=data[:ERROR_DATA_LIMIT],
            )
        answer = await self._delivery.send(lambda: self._network.post(url, event, ask=False))
        if not _succeeded(answer):
            log.error("%s: the dead letter is lost: %s answers %d", self.name, url, answer.status)
        return _succeeded(answer)


def _retried(status: int) -> bool:
    return status >= 500 or status in RETRIED


def _succeeded(answer: Answer) -> bool:
    return 200 <= answer.status < 300
