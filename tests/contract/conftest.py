"""The broker under test: the local runtime's, or any other.

CNAP_BROKER_URL points the same tables at another broker, http://HOST/NAMESPACE/NAME. The
Broker and its Triggers are applied there with CNAP_KUBECTL (`kubectl` unless set), and
CNAP_SINK_URL, http://ADDRESS:PORT, is where the tests listen for what it delivers: an address
of this machine that the cluster can reach.
"""

import asyncio
import os
import shlex
import string
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from cnap.local import Runtime

MANIFEST = Path(__file__).parent / "broker.yaml"
BROKER_URL = os.environ.get("CNAP_BROKER_URL")
SINK_URL = os.environ.get("CNAP_SINK_URL", "http://127.0.0.1:0")


@dataclass
class Delivered:
    """A request that reached the sink."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Sink:
    """Answers each path with what the test has scripted, 204 unless it has: the first of the
    list first, the last of it for ever."""

    url: str = ""
    delivered: list[Delivered] = field(default_factory=list)
    answers: dict[str, list] = field(default_factory=lambda: defaultdict(lambda: [(204, {}, b"")]))

    def answer(self, path, *answers):
        self.answers[path] = list(answers)

    def paths(self):
        return [request.path for request in self.delivered]

    async def handle(self, request):
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.delivered.append(Delivered(request.path_qs, headers, await request.content.read()))
        script = self.answers[request.path]
        answer = script.pop(0) if len(script) > 1 else script[0]
        status, headers, body = await answer() if callable(answer) else answer
        return web.Response(status=status, headers=headers, body=body)


@pytest.fixture
async def sink():
    sink = Sink()
    runner = web.ServerRunner(web.Server(sink.handle), shutdown_timeout=0.1)
    await runner.setup()
    where = urlsplit(SINK_URL)
    await web.TCPSite(runner, where.hostname, where.port).start()
    sink.url = f"http://{where.hostname}:{runner.addresses[0][1]}"
    yield sink
    await runner.cleanup()


def manifest(broker, sink_url):
    variables = {"BROKER": broker, "SINK": sink_url, "SINK_HOST": urlsplit(sink_url).hostname}
    return string.Template(MANIFEST.read_text()).substitute(variables)


@pytest.fixture(scope="session")
def applied():
    """The Broker and Triggers on the cluster, where the tests are pointed at one."""
    if not BROKER_URL:
        yield
        return
    namespace, name = urlsplit(BROKER_URL).path.strip("/").split("/")
    kubectl = [*shlex.split(os.environ.get("CNAP_KUBECTL", "kubectl")), "-n", namespace]
    text = manifest(name, SINK_URL).encode()
    subprocess.run([*kubectl, "apply", "-f", "-"], input=text, check=True)
    wait = ["wait", "--for=condition=Ready", "broker,trigger", "--all", "--timeout=60s"]
    subprocess.run([*kubectl, *wait], check=True)
    yield
    subprocess.run([*kubectl, "delete", "-f", "-"], input=text, check=True)


@pytest.fixture
async def broker_url(applied, sink, tmp_path):
    if BROKER_URL:
        yield BROKER_URL
        return
    file = tmp_path / "broker.yaml"
    file.write_text(manifest("default", sink.url))
    runtime = Runtime([file], namespace="contract")
    await runtime.start()
    yield runtime.broker_url("default")
    await runtime.stop()


@pytest.fixture
async def send(broker_url):
    """Sends a request to the broker; the event's headers are those of `plain` unless said."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:

        async def send(headers=None, body=b'{"a":1}', method="POST", path=None, timeout=60):
            parts = urlsplit(broker_url)
            url = f"{parts.scheme}://{parts.netloc}{path}" if path is not None else broker_url
            async with asyncio.timeout(timeout):
                async with session.request(method, url, headers=headers, data=body) as response:
                    await response.read()
                    return response

        yield send
