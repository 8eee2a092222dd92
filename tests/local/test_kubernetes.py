"""The Kubernetes API that the dashboard and the sources use."""

import asyncio
import json
import os
import signal

import pytest

MERGE = {"Content-Type": "application/merge-patch+json"}
AUTHORIZED = {**MERGE, "Authorization": "Bearer secret"}


@pytest.fixture
async def cameras(run, objects):
    """A runtime with a ConfigMap, its URL, and what the hook was told."""
    told = []
    runtime = await run(
        objects.config_map("cameras", **{"cameras.yaml": "cameras: []"}),
        objects.config_map("other", a="b"),
        changed=lambda name, data: told.append((name, data)),
    )
    return f"{runtime.url}/api/v1/namespaces/cnap/configmaps", told


async def test_services_and_deployments(run, objects, get):
    runtime = await run(objects.service("a"), objects.service("b"))
    listed = await get(runtime, "apis/serving.knative.dev/v1", "services")
    assert [item["metadata"]["name"] for item in listed["items"]] == ["a", "b"]
    assert listed["items"][0]["status"]["conditions"] == [{"type": "Ready", "status": "True"}]
    path = "deployments?labelSelector=serving.knative.dev/service"
    listed = await get(runtime, "apis/apps/v1", path)
    assert [item["metadata"]["labels"] for item in listed["items"]] == [
        {"serving.knative.dev/service": name} for name in "ab"
    ]
    assert listed["items"][0]["spec"] == {"replicas": 0}
    assert listed["items"][0]["status"] == {"replicas": 0, "readyReplicas": 0}
    assert len((await get(runtime, "apis/apps/v1", path + "=a"))["items"]) == 1


async def test_a_deployment_is_available_while_it_runs(run, get):
    command = ["python", "-c", "import time; time.sleep(99)"]
    container = {"image": "dev.local/cnap:test", "command": command}
    spec = {"selector": {}, "template": {"spec": {"containers": [container]}}}
    meta = {"name": "cameras"}
    runtime = await run(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
    )

    async def available():
        found = await get(runtime, "apis/apps/v1", "deployments/cameras")
        (condition,) = found["status"]["conditions"]
        return condition["type"], condition["status"], found["status"]["readyReplicas"]

    async with asyncio.timeout(10):
        while await available() != ("Available", "True", 1):
            await asyncio.sleep(0.02)
    os.kill(runtime._sources[0]._process.pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        while await available() != ("Available", "False", 0):
            await asyncio.sleep(0.02)
    missing = await get(runtime, "apis/apps/v1", "deployments/other")
    assert (missing["kind"], missing["code"]) == ("Status", 404)


async def test_triggers(run, objects, get):
    asked = {"attributes": {"type": "a", "wantsx": "true"}}
    runtime = await run(objects.service(), objects.broker(), objects.trigger("mine", filter=asked))
    (item,) = (await get(runtime, "apis/eventing.knative.dev/v1", "triggers"))["items"]

    assert (item["kind"], item["metadata"]["name"]) == ("Trigger", "mine")
    assert item["spec"]["filter"] == asked
    assert item["status"]["conditions"] == [{"type": "Ready", "status": "True"}]


async def test_reading_a_config_map(http, cameras):
    url, _ = cameras
    async with http.get(f"{url}/cameras") as response:
        item = await response.json()
    assert item["data"] == {"cameras.yaml": "cameras: []"}
    assert item["metadata"]["namespace"] == "cnap"
    async with http.get(url) as response:
        names = [one["metadata"]["name"] for one in (await response.json())["items"]]
    assert names == ["cameras", "other"]


async def test_changing_a_config_map(http, cameras):
    url, told = cameras
    patch = {"data": {"cameras.yaml": "cameras: [{name: gate}]", "gone": None}}
    async with http.patch(f"{url}/cameras", data=json.dumps(patch), headers=AUTHORIZED) as response:
        assert response.status == 200
        changed = await response.json()
    assert changed["data"] == {"cameras.yaml": "cameras: [{name: gate}]"}
    assert told == [("cameras", changed["data"])]
    async with http.get(f"{url}/cameras") as response:
        assert await response.json() == changed


async def test_a_change_of_what_has_changed_since_is_refused(http, cameras):
    url, told = cameras
    async with http.get(f"{url}/cameras") as response:
        version = (await response.json())["metadata"]["resourceVersion"]
    answers = []
    for text in ("mine", "yours"):
        patch = {"metadata": {"resourceVersion": version}, "data": {"cameras.yaml": text}}
        async with http.patch(f"{url}/cameras", json=patch, headers=AUTHORIZED) as response:
            answers.append((response.status, await response.json()))

    assert [status for status, _ in answers] == [200, 409]
    assert answers[1][1]["reason"] == "Conflict"
    assert [data["cameras.yaml"] for _, data in told] == ["mine"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("PATCH", "/cameras", MERGE, "{}", 401),
        ("PATCH", "/cameras", {**MERGE, "Authorization": "Bearer wrong"}, "{}", 401),
        ("PATCH", "/cameras", {**AUTHORIZED, "Content-Type": "application/json"}, "{}", 415),
        ("PATCH", "/cameras", AUTHORIZED, "{", 400),
        ("PATCH", "/cameras", AUTHORIZED, "[]", 400),
        ("PATCH", "/cameras", AUTHORIZED, '{"data": {"a": 1}}', 400),
        ("PATCH", "/cameras", AUTHORIZED, '{"data": []}', 400),
        ("PATCH", "/cameras", AUTHORIZED, '{"metadata": "x"}', 400),
        ("PATCH", "/cameras", AUTHORIZED, '{"metadata": {"resourceVersion": "0"}}', 409),
        ("PATCH", "/none", AUTHORIZED, "{}", 404),
        ("GET", "/none", {}, "", 404),
        ("DELETE", "/cameras", AUTHORIZED, "", 405),
        ("POST", "", AUTHORIZED, "{}", 405),
        ("GET", "?fieldSelector=data.a=b", {}, "", 400),
    ],
)
async def test_what_is_refused(http, cameras, method, path, headers, body, status):
    url, told = cameras
    async with http.request(method, url + path, headers=headers, data=body) as response:
        assert response.status == status
        answer = await response.json()
    assert (answer["kind"], answer["code"]) == ("Status", status)
    assert answer["message"]
    assert not told


async def test_paths_of_the_api_that_are_not_here(run, objects, http):
    runtime = await run(objects.service())
    async with http.get(f"{runtime.url}/api/v1/namespaces/cnap/pods") as response:
        assert response.status == 404
        assert (await response.json())["reason"] == "NotFound"


async def test_watching(http, cameras):
    url, _ = cameras
    watch = f"{url}?watch=true&fieldSelector=metadata.name=cameras"
    async with http.get(watch) as response:

        async def event():
            return json.loads(await asyncio.wait_for(response.content.readline(), 5))

        first = await event()
        assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "cameras")
        for name in ("other", "cameras"):
            patch = json.dumps({"data": {"k": name}})
            async with http.patch(f"{url}/{name}", data=patch, headers=AUTHORIZED) as changed:
                assert changed.status == 200
        second = await event()
    assert (second["type"], second["object"]["data"]["k"]) == ("MODIFIED", "cameras")
    versions = [int(one["object"]["metadata"]["resourceVersion"]) for one in (first, second)]
    assert versions[0] < versions[1]


async def test_a_watch_ends_when_it_is_to(http, cameras):
    url, _ = cameras
    async with http.get(f"{url}?watch=true&timeoutSeconds=1") as response:
        assert len((await asyncio.wait_for(response.text(), 30)).splitlines()) == 2
    async with http.get(f"{url}?watch=true&timeoutSeconds=soon") as response:
        assert response.status == 400
