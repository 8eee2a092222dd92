import json
import re
from collections.abc import Callable
from typing import Any

import fastjsonschema
from aiohttp.test_utils import TestClient
from redis import Redis

from cnap.cameras import Camera, schema
from cnap.dashboard.app import create_app
from cnap.dashboard.settings import Settings
from cnap.events.stages import STAGES
from cnap.events.state import STATES
from tests.dashboard.conftest import FakeKubernetes
from tests.dashboard.ledger import infer, tell
from tests.dashboard.test_events import first


async def document(client: TestClient) -> dict:
    return await (await client.get("/api/openapi.json")).json()


async def test_it_names_every_route_and_no_other(client: TestClient) -> None:
    described = {
        (method.upper(), path)
        for path, methods in (await document(client))["paths"].items()
        for method in methods
        if method != "parameters"
    }
    routes = {
        (route.method, route.resource.canonical)
        for route in create_app(Settings()).router.routes()
        if route.method != "HEAD" and route.resource.canonical.startswith(("/api/", "/streams/"))
    }

    assert described == routes


def inlined(part: Any) -> Any:
    """A part of cameras.schema.json without references, and without what is for editors."""
    if isinstance(part, dict):
        if set(part) == {"$ref"}:
            return inlined(schema.document()["definitions"][part["$ref"].split("/")[-1]])
        return {k: inlined(v) for k, v in part.items() if k != "patternErrorMessage"}
    return [inlined(one) for one in part] if isinstance(part, list) else part


async def test_a_camera_is_what_cameras_yaml_says_it_is(client: TestClient) -> None:
    schemas = (await document(client))["components"]["schemas"]
    camera = inlined(schema.document()["definitions"]["camera"])

    assert schemas["Camera"] == camera
    for name in ("CameraFields", "CameraChange"):
        assert set(schemas[name]["properties"]) == set(camera["properties"])


async def test_states_are_those_that_sources_tell(client: TestClient) -> None:
    schemas = (await document(client))["components"]["schemas"]

    assert schemas["Stream"]["properties"]["state"]["enum"] == list(STATES)


async def test_the_status_is_as_it_says(
    client: TestClient, database: Redis, kubernetes: FakeKubernetes
) -> None:
    kubernetes.cameras = [Camera("door", "door.mp4", ("yolox-nano",))]
    tell(database, "gate")
    infer(database, "gate", 0)
    check = checking(await document(client), "Status")

    check(await (await client.get("/api/status")).json())


async def test_a_result_is_as_it_says(client: TestClient, database: Redis) -> None:
    openapi = await document(client)
    told = openapi["components"]["schemas"]["Result"]["properties"]["timings"]["example"]
    tell(database, "gate")
    async with client.get("/api/events") as response:
        await first(response, "status")
        infer(database, "gate", 0, wake=True, timings=told)
        _, result, _ = await first(response, "result")

    assert tuple(told) == STAGES
    assert checking(openapi, "Result")(result)["timings"] == told


def checking(openapi: dict, name: str) -> Callable[[Any], Any]:
    """The check against one of the document's schemas, which raises or gives what it checked."""
    whole = {"$ref": f"#/definitions/{name}", "definitions": openapi["components"]["schemas"]}
    text = re.sub(r"#/components/schemas/", "#/definitions/", json.dumps(whole))
    return fastjsonschema.compile(json.loads(text))
