import re

import fastjsonschema
from aiohttp.test_utils import TestClient
from redis import Redis

from cnap.cameras import Camera
from cnap.dashboard.app import create_app
from cnap.dashboard.settings import Settings
from tests.dashboard.conftest import FakeKubernetes
from tests.dashboard.ledger import infer, tell


async def document(client: TestClient) -> dict:
    return await (await client.get("/api/openapi.json")).json()


async def test_it_names_every_route_and_no_other(client: TestClient) -> None:
    described = {
        (method.upper(), path)
        for path, methods in (await document(client))["paths"].items()
        for method in methods
    }
    routes = {
        (route.method, route.resource.canonical)
        for route in create_app(Settings()).router.routes()
        if route.method != "HEAD" and route.resource.canonical.startswith("/api/")
    }

    assert described == routes


async def test_the_status_is_as_it_says(
    client: TestClient, database: Redis, kubernetes: FakeKubernetes
) -> None:
    kubernetes.cameras = [Camera("door", "door.mp4", ("yolox-nano",))]
    tell(database, "gate")
    infer(database, "gate", 0)
    openapi = await document(client)
    schema = {"$ref": "#/definitions/Status", "definitions": openapi["components"]["schemas"]}
    text = re.sub(r"#/components/schemas/", "#/definitions/", str(schema))
    check = fastjsonschema.compile(eval(text))

    check(await (await client.get("/api/status")).json())
