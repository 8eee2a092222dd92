"""The runtime's own port as a Broker's ingress."""

from cnap.local import ingress

EVENT = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/a", "ce-type": "b"}


async def test_an_event_that_is_too_large_is_refused_and_the_next_one_taken(
    run, objects, http, monkeypatch
):
    monkeypatch.setattr(ingress, "MAX_BODY", 1000)
    runtime = await run(objects.broker())
    for body, status in ((b"x" * 1001, 413), (b"x" * 1000, 202)):
        async with http.post(runtime.broker_url(), data=body, headers=EVENT) as response:
            assert response.status == status
