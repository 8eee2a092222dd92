import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from redis import Redis

from cnap import cameras
from cnap.cameras import Camera
from cnap.dashboard.app import create_app
from cnap.dashboard.settings import Settings
from cnap.stores import Store
from cnap.stores.directory import DirectoryStore

TOKEN = "the-token"


class FakeKubernetes:
    """The paths of the Kubernetes API that the dashboard uses."""

    def __init__(self) -> None:
        self.maps: dict[str, dict[str, str]] = {"cameras": {}, "watched": {}}
        self.version = 1
        self.cameras = []
        self.functions: dict[str, tuple[int, int]] = {
            "transcode": (0, 0),
            "infer-yolox-nano": (1, 2),
        }
        self.reasons: dict[str, str] = {}
        self.source: dict[str, Any] | None = None
        """The status of the source's Deployment, where there is one."""
        self.away = False
        self.questions = 0
        self.interferes: Callable[[], None] | None = None

    @property
    def text(self) -> str:
        return self.maps["cameras"][cameras.KEY]

    @text.setter
    def text(self, text: str) -> None:
        self.maps["cameras"] = {cameras.KEY: text}
        self.version += 1

    @property
    def cameras(self) -> list[Camera]:
        return cameras.parse(self.text)

    @cameras.setter
    def cameras(self, known: list[Camera]) -> None:
        self.text = cameras.dump(known)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._counted])
        app.router.add_get("/apis/serving.knative.dev/v1/namespaces/cnap/services", self._services)
        app.router.add_get("/apis/apps/v1/namespaces/cnap/deployments", self._deployments)
        app.router.add_get("/apis/apps/v1/namespaces/cnap/deployments/cameras", self._deployment)
        app.router.add_get("/api/v1/namespaces/cnap/configmaps/{name}", self._config_map)
        app.router.add_patch("/api/v1/namespaces/cnap/configmaps/{name}", self._patch)
        return app

    @web.middleware
    async def _counted(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.questions += 1
        if self.away:
            return web.Response(status=500, text="etcd is gone")
        return await handler(request)

    async def _services(self, _: web.Request) -> web.Response:
        def ready(name: str) -> dict[str, str]:
            why = self.reasons.get(name)
            return {"type": "Ready", "status": "False" if why else "True", "message": why or ""}

        items = [
            {"metadata": {"name": name}, "status": {"conditions": [ready(name)]}}
            for name in self.functions
        ]
        return web.json_response({"items": items})

    async def _deployments(self, _: web.Request) -> web.Response:
        items = [
            {
                "metadata": {"labels": {"serving.knative.dev/service": name}},
                "spec": {"replicas": wanted},
                "status": {"readyReplicas": ready, "replicas": wanted} if wanted else {},
            }
            for name, (ready, wanted) in self.functions.items()
        ]
        return web.json_response({"items": items})

    async def _deployment(self, _: web.Request) -> web.Response:
        if self.source is None:
            return web.json_response({"kind": "Status", "code": 404}, status=404)
        return web.json_response({"kind": "Deployment", "status": self.source})

    async def _config_map(self, request: web.Request) -> web.Response:
        found = self.maps[request.match_info["name"]]
        return web.json_response(
            {"metadata": {"resourceVersion": str(self.version)}, "data": found}
        )

    async def _patch(self, request: web.Request) -> web.Response:
        if self.interferes:
            self.interferes()
        change = json.loads(await request.text())
        read = change.get("metadata", {}).get("resourceVersion", str(self.version))
        if read != str(self.version):
            return web.json_response({"kind": "Status", "reason": "Conflict"}, status=409)
        self.version += 1
        name = request.match_info["name"]
        after = self.maps[name] | change["data"]
        self.maps[name] = {key: value for key, value in after.items() if value is not None}
        return await self._config_map(request)


@pytest.fixture
def store(folder_store: DirectoryStore) -> Store:
    return folder_store


@pytest.fixture
async def kubernetes(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeKubernetes]:
    fake = FakeKubernetes()
    async with TestServer(fake.app()) as server:
        monkeypatch.setenv("CNAP_KUBERNETES", str(server.make_url("/")))
        monkeypatch.setenv("CNAP_NAMESPACE", "cnap")
        yield fake


@pytest.fixture
async def start(
    kubernetes: FakeKubernetes,
    database: Redis,
    redis_url: str,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Callable[..., Awaitable[TestClient]]]:
    """Starts a dashboard over an empty Redis, an empty store and a fake Kubernetes API."""
    monkeypatch.setenv("CNAP_STORE", store.url)
    clients: list[TestClient] = []

    async def started(**settings: Any) -> TestClient:
        given = Settings(**({"token": TOKEN, "redis": redis_url} | settings))
        client = TestClient(TestServer(create_app(given)))
        clients.append(client)
        await client.start_server()
        return client

    yield started
    for client in clients:
        await client.close()


@pytest.fixture
async def client(start: Callable[..., Awaitable[TestClient]]) -> TestClient:
    return await start()


@pytest.fixture
def authorised() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}
