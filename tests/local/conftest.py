"""Runs YAML made of plain objects on a local runtime."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
import yaml

from cnap.local import Runtime

FUNCTION = str(Path(__file__).parent / "function.py")
TOKEN = "secret"


def meta(name, **more):
    return {"name": name, **more}


@pytest.fixture
def objects():
    """Builders of the objects that the tests' YAML is made of."""

    class Objects:
        @staticmethod
        def container(*args, **fields):
            command = ["python", FUNCTION, *args]
            return {"image": "dev.local/cnap:test", "command": command, **fields}

        @classmethod
        def service(cls, name="fn", *args, public=False, annotations=None, pod=None, **fields):
            labels = {} if public else {"networking.knative.dev/visibility": "cluster-local"}
            spec = {"containers": [cls.container(*args, **fields)], **(pod or {})}
            template = {"metadata": {"annotations": annotations or {}}, "spec": spec}
            return {
                "apiVersion": "serving.knative.dev/v1",
                "kind": "Service",
                "metadata": meta(name, labels=labels),
                "spec": {"template": template},
            }

        @staticmethod
        def broker(**spec):
            return {
                "apiVersion": "eventing.knative.dev/v1",
                "kind": "Broker",
                "metadata": meta("default"),
                "spec": {"delivery": {"retry": 0}, **spec},
            }

        @staticmethod
        def trigger(name="all", service="fn", **spec):
            subscriber = {"ref": {"kind": "Service", "name": service}}
            return {
                "apiVersion": "eventing.knative.dev/v1",
                "kind": "Trigger",
                "metadata": meta(name),
                "spec": {"broker": "default", "subscriber": subscriber, **spec},
            }

        @staticmethod
        def config_map(name, **data):
            return {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": meta(name),
                "data": data,
            }

    return Objects


@pytest.fixture
async def run(tmp_path):
    """Starts a runtime of some objects; what was started ends with the test."""
    started = []

    async def run(*documents, **options):
        file = tmp_path / f"{len(started)}.yaml"
        file.write_text(yaml.safe_dump_all(documents))
        runtime = Runtime([file], token=TOKEN, **options)
        await runtime.start()
        started.append(runtime)
        return runtime

    yield run
    for runtime in started:
        await runtime.stop()


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


@pytest.fixture
def post(http):
    """Posts an event straight to a Service; the status and the text of its answer."""

    async def post(runtime, kind="ok", body=b"", service="fn"):
        headers = {
            "Host": f"{service}.cnap.svc.cluster.local",
            "ce-specversion": "1.0",
            "ce-type": kind,
            "ce-id": "1",
            "ce-source": "/test",
        }
        async with http.post(runtime.url, headers=headers, data=body) as response:
            return response.status, await response.text()

    return post


@pytest.fixture
def get(http):
    """GETs a path of the Kubernetes API, under the namespace."""

    async def get(runtime, group, path):
        url = f"{runtime.url}/{group}/namespaces/cnap/{path}"
        async with http.get(url) as response:
            return await response.json()

    return get


@pytest.fixture
def ready(get):
    """The Ready condition of a Service."""

    async def ready(runtime, service="fn"):
        listed = await get(runtime, "apis/serving.knative.dev/v1", "services")
        (item,) = [one for one in listed["items"] if one["metadata"]["name"] == service]
        (condition,) = item["status"]["conditions"]
        return condition

    return ready


@pytest.fixture
def replicas(get):
    """How many replicas a Service has."""

    async def replicas(runtime, service="fn"):
        listed = await get(runtime, "apis/apps/v1", "deployments")
        for item in listed["items"]:
            if item["metadata"]["labels"]["serving.knative.dev/service"] == service:
                return item["status"]["replicas"]
        raise LookupError(service)

    return replicas


@pytest.fixture
def until():
    """Waits until something is so."""

    async def until(holds, seconds=10):
        async with asyncio.timeout(seconds):
            while not await holds():
                await asyncio.sleep(0.02)

    return until
