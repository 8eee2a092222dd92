"""ContainerSource, SinkBinding and PingSource."""

import asyncio
import json
from datetime import timedelta

import pytest
from aiohttp import web
from multidict import CIMultiDict

from cnap.local import ManifestError

SOURCES = "sources.knative.dev/v1"
SCRIPT = """
import json, os, pathlib, sys, urllib.request
log = pathlib.Path(sys.argv[1])
seen = {name: os.environ.get(name) for name in ("K_SINK", "K_CE_OVERRIDES", "OWN")}
with log.open("a") as file:
    file.write(json.dumps(seen) + "\\n")
sys.exit(int(sys.argv[2]) if len(log.read_text().splitlines()) < 2 else 0)
"""


def pod(objects, tmp_path, code=0):
    script = tmp_path / "source.py"
    script.write_text(SCRIPT)
    command = ["python", str(script), str(tmp_path / "log"), str(code)]
    env = [{"name": "OWN", "value": "1"}]
    return {"spec": {"containers": [objects.container(command=command, env=env)]}}


def source(kind, **spec):
    return {"apiVersion": SOURCES, "kind": kind, "metadata": {"name": "cameras"}, "spec": spec}


def deployment(template, name="cameras"):
    metadata = {"name": name}
    spec = {"template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


BROKER = {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"}}


@pytest.fixture
def lines(tmp_path, until):
    """What the source wrote, once it has written that many lines."""

    async def lines(count):
        log = tmp_path / "log"

        async def written():
            return log.exists() and len(log.read_text().splitlines()) >= count

        await until(written)
        return [json.loads(line) for line in log.read_text().splitlines()]

    return lines


async def test_a_container_source_gets_its_sink(run, objects, tmp_path, lines):
    overrides = {"extensions": {"site": "north"}}
    template = pod(objects, tmp_path)
    runtime = await run(
        objects.broker(),
        source("ContainerSource", template=template, sink=BROKER, ceOverrides=overrides),
    )
    (seen,) = await lines(1)
    assert seen["K_SINK"] == runtime.broker_url("default")
    assert json.loads(seen["K_CE_OVERRIDES"]) == overrides
    assert seen["OWN"] == "1"


async def test_a_sink_binding_binds_a_deployment(run, objects, tmp_path, lines):
    subject = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cameras"}
    runtime = await run(
        objects.broker(),
        deployment(pod(objects, tmp_path)),
        source("SinkBinding", subject=subject, sink=BROKER),
    )
    (seen,) = await lines(1)
    assert (seen["K_SINK"], seen["K_CE_OVERRIDES"]) == (runtime.broker_url("default"), "")


async def test_a_service_as_a_sink_has_an_address_of_its_own(run, objects, tmp_path, lines, http):
    sink = {"ref": {"kind": "Service", "name": "fn"}, "uri": "/x?y=1"}
    template = pod(objects, tmp_path)
    await run(objects.service(), source("ContainerSource", template=template, sink=sink))
    (seen,) = await lines(1)
    async with http.get(seen["K_SINK"]) as response:
        assert await response.text() == "/x?y=1"


async def test_a_source_that_fails_is_started_again(run, objects, tmp_path, lines):
    template = pod(objects, tmp_path, code=1)
    await run(objects.broker(), source("ContainerSource", template=template, sink=BROKER))
    assert len(await lines(2)) == 2


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        ({"kind": "Deployment", "name": "none"}, "no Deployment 'none' here"),
        ({"kind": "Job", "name": "cameras"}, "must name a Deployment"),
    ],
)
async def test_a_binding_to_nothing(run, objects, tmp_path, subject, message):
    with pytest.raises(ManifestError, match=message):
        await run(
            objects.broker(),
            deployment(pod(objects, tmp_path)),
            source("SinkBinding", subject=subject, sink=BROKER),
        )


async def test_a_ping_source_posts_its_data(run, monkeypatch):
    received = asyncio.get_running_loop().create_future()

    async def handle(request):
        if not received.done():
            received.set_result(
                (request.path_qs, CIMultiDict(request.headers), await request.text())
            )
        return web.Response(status=204)

    server = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", 0).start()
    # Due in a moment, not at the next full minute.
    soon = timedelta(seconds=0.1)
    monkeypatch.setattr("cnap.local.cron.Schedule.after", lambda self, moment: moment + soon)
    await run(
        source(
            "PingSource",
            schedule="* * * * *",
            contentType="application/json",
            data='{"a": 1}',
            sink={"uri": f"http://127.0.0.1:{server.addresses[0][1]}/ping?x"},
            ceOverrides={"extensions": {"site": "north"}},
        )
    )
    path, headers, body = await asyncio.wait_for(received, 5)
    await server.cleanup()
    assert (path, body) == ("/ping?x", '{"a": 1}')
    assert headers["ce-type"] == "dev.knative.sources.ping"
    assert headers["ce-source"] == "/apis/v1/namespaces/cnap/pingsources/cameras"
    assert (headers["ce-site"], headers["content-type"]) == ("north", "application/json")
    assert headers["ce-time"].endswith("Z")


@pytest.mark.parametrize("spec", [{"schedule": "never"}, {"timezone": "Nowhere/None"}])
async def test_a_ping_source_that_is_never_due(run, spec):
    with pytest.raises(ManifestError, match=r"PingSource/cameras: spec\.schedule"):
        await run(source("PingSource", sink={"uri": "http://127.0.0.1:9"}, **spec))
