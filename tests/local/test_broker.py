"""Triggers between Services; what a broker answers to HTTP is in tests/contract."""

import pytest

from cnap.local import ManifestError


@pytest.fixture
def send(http):
    async def send(runtime, kind):
        headers = {"ce-specversion": "1.0", "ce-type": kind, "ce-id": "1", "ce-source": "/test"}
        async with http.post(runtime.broker_url("default"), headers=headers) as response:
            return response.status

    return send


async def test_a_trigger_starts_its_service(run, objects, send, replicas):
    runtime = await run(objects.broker(), objects.trigger(), objects.service())
    assert await send(runtime, "ok") == 202
    assert await replicas(runtime) == 1


async def test_a_crash_is_retried_on_another_replica_and_then_buried(
    run, objects, send, ready, replicas
):
    dead = {"ref": {"kind": "Service", "name": "graveyard"}, "uri": "?deadletter=x"}
    delivery = {"retry": 1, "backoffPolicy": "linear", "backoffDelay": "PT0S"}
    runtime = await run(
        objects.broker(),
        objects.trigger(delivery={**delivery, "deadLetterSink": dead}),
        objects.service(),
        objects.service("graveyard", env=[{"name": "CALM"}]),
    )
    assert await send(runtime, "crash.not") == 202
    assert await replicas(runtime, "graveyard") == 0
    assert await send(runtime, "crash") == 202
    assert await replicas(runtime, "graveyard") == 1
    assert "exit code 7" in (await ready(runtime))["message"]


async def test_a_broker_lends_its_triggers_only_its_dead_letter_sink(run, objects, send, replicas):
    dead = {"ref": {"kind": "Service", "name": "graveyard"}}
    runtime = await run(
        objects.broker(delivery={"retry": 5, "backoffDelay": "PT60S", "deadLetterSink": dead}),
        objects.trigger(delivery={"retry": 0}),
        objects.service(pod={"timeoutSeconds": 1}),
        objects.service("graveyard", env=[{"name": "CALM"}]),
    )
    assert await send(runtime, "hang") == 202
    assert await replicas(runtime, "graveyard") == 1


async def test_a_hung_replica_is_replaced_though_the_trigger_gives_up_as_soon(
    run, objects, send, ready
):
    delivery = {"retry": 0, "timeout": "PT2S"}
    runtime = await run(
        objects.broker(),
        objects.trigger(delivery=delivery),
        objects.service(pod={"timeoutSeconds": 2}),
    )
    assert await send(runtime, "ok") == 202
    assert await send(runtime, "hang") == 500
    assert "no answer in 2 s" in (await ready(runtime))["message"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"broker": "none"}, "spec.broker: no Broker 'none' here"),
        ({"service": "none"}, "spec.subscriber.ref: no Service cnap/none here"),
        ({"subscriber": {"uri": "/relative"}}, "spec.subscriber: needs a ref or an absolute uri"),
        ({"delivery": {"timeout": "5s"}}, "'5s' is not an ISO 8601 duration"),
        ({"delivery": {"backoffPolicy": "random"}}, "'random' is neither exponential nor linear"),
        ({"filters": [{"cesql": "type = 'a'"}]}, "SQL filters run only on Knative"),
    ],
)
async def test_a_trigger_that_leads_nowhere(run, objects, spec, message):
    with pytest.raises(ManifestError, match=message) as raised:
        await run(objects.broker(), objects.service(), objects.trigger(**spec))
    assert raised.value.problems[0].count("Trigger/all") == 1
