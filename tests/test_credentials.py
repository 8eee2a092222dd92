"""The passwords that are made in a cluster: random, once, and never instead of a person's own."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cnap import credentials
from cnap.errors import Unavailable


@pytest.fixture
async def secrets(monkeypatch):
    """The Secrets of a cluster's API; `forbidden` among them, and nothing can be made."""
    made: dict[str, dict[str, str]] = {}

    async def create(request: web.Request) -> web.Response:
        body = await request.json()
        name = body["metadata"]["name"]
        if "forbidden" in made:
            return web.json_response({"reason": "Forbidden"}, status=403)
        if name in made:
            return web.json_response({"reason": "AlreadyExists"}, status=409)
        made[name] = body["stringData"]
        return web.json_response(body, status=201)

    app = web.Application()
    app.router.add_post("/api/v1/namespaces/gate/secrets", create)
    async with TestServer(app) as server:
        monkeypatch.setenv("CNAP_KUBERNETES", str(server.make_url("")))
        monkeypatch.setenv("CNAP_NAMESPACE", "gate")
        yield made


async def test_they_are_made_once_and_fit_each_other(secrets):
    await credentials.create()
    first = {name: dict(data) for name, data in secrets.items()}
    await credentials.create()

    assert secrets == first
    assert set(first) == {"cnap", "cnap-control"}
    assert f":{first['cnap']['REDIS_PASSWORD']}@" in first["cnap"]["CNAP_REDIS"]
    assert len(first["cnap-control"]["token"]) >= 32


async def test_what_a_person_has_made_stays(secrets):
    secrets["cnap"] = {"AWS_ACCESS_KEY_ID": "mine"}
    await credentials.create()

    assert secrets["cnap"] == {"AWS_ACCESS_KEY_ID": "mine"}
    assert "cnap-control" in secrets


async def test_a_cluster_that_refuses_is_told_so(secrets):
    secrets["forbidden"] = {}

    with pytest.raises(Unavailable, match="403"):
        await credentials.create()


def test_no_two_clusters_have_the_same():
    one, other = credentials.generated(), credentials.generated()

    assert one["cnap-control"] != other["cnap-control"]
    assert one["cnap"]["AWS_SECRET_ACCESS_KEY"] != other["cnap"]["AWS_SECRET_ACCESS_KEY"]
    assert one["cnap"]["REDIS_PASSWORD"] != other["cnap"]["REDIS_PASSWORD"]
