"""The proxy in front of Services, by host name and on the public port."""

import pytest
from yarl import URL

from cnap.local import ManifestError


@pytest.mark.parametrize("host", ["fn.cnap", "fn.cnap.svc", "FN.cnap.svc.cluster.local:80"])
async def test_a_service_answers_to_its_host_names(run, objects, http, host):
    runtime = await run(objects.service())
    url = URL(f"{runtime.url}/a%20b?x=%2F", encoded=True)
    async with http.get(url, headers={"Host": host}) as response:
        assert response.status == 200
        assert await response.text() == "/a%20b?x=%2F"


async def test_a_strange_host_reaches_nothing(run, objects, http):
    runtime = await run(objects.service(), objects.config_map("cameras"))
    path = "/api/v1/namespaces/cnap/configmaps/cameras"
    async with http.get(runtime.url + path, headers={"Host": "evil.example"}) as response:
        assert response.status == 404
    async with http.get(runtime.url + path, headers={"Host": "localhost:80"}) as response:
        assert response.status == 200


async def test_the_public_service_scales_from_zero(run, objects, http, replicas):
    runtime = await run(objects.service(), objects.service("page", public=True), public_port=0)
    async with http.get(f"{runtime.public_url}/x") as response:
        assert (response.status, await response.text()) == (200, "/x")
    assert (await replicas(runtime, "page"), await replicas(runtime, "fn")) == (1, 0)


async def test_events_are_streamed_as_they_come(run, objects, http, tmp_path):
    page = objects.service("page", public=True)
    runtime = await run(page, public_port=0, env={"STEPS": str(tmp_path)})
    async with http.get(f"{runtime.public_url}/stream") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        for number in range(3):
            # The function goes on only once this one has been seen.
            assert await response.content.readuntil(b"\n\n") == f"data: {number}\n\n".encode()
            (tmp_path / str(number)).touch()
        assert await response.content.read() == b""


async def test_an_answer_that_overruns_is_cut_off(run, objects, http, tmp_path):
    page = objects.service("page", public=True, pod={"timeoutSeconds": 3})
    runtime = await run(page, public_port=0, env={"STEPS": str(tmp_path)})
    async with http.get(f"{runtime.public_url}/stream") as response:
        assert response.status == 200
        with pytest.raises(Exception, match="not completed"):
            await response.read()


async def test_no_replica_is_an_answer_too(run, objects, http):
    page = objects.service("page", "exit", public=True, pod={"timeoutSeconds": 1})
    runtime = await run(page, public_port=0)
    async with http.get(runtime.public_url) as response:
        assert response.status == 504
        assert "exit code 3: no model here" in await response.text()


@pytest.mark.parametrize("names", [[], ["a", "b"]])
async def test_there_is_exactly_one_public_service(run, objects, names):
    services = [objects.service(name, public=True) for name in names]
    with pytest.raises(ManifestError, match="exactly one Service must be public"):
        await run(objects.service("fn"), *services, public_port=0)
