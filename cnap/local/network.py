"""Delivers events to the URLs that Services and Brokers have in the cluster."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from cnap.local.events import Event, to_http
from cnap.local.manifests import ManifestError, Resource
from cnap.local.service import Service, Unanswered

log = logging.getLogger("cnap.local")

BROKER_HOST = "broker-ingress.knative-eventing.svc.cluster.local"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for an event: an HTTP answer, header names in lower case.

    `explained` says whether a dead letter tells of it: Knative's does not where the broker
    itself, not the subscriber, is the one to call the answer a failure.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    explained: bool = True


class Receiver(Protocol):
    """What a Broker offers to those who send it events."""

    async def receive(self, event: Event) -> int:
        """Takes an event through to its end; the HTTP status that says how it went."""
        ...


class Network:
    """Who answers at which URL: Services and Brokers of this runtime, or a real server."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        services: Mapping[str, Service],
        brokers: Mapping[str, Receiver],
    ) -> None:
        """Services by host, Brokers by path; both may grow later."""
        self._session = session
        self._services = services
        self._brokers = brokers

    def resolve(self, destination: Mapping[str, object], resource: Resource, path: str) -> str:
        """The URL of a destination (`ref`, `uri`, or both) as Knative resolves it.

        Raises ManifestError when it leads nowhere.
        """
        ref, uri = destination.get("ref"), str(destination.get("uri") or "")
        if not ref:
            if not urlsplit(uri).netloc:
                raise ManifestError([resource.at(path, "needs a ref or an absolute uri")])
            return uri
        kind, name = ref["kind"], ref["name"]
        namespace = ref.get("namespace", resource.namespace)
        if kind == "Broker" and f"/{namespace}/{name}" in self._brokers:
            base = broker_url(namespace, name)
        elif kind == "Service" and f"{name}.{namespace}.svc.cluster.local" in self._services:
            base = f"http://{name}.{namespace}.svc.cluster.local"
        else:
            raise ManifestError([resource.at(f"{path}.ref", f"no {kind} {namespace}/{name} here")])
        return urljoin(base, uri) if uri else base

    async def post(self, url: str, event: Event, ask: bool = True) -> Answer:
        """Delivers an event and waits for the answer; `ask` says that a reply is welcome.

        Raises ConnectionError, with what happened, when a server outside cannot be reached.
        """
        parts = urlsplit(url)
        if parts.hostname == BROKER_HOST:
            broker = self._brokers.get(parts.path.rstrip("/"))
            return Answer(await broker.receive(event) if broker else 404)
        headers, body = to_http(event)
        if ask:
            headers["prefer"] = "reply"
        service = self._services.get(parts.hostname or "")
        if service is None:
            return await self._post_outside(url, headers, body)
        headers["host"] = parts.netloc
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        try:
            async with service.request("POST", path, headers, body) as response:
                return await _answer(response)
        except Unanswered as error:
            return Answer(error.status, {}, error.text.encode())
        except TimeoutError:  # it had begun to answer
            return Answer(504, {}, b"activator request timeout")
        except (aiohttp.ClientError, OSError) as error:
            return Answer(502, {}, f"{parts.hostname} broke off: {error}".encode())

    async def _post_outside(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        try:
            async with self._session.post(
                URL(url, encoded=True), headers=headers, data=body
            ) as response:
                return await _answer(response)
        except aiohttp.ClientError as error:
            raise ConnectionError(f"{url}: {error}") from None


def broker_url(namespace: str, name: str) -> str:
    """The URL a Broker has in the cluster."""
    return f"http://{BROKER_HOST}/{namespace}/{name}"


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    body = await response.read()
    return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, body)
