"""What makes events: containers that are given a sink, and the clock."""

import asyncio
import base64
import json
import logging
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cnap.local.containers import Container
from cnap.local.cron import Schedule
from cnap.local.events import Event
from cnap.local.manifests import ManifestError, Resource
from cnap.local.network import Network
from cnap.local.process import Guard, Process

log = logging.getLogger("cnap.local")

MAX_BACKOFF = 60.0
STEADY = 10.0  # a container that ran this long has not failed to start


def sink_env(sink_url: str, overrides: Mapping[str, Any] | None) -> dict[str, str]:
    """The environment that ContainerSource and SinkBinding give a container."""
    return {"K_SINK": sink_url, "K_CE_OVERRIDES": json.dumps(overrides) if overrides else ""}


class Workload:
    """One container that is kept running: started again, ever later, when it fails."""

    def __init__(self, name: str, container: Container, guard: Guard, resource: Resource) -> None:
        """Of a resource that asks for it."""
        self.name, self.resource = name, resource
        self.failure = ""
        self.changed = datetime.now(UTC)
        """When it began or ceased to run."""
        self._container = container
        self._guard = guard
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self, grace: float) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._process and self._process.returncode is None:
            await self._process.stop(grace)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            env = self._container.environment()
            try:
                self._process = await Process.start(
                    self.name, self._container.argv, env, self._guard
                )
                self.changed = datetime.now(UTC)
                status = await self._process.wait()
                self.changed = datetime.now(UTC)
                if status == 0:
                    log.info("%s is done", self.name)
                    return
                self.failure = self._process.epitaph()
            except OSError as error:
                self.failure = f"cannot run {self._container.argv[0]}: {error.strerror}"
            failures = 1 if loop.time() - began > STEADY else failures + 1
            pause = min(2.0 ** (failures - 1), MAX_BACKOFF)
            log.error("%s ended: %s; again in %g s", self.name, self.failure, pause)
            await asyncio.sleep(pause)


class PingSource:
    """Posts the same data to its sink whenever its schedule is due."""

    def __init__(self, resource: Resource, network: Network) -> None:
        """Raises ManifestError."""
        spec = resource.spec
        self._url = network.resolve(spec.get("sink") or {}, resource, "spec.sink")
        try:
            self._schedule = Schedule(spec.get("schedule", "* * * * *"))
            self._zone = ZoneInfo(spec["timezone"]) if spec.get("timezone") else UTC
        except (ValueError, KeyError) as error:
            raise ManifestError([resource.at("spec.schedule", str(error))]) from None
        attributes = {
            "specversion": "1.0",
            "type": "dev.knative.sources.ping",
            "source": f"/apis/v1/namespaces/{resource.namespace}/pingsources/{resource.name}",
            **((spec.get("ceOverrides") or {}).get("extensions") or {}),
        }
        if spec.get("contentType"):
            attributes["datacontenttype"] = spec["contentType"]
        encoded = spec.get("dataBase64")
        data = base64.b64decode(encoded) if encoded else str(spec.get("data") or "").encode()
        self._event = Event(attributes, data)
        self._name = resource.name
        self._network = network
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self, grace: float) -> None:
        del grace  # it holds nothing that takes time to end
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            due = self._schedule.after(datetime.now(self._zone))
            await asyncio.sleep((due - datetime.now(self._zone)).total_seconds())
            event = self._event.with_attributes(
                id=str(uuid.uuid4()), time=due.astimezone(UTC).isoformat().replace("+00:00", "Z")
            )
            try:
                answer = await self._network.post(self._url, event)
            except ConnectionError as error:
                log.error("%s: %s", self._name, error)
                continue
            if answer.status >= 300:
                log.error("%s: %s answers %d", self._name, self._url, answer.status)
