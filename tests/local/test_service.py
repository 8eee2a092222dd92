"""Services from zero and back, and everything that can go wrong with a replica."""

import asyncio
import json

import pytest

from cnap.local.service import Unanswered


async def test_the_first_request_starts_a_replica_and_is_answered(run, objects, post, replicas):
    runtime = await run(objects.service())
    assert await replicas(runtime) == 0
    assert (await post(runtime))[0] == 204
    assert await replicas(runtime) == 1


async def test_min_scale_and_initial_scale_run_from_the_start(run, objects, replicas):
    runtime = await run(
        objects.service("a", annotations={"autoscaling.knative.dev/min-scale": "2"}),
        objects.service("b", annotations={"autoscaling.knative.dev/initial-scale": "1"}),
    )
    assert (await replicas(runtime, "a"), await replicas(runtime, "b")) == (2, 1)


async def test_what_a_container_gets(run, objects, post):
    env = [{"name": "OWN", "value": "1"}, {"name": "LEVEL", "value": "info"}]
    service = objects.service(env=env, pod={"serviceAccountName": "cameras"})
    runtime = await run(service, env={"LEVEL": "debug"})
    names = "K_SERVICE K_REVISION K_CONFIGURATION OWN LEVEL CNAP_KUBERNETES CNAP_NAMESPACE"
    _, text = await post(runtime, "env", f"{names} CNAP_KUBERNETES_TOKEN".encode())
    assert json.loads(text) == {
        "K_SERVICE": "fn",
        "K_REVISION": "fn-00001",
        "K_CONFIGURATION": "fn",
        "OWN": "1",
        "LEVEL": "debug",
        "CNAP_KUBERNETES": runtime.url,
        "CNAP_NAMESPACE": "cnap",
        "CNAP_KUBERNETES_TOKEN": "secret",
    }


async def test_the_default_account_gets_no_token(run, objects, post):
    runtime = await run(objects.service())
    _, text = await post(runtime, "env", b"CNAP_KUBERNETES_TOKEN")
    assert json.loads(text) == {"CNAP_KUBERNETES_TOKEN": None}


async def test_concurrency_starts_more_replicas(run, objects, post, replicas, until, tmp_path):
    full = {"autoscaling.knative.dev/target-utilization-percentage": "100"}
    service = objects.service(annotations=full, pod={"containerConcurrency": 1})
    runtime = await run(service, env={"STEPS": str(tmp_path)})
    working = [asyncio.create_task(post(runtime, "wait")) for _ in range(3)]

    async def three():
        return await replicas(runtime) == 3

    await until(three)
    (tmp_path / "go").touch()
    assert [status for status, _ in await asyncio.gather(*working)] == [204] * 3


async def test_max_scale_makes_the_others_wait(run, objects, post, replicas):
    limit = {"autoscaling.knative.dev/max-scale": "1"}
    runtime = await run(objects.service(annotations=limit, pod={"containerConcurrency": 1}))
    answers = await asyncio.gather(*(post(runtime, "work") for _ in range(3)))
    assert [status for status, _ in answers] == [204] * 3
    assert await replicas(runtime) == 1


async def test_a_replica_waits_for_its_readiness_probe(run, objects, post, tmp_path):
    healthy = tmp_path / "healthy"
    probe = {"httpGet": {"path": "/health/any"}}
    runtime = await run(objects.service("fn", str(healthy), readinessProbe=probe))
    asking = asyncio.create_task(post(runtime))
    await asyncio.sleep(0.5)
    assert not asking.done()
    healthy.touch()
    assert (await asking)[0] == 204


async def test_never_ready(run, objects, post, ready):
    deadline = {"serving.knative.dev/progress-deadline": "500ms"}
    pod = {"timeoutSeconds": 2}
    runtime = await run(objects.service("fn", "/none", annotations=deadline, pod=pod))
    status, text = await post(runtime)
    assert status == 504
    assert text.startswith("activator request timeout: fn-00001-")
    assert "not ready 0.5 s after its start" in text
    assert (await ready(runtime))["status"] == "False"


async def test_a_replica_that_ends_at_its_start(run, objects, post, ready):
    runtime = await run(objects.service("fn", "exit", pod={"timeoutSeconds": 1}))
    status, text = await post(runtime)
    assert status == 504
    assert "exit code 3: no model here" in text
    condition = await ready(runtime)
    assert (condition["status"], condition["reason"]) == ("False", "ReplicaFailed")
    assert "exit code 3: no model here" in condition["message"]


async def test_nobody_waits_for_what_fails_again_and_again(run, objects, post):
    runtime = await run(objects.service("fn", "exit", pod={"timeoutSeconds": 600}))
    for _ in range(2):
        status, text = await post(runtime)
        assert status == 503
        assert "does not start" in text
        assert "exit code 3: no model here" in text


async def test_a_program_that_is_not_there(run, objects, post):
    service = objects.service(command=["/nowhere/python"], pod={"timeoutSeconds": 1})
    status, text = await post(await run(service))
    assert status == 504
    assert "cannot run /nowhere/python: No such file or directory" in text


@pytest.mark.parametrize("kind", ["crash", "half"])
async def test_a_crash_is_a_502_and_another_replica_takes_over(run, objects, post, ready, kind):
    runtime = await run(objects.service())
    if kind == "half":
        with pytest.raises(Exception, match="not completed"):
            await post(runtime, kind)
    else:
        status, text = await post(runtime, kind)
        assert status == 502
        assert "exit code 7: about to crash" in text
    assert (await post(runtime))[0] == 204
    assert (await ready(runtime))["status"] == "True"


async def test_a_hung_replica_is_replaced(run, objects, post):
    runtime = await run(objects.service(pod={"timeoutSeconds": 3}))
    _, first = await post(runtime, "env", b"pid")
    status, text = await post(runtime, "hang")
    assert (status, text.split(":")[0]) == (504, "activator request timeout")
    _, second = await post(runtime, "env", b"pid")
    assert first != second


async def test_a_replica_that_stops_being_alive_is_replaced(run, objects, post, tmp_path, until):
    healthy = tmp_path / "healthy"
    healthy.touch()
    probe = {"httpGet": {"path": "/health/liveness"}, "periodSeconds": 0.05, "failureThreshold": 2}
    runtime = await run(objects.service("fn", str(healthy), livenessProbe=probe))
    _, first = await post(runtime, "env", b"pid")
    healthy.unlink()

    async def lost():
        return "liveness" in runtime._services["fn.cnap.svc.cluster.local"].pool.failure

    await until(lost)
    healthy.touch()
    assert (await post(runtime, "env", b"pid"))[1] != first


async def test_a_request_that_gives_up_leaves_no_trace(run, objects, post, tmp_path):
    healthy = tmp_path / "healthy"
    runtime = await run(objects.service("fn", str(healthy), pod={"containerConcurrency": 1}))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await post(runtime)
    healthy.touch()
    assert (await post(runtime))[0] == 204
    assert (await post(runtime))[0] == 204


async def test_what_is_in_flight_finishes_before_a_replica_ends(
    run, objects, post, replicas, until
):
    runtime = await run(objects.service())
    await post(runtime)
    working = asyncio.create_task(post(runtime, "work"))
    await asyncio.sleep(0.1)
    runtime._services["fn.cnap.svc.cluster.local"].pool.scale_to(0)
    assert (await working)[0] == 204

    async def gone():
        return await replicas(runtime) == 0

    await until(gone)


async def test_scale_to_zero_and_back(run, objects, post, replicas, until):
    window = {"autoscaling.knative.dev/window": "6s"}
    runtime = await run(objects.service(annotations=window))
    await post(runtime)

    async def gone():
        return await replicas(runtime) == 0

    await until(gone, seconds=20)
    assert (await post(runtime))[0] == 204


async def test_a_full_queue(run, objects, monkeypatch):
    monkeypatch.setattr("cnap.local.service.QUEUE_DEPTH", 0)
    runtime = await run(objects.service())
    service = runtime._services["fn.cnap.svc.cluster.local"]
    with pytest.raises(Unanswered) as raised:
        async with service.request("POST", "/", {}, b""):
            pass
    assert raised.value.status == 503
