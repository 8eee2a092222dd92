"""Runs the YAML of the cluster on one machine."""

import asyncio
import errno
import logging
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import aiohttp
from aiohttp import web

from cnap.local import fields, manifests
from cnap.local.broker import Broker
from cnap.local.configmaps import Changed, ConfigMaps
from cnap.local.containers import Container, Library, container
from cnap.local.gateway import forward
from cnap.local.ingress import Ingress
from cnap.local.kubernetes import Kubernetes
from cnap.local.manifests import ManifestError, Resource
from cnap.local.network import Network
from cnap.local.process import Guard
from cnap.local.revision import revision
from cnap.local.service import Service
from cnap.local.sources import PingSource, Workload, sink_env

log = logging.getLogger("cnap.local")

STOP_GRACE = 1.5  # seconds that everything has to end by itself
LOOPBACK = "127.0.0.1"
MAX_HEADER = 1 << 16


class PortError(OSError):
    """A port that cannot be listened on; the message says which and why."""


class Runtime:
    """Brokers, Triggers, Services and sources of some YAML, on this machine.

    `manifests` are files, directories or kustomizations. `env` is given to every container and
    wins over the YAML. `token` is what changes through the Kubernetes API need. `port` is that
    of brokers and API, on loopback; `public_port` that of the one public Service, on `host`
    (0 is any free port, None is no such listener). `configmaps` replaces the data of
    ConfigMaps, by name, and `changed(name, data)` is called when a client has changed one.
    """

    def __init__(
        self,
        manifests: Iterable[str | os.PathLike[str]],
        namespace: str = "cnap",
        env: Mapping[str, str] | None = None,
        token: str | None = None,
        port: int = 0,
        public_port: int | None = None,
        host: str = LOOPBACK,
        configmaps: Mapping[str, Mapping[str, str]] | None = None,
        changed: Changed | None = None,
    ) -> None:
        self.namespace = namespace
        self.token = token or secrets.token_urlsafe(24)
        self.url = ""
        self.public_url: str | None = None
        self._paths = [Path(path) for path in manifests]
        self._env = dict(env or {})
        self._port, self._public_port, self._host = port, public_port, host
        self._config_data = configmaps or {}
        self._config_maps = ConfigMaps(changed)
        self._library = Library()
        self._guard = Guard()
        self._services: dict[str, Service] = {}
        self._brokers: dict[str, Broker] = {}
        self._sources: list[Workload | PingSource] = []
        self._listeners: list[web.ServerRunner] = []

    def broker_url(self, name: str = "default", namespace: str | None = None) -> str:
        """Where to POST events to a Broker."""
        return f"{self.url}/{namespace or self.namespace}/{name}"

    async def start(self) -> None:
        """Raises ManifestError for YAML that cannot run here, PortError for a taken port."""
        resources = self._load()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
        )
        try:
            await self._guard.start()
            self._network = Network(self._session)
            self._network.services = self._services
            self._network.brokers = self._brokers
            kubernetes = Kubernetes(self._services, self._config_maps, self.token)
            ingress = Ingress(self._services, self._brokers, kubernetes)
            self.url = await self._listen(ingress.handle, LOOPBACK, self._port)
            await self._build(resources)
        except BaseException:
            await self.stop()
            raise
        for service in self._services.values():
            service.start()
        for source in self._sources:
            source.start()

    async def stop(self) -> None:
        """Ends everything within about two seconds."""
        await asyncio.gather(
            *(source.stop(STOP_GRACE) for source in self._sources),
            *(service.stop(STOP_GRACE) for service in self._services.values()),
        )
        for listener in self._listeners:
            await listener.cleanup()
        self._listeners.clear()
        await self._guard.stop()
        await self._session.close()

    def _load(self) -> list[Resource]:
        resources = manifests.load(self._paths, self.namespace)
        problems = [problem for one in resources for problem in fields.problems(one)]
        if problems:
            raise ManifestError(problems)
        for resource in resources:
            if resource.kind == "ConfigMap" and resource.name in self._config_data:
                resource.body["data"] = dict(self._config_data[resource.name])
            if resource.kind == "ConfigMap":
                self._config_maps.add(resource)
            self._library.add(resource)
        return resources

    async def _build(self, resources: list[Resource]) -> None:
        by_kind: dict[str, list[Resource]] = {}
        for resource in resources:
            by_kind.setdefault(resource.kind, []).append(resource)
        problems: list[str] = []

        def attempt(work: Callable[[Resource], None], kind: str) -> None:
            for resource in by_kind.get(kind, []):
                try:
                    work(resource)
                except ManifestError as error:
                    problems.extend(error.problems)
                except ValueError as error:
                    problems.append(str(error))

        attempt(self._add_service, "Service")
        attempt(self._add_broker, "Broker")
        attempt(self._add_trigger, "Trigger")
        attempt(lambda one: self._sources.append(PingSource(one, self._network)), "PingSource")
        bound: dict[tuple[str, str], dict[str, str]] = {}
        for kind in ("SinkBinding", "ContainerSource"):
            for resource in by_kind.get(kind, []):
                try:
                    env = await self._sink_env(resource)
                    if kind == "ContainerSource":
                        self._add_workload(resource, env)
                    else:
                        subject = resource.spec.get("subject") or {}
                        bound[resource.namespace, subject.get("name", "")] = env
                except ManifestError as error:
                    problems.extend(error.problems)
                except ValueError as error:
                    problems.append(str(error))
        attempt(
            lambda one: self._add_workload(one, bound.get((one.namespace, one.name), {})),
            "Deployment",
        )
        if problems:
            raise ManifestError(problems)
        if self._public_port is not None:
            public = [one for one in self._services.values() if one.revision.public]
            if len(public) != 1:
                names = ", ".join(one.revision.name for one in public) or "none"
                raise ManifestError([f"exactly one Service must be public, and there is: {names}"])
            self.public_url = await self._open(public[0], self._host, self._public_port)

    def _add_service(self, resource: Resource) -> None:
        env = self._container_env(resource)
        made = revision(resource, self._library, env)
        self._services[made.host] = Service(made, self._session, self._guard)

    def _add_broker(self, resource: Resource) -> None:
        broker = Broker(resource)
        self._brokers[broker.path] = broker

    def _add_trigger(self, resource: Resource) -> None:
        name = resource.spec.get("broker", "default")
        broker = self._brokers.get(f"/{resource.namespace}/{name}")
        if broker is None:
            raise ManifestError([resource.at("spec.broker", f"no Broker {name!r} here")])
        broker.add_trigger(resource, self._network)

    def _add_workload(self, resource: Resource, sink: Mapping[str, str]) -> None:
        pod = ((resource.spec.get("template") or {}).get("spec")) or {}
        env = {**self._container_env(resource), **sink}
        made: Container = container(resource, pod, "spec.template.spec", self._library, env)
        for number in range(1, int(resource.spec.get("replicas", 1)) + 1):
            self._sources.append(Workload(f"{resource.name}-{number}", made, self._guard))

    async def _sink_env(self, resource: Resource) -> dict[str, str]:
        sink = resource.spec.get("sink") or {}
        url = self._network.resolve(sink, resource, "spec.sink")
        return sink_env(await self._reachable(url), resource.spec.get("ceOverrides"))

    async def _reachable(self, url: str) -> str:
        """A cluster URL as a process on this machine can use it."""
        parts = aiohttp.helpers.URL(url)
        if parts.path in self._brokers:
            return f"{self.url}{parts.path}"
        if service := self._services.get(parts.host or ""):
            return await self._open(service, LOOPBACK, 0) + parts.raw_path_qs
        return url

    def _container_env(self, resource: Resource) -> dict[str, str]:
        pod = (resource.spec.get("template") or {}).get("spec") or {}
        env = {"CNAP_KUBERNETES": self.url, "CNAP_NAMESPACE": resource.namespace}
        if pod.get("serviceAccountName", "default") != "default":
            env["CNAP_KUBERNETES_TOKEN"] = self.token
        return {**env, **self._env}

    async def _open(self, service: Service, host: str, port: int) -> str:
        return await self._listen(lambda request: forward(service, request), host, port)

    async def _listen(self, handler: Callable, host: str, port: int) -> str:
        server = web.Server(
            handler,
            handler_cancellation=True,
            access_log=None,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
        )
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        self._listeners.append(runner)
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            why = "is taken" if error.errno == errno.EADDRINUSE else f"({error.strerror})"
            raise PortError(f"cannot listen on port {port} of {host}: it {why}") from None
        return f"http://{host}:{runner.addresses[0][1]}"
