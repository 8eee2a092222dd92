"""Runs the YAML of the cluster on one machine."""

import asyncio
import logging
import os
import secrets
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from functools import partial
from pathlib import Path

import aiohttp
from yarl import URL

from cnap.local import fields, manifests
from cnap.local.broker import Broker
from cnap.local.configmaps import Changed, ConfigMaps
from cnap.local.containers import Library, container
from cnap.local.gateway import forward
from cnap.local.ingress import Ingress
from cnap.local.kubernetes import Kubernetes
from cnap.local.listeners import MAX_HEADER, Listeners
from cnap.local.manifests import ManifestError, Resource
from cnap.local.network import BROKER_HOST, Network
from cnap.local.process import Guard
from cnap.local.revision import revision
from cnap.local.service import Service
from cnap.local.sources import PingSource, Workload, sink_env

log = logging.getLogger("cnap.local")

STOP_GRACE = 1.5  # seconds that everything has to end by itself
LOOPBACK = "127.0.0.1"


class Runtime:
    """Brokers, Triggers, Services and sources of some YAML, on this machine.

    `manifests` are files, directories or kustomizations. `env` is given to every container and
    wins over the YAML. `token` is what changes through the Kubernetes API need. `port` is that
    of brokers and API, on loopback; `public_port` that of the one public Service, on `host`
    (0 is any free port, None is no such listener). `configmaps` replaces the data of
    ConfigMaps, by name, and `changed(name, data)` is called when a client has changed one.
    `withheld` are names of our own environment that only sources are given, no Service.
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
        withheld: Set[str] = frozenset(),
    ) -> None:
        self.namespace = namespace
        self.token = token or secrets.token_urlsafe(24)
        self.url = ""
        self.public_url: str | None = None
        self._paths = [Path(path) for path in manifests]
        self._env, self._withheld = dict(env or {}), withheld
        self._port, self._public_port, self._host = port, public_port, host
        self._config_data = configmaps or {}
        self.config_maps = ConfigMaps(changed)
        self._session: aiohttp.ClientSession | None = None
        self._library = Library()
        self._guard = Guard()
        self._services: dict[str, Service] = {}
        self._brokers: dict[str, Broker] = {}
        self._sources: list[Workload | PingSource] = []
        self._bound: dict[tuple[str, str], tuple[Resource, dict[str, str]]] = {}
        self._listeners = Listeners()

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
        self._network = Network(self._session, self._services, self._brokers)
        triggers = [one for one in resources if one.kind == "Trigger"]
        kubernetes = Kubernetes(
            self._services, self._sources, triggers, self.config_maps, self.token
        )
        ingress = Ingress(self._services, self._brokers, kubernetes)
        try:
            await self._guard.start()
            self.url = await self._listeners.open(ingress.handle, LOOPBACK, self._port)
            await self._build(resources)
            if self._public_port is not None:
                self.public_url = await self._open(self._public(), self._host, self._public_port)
        except BaseException:
            await self.stop()
            raise
        for part in (*self._services.values(), *self._sources):
            part.start()

    async def stop(self) -> None:
        """Ends everything within about three seconds: sources first, while there is a Broker to
        tell their last words."""
        for parts in (self._sources, self._services.values()):
            await asyncio.gather(*(part.stop(STOP_GRACE) for part in parts))
        await self._listeners.close()
        await self._guard.stop()
        if self._session:
            await self._session.close()

    def _load(self) -> list[Resource]:
        resources = manifests.load(self._paths, self.namespace)
        problems = [problem for one in resources for problem in fields.problems(one)]
        if problems:
            raise ManifestError(problems)
        for resource in resources:
            if resource.kind == "ConfigMap":
                if resource.name in self._config_data:
                    resource.body["data"] = dict(self._config_data[resource.name])
                self.config_maps.add(resource)
            self._library.add(resource)
        return resources

    async def _build(self, resources: list[Resource]) -> None:
        """Each kind refers only to those before it."""
        problems: list[str] = []
        for kind, add in (
            ("Service", self._add_service),
            ("Broker", self._add_broker),
            ("Trigger", self._add_trigger),
            ("PingSource", self._add_ping_source),
            ("SinkBinding", self._bind),
            ("ContainerSource", self._add_container_source),
            ("Deployment", self._add_deployment),
        ):
            for resource in resources:
                if resource.kind == kind and resource.api_version != "v1":
                    try:
                        await add(resource)
                    except ManifestError as error:
                        problems.extend(error.problems)
        for (_, name), (binding, _) in self._bound.items():
            problems.append(binding.at("spec.subject", f"no Deployment {name!r} here"))
        if problems:
            raise ManifestError(problems)

    async def _add_service(self, resource: Resource) -> None:
        made = revision(resource, self._library, self._container_env(resource))
        made = replace(made, container=replace(made.container, withheld=self._withheld))
        self._services[made.host] = Service(made, self._session, self._guard)

    async def _add_broker(self, resource: Resource) -> None:
        broker = Broker(resource)
        self._brokers[broker.path] = broker

    async def _add_trigger(self, resource: Resource) -> None:
        name = resource.spec.get("broker", "default")
        broker = self._brokers.get(f"/{resource.namespace}/{name}")
        if broker is None:
            raise ManifestError([resource.at("spec.broker", f"no Broker {name!r} here")])
        broker.add_trigger(resource, self._network)

    async def _add_ping_source(self, resource: Resource) -> None:
        self._sources.append(PingSource(resource, self._network))

    async def _bind(self, resource: Resource) -> None:
        subject = resource.spec.get("subject") or {}
        if subject.get("kind") != "Deployment" or not subject.get("name"):
            raise ManifestError([resource.at("spec.subject", "must name a Deployment")])
        env = await self._sink_env(resource)
        self._bound[resource.namespace, subject["name"]] = (resource, env)

    async def _add_container_source(self, resource: Resource) -> None:
        self._add_workloads(resource, await self._sink_env(resource))

    async def _add_deployment(self, resource: Resource) -> None:
        _, env = self._bound.pop((resource.namespace, resource.name), (None, {}))
        self._add_workloads(resource, env)

    def _add_workloads(self, resource: Resource, sink: Mapping[str, str]) -> None:
        pod = (resource.spec.get("template") or {}).get("spec") or {}
        env = {**self._container_env(resource), **sink}
        made = container(resource, pod, "spec.template.spec", self._library, env)
        for number in range(1, int(resource.spec.get("replicas", 1)) + 1):
            self._sources.append(Workload(f"{resource.name}-{number}", made, self._guard, resource))

    async def _sink_env(self, resource: Resource) -> dict[str, str]:
        """K_SINK as a process on this machine can use it."""
        sink = self._network.resolve(resource.spec.get("sink") or {}, resource, "spec.sink")
        url = URL(sink, encoded=True)
        if url.host == BROKER_HOST:
            sink = f"{self.url}{url.raw_path_qs}"
        elif service := self._services.get(url.host or ""):
            sink = await self._open(service, LOOPBACK, 0) + url.raw_path_qs
        return sink_env(sink, resource.spec.get("ceOverrides"))

    def _container_env(self, resource: Resource) -> dict[str, str]:
        pod = (resource.spec.get("template") or {}).get("spec") or {}
        env = {"CNAP_KUBERNETES": self.url, "CNAP_NAMESPACE": resource.namespace}
        # As in the cluster, the default account may change nothing.
        if pod.get("serviceAccountName", "default") != "default":
            env["CNAP_KUBERNETES_TOKEN"] = self.token
        return {**env, **self._env}

    def _public(self) -> Service:
        public = [one for one in self._services.values() if one.revision.public]
        if len(public) != 1:
            names = ", ".join(one.revision.name for one in public) or "none"
            raise ManifestError([f"exactly one Service must be public, and there is: {names}"])
        return public[0]

    async def _open(self, service: Service, host: str, port: int) -> str:
        return await self._listeners.open(partial(forward, service), host, port)
