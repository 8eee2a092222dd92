"""What is asked of the Kubernetes API, and what of its answers."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cnap import kubernetes
from cnap.kubernetes import Kubernetes


@pytest.fixture
async def watched(monkeypatch):
    """A Kubernetes whose API server gives these texts as the ConfigMap's, and then says nothing."""
    texts, asked = [], []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.query)
        response = web.StreamResponse()
        await response.prepare(request)
        for text in texts:
            change = {"type": "MODIFIED", "object": {"data": {"cameras.yaml": text}}}
            await response.write(json.dumps(change).encode() + b"\n")
        while not request.transport.is_closing():
            await asyncio.sleep(0.05)
        return response

    app = web.Application()
    app.router.add_get("/api/v1/namespaces/cnap/configmaps", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        monkeypatch.setenv("CNAP_KUBERNETES", str(server.make_url("")))
        yield Kubernetes(session), texts, asked


async def test_a_long_list_of_cameras_is_watched(watched):
    client, texts, asked = watched
    texts += ["x" * 500_000, "\N{BLACK STAR}" * 170_000]  # each of these is six bytes of JSON

    changes = client.watch_config_map("cameras")
    assert [(await anext(changes))["cameras.yaml"] for _ in texts] == texts
    await changes.aclose()
    (query,) = asked
    assert query["fieldSelector"] == "metadata.name=cameras"
    assert int(query["timeoutSeconds"]) < kubernetes.SILENT


async def test_a_server_that_is_not_there_any_more_is_noticed(watched, monkeypatch):
    client, texts, _ = watched
    monkeypatch.setattr(kubernetes, "SILENT", 0.2)
    texts.append("cameras: []")

    changes = client.watch_config_map("cameras")
    assert await anext(changes)
    with pytest.raises(TimeoutError):
        await anext(changes)
