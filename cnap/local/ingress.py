"""What the runtime's own port answers: brokers, Services by host name, the Kubernetes API."""

import logging

from aiohttp import web

from cnap.local.broker import Broker
from cnap.local.events import Event, EventError, from_http, validated
from cnap.local.gateway import forward
from cnap.local.kubernetes import Kubernetes
from cnap.local.service import Service

log = logging.getLogger("cnap.local")

MAX_BODY = 64 << 20  # far more than an event should carry: large bytes travel by reference
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Ingress:
    """Routes a request by its Host, as the cluster's DNS would, and then by its path."""

    def __init__(
        self, services: dict[str, Service], brokers: dict[str, Broker], kubernetes: Kubernetes
    ) -> None:
        self._services = services
        self._brokers = brokers
        self._kubernetes = kubernetes

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        host = request.host.lower()
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if service := self._services.get(_full(name)):
            return await forward(service, request)
        if name not in _LOOPBACK:  # nor a page that points its own name at this machine
            return web.Response(status=404, text=f"no Service answers to the host {name}\n")
        if request.path.startswith(("/api/", "/apis/")):
            return await self._kubernetes.handle(request)
        return await self._broker(request)

    async def _broker(self, request: web.BaseRequest) -> web.Response:
        """As Knative's broker ingress answers."""
        headers = {"Allow": "POST, OPTIONS"}
        if request.method == "OPTIONS":
            headers |= {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "*"}
            return web.Response(headers=headers)
        if request.method != "POST":
            return web.Response(status=405, headers=headers)
        path = request.raw_path.removesuffix("/")
        if not path:
            return web.Response(status=404, headers=headers)
        if path.count("/") != 2:
            return web.Response(status=400, headers=headers)
        broker = self._brokers.get(path)
        try:
            event = from_http(request.headers, await _body(request))
            status = await broker.receive(event) if broker else _unknown(event)
        except EventError as error:
            log.warning("%s: refused: %s", path, error)
            status = 400
        return web.Response(status=status, headers=headers)


async def _body(request: web.BaseRequest) -> bytes:
    body = bytearray()
    async for part in request.content.iter_any():
        body += part
        if len(body) > MAX_BODY:
            raise web.HTTPRequestEntityTooLarge(MAX_BODY, len(body))
    return bytes(body)


def _unknown(event: Event) -> int:
    """A broken event is refused before anyone asks whether there is such a broker."""
    validated(event)
    return 404


def _full(host: str) -> str:
    """A Service's full host name, from any of the forms that work inside the cluster."""
    host = host.removesuffix(".cluster.local").removesuffix(".svc")
    return f"{host}.svc.cluster.local"
