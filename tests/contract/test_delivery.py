"""What the broker makes of a subscriber's answers: retries, replies, dead letters."""

import asyncio
import base64

import pytest

EVENT = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/streams/gate",
    "ce-keyid": "a1",
    "content-type": "application/json",
}
REPLY = {
    "ce-specversion": "1.0",
    "ce-type": "answer",
    "ce-id": "2",
    "ce-source": "/streams/gate/transcode",
    "content-type": "application/json",
}
DEAD = "/dead?deadletter=buried"


def event(kind, **more):
    return {**EVENT, "ce-type": kind, **more}


def errors(request):
    """The knativeerror attributes of a dead letter."""
    prefix = "ce-knativeerror"
    return {k.removeprefix(prefix): v for k, v in request.headers.items() if k.startswith(prefix)}


@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 206])
async def test_success(send, sink, status):
    sink.answer("/buried", (status, {}, b""))
    assert (await send(event("buried"))).status == 202
    assert sink.paths() == ["/buried"]


@pytest.mark.parametrize("status", [404, 408, 409, 429, 500, 501, 502, 503, 504, 505, 511, 599])
async def test_retried_and_then_buried(send, sink, status):
    sink.answer("/buried", (status, {}, b""))
    assert (await send(event("buried"))).status == 202
    assert sink.paths() == ["/buried"] * 3 + [DEAD]


@pytest.mark.parametrize(
    "status", [300, 304, 400, 401, 403, 405, 410, 413, 415, 422, 425, 451, 499]
)
async def test_buried_at_once(send, sink, status):
    sink.answer("/buried", (status, {}, b""))
    assert (await send(event("buried"))).status == 202
    assert sink.paths() == ["/buried", DEAD]


async def test_a_retry_that_succeeds_is_the_end(send, sink):
    sink.answer("/buried", (503, {"retry-after": "30"}, b""), (204, {}, b""))
    assert (await send(event("buried"), timeout=20)).status == 202
    assert sink.paths() == ["/buried"] * 2


async def test_a_dead_letter_is_the_event_and_says_why(send, sink):
    sink.answer("/buried", (400, {"content-type": "text/plain"}, "poison é".encode()))
    await send(event("buried"), b'{"a":1}')
    failed, letter = sink.delivered
    assert errors(letter) == {
        "dest": f"{sink.url}/buried",
        "code": "400",
        "data": base64.b64encode("poison é".encode()).decode(),
    }
    assert letter.headers["ce-knativebrokerttl"] == "255"
    assert letter.body == failed.body == b'{"a":1}'
    own = {name for name in EVENT if name.startswith("ce-")} | {"ce-type", "content-type"}
    assert {n: letter.headers[n] for n in own} == {n: failed.headers[n] for n in own}


async def test_an_error_without_a_body(send, sink):
    sink.answer("/buried", (400, {}, b""))
    await send(event("buried"))
    assert errors(sink.delivered[-1])["data"] == ""


@pytest.mark.parametrize(
    "reply",
    [
        (200, {"content-type": "text/html"}, b"<p>"),
        (200, {}, b" "),
        (200, {"content-type": "application/json"}, b"{}"),
        (200, {"content-type": "application/cloudevents+json"}, b"{}"),
        (200, {"content-type": "application/cloudevents-batch+json"}, b"[]"),
    ],
)
async def test_an_answer_that_is_no_event_is_a_failure_without_a_reason(send, sink, reply):
    sink.answer("/buried", reply)
    assert (await send(event("buried"))).status == 202
    assert sink.paths() == ["/buried"] * 3 + [DEAD]
    assert errors(sink.delivered[-1]) == {}


async def test_no_answer_in_time_is_a_failure_without_a_reason(send, sink):
    async def hang():
        await asyncio.sleep(3)
        return 204, {}, b""

    sink.answer("/slow", hang)
    assert (await send(event("slow"))).status == 202
    assert sink.paths() == ["/slow", "/slow", "/dead"]
    assert errors(sink.delivered[-1]) == {}


async def test_nobody_there(send, sink):
    assert (await send(event("unreachable"))).status == 202
    assert sink.paths() == ["/dead"]
    assert errors(sink.delivered[0])["code"] == "500"


@pytest.mark.parametrize("status", [400, 500])
async def test_what_cannot_be_buried_is_told_to_the_sender(send, sink, status):
    sink.answer("/answer", (status, {}, b""))
    assert (await send(event("answer"))).status == 500


async def test_a_dead_letter_sink_that_fails_is_retried_and_told_to_the_sender(send, sink):
    sink.answer("/buried", (400, {}, b""))
    sink.answer("/dead", (500, {}, b""))
    assert (await send(event("buried"))).status == 500
    assert sink.paths() == ["/buried", *[DEAD] * 3]


@pytest.mark.parametrize("answer", [(200, REPLY, b"1"), (200, {}, b"<p>")])
async def test_what_a_dead_letter_sink_answers_goes_nowhere(send, sink, answer):
    sink.answer("/buried", (400, {}, b""))
    sink.answer("/dead", answer)
    assert (await send(event("buried"))).status == 202
    assert sink.paths() == ["/buried", DEAD]


@pytest.mark.parametrize(
    "answer",
    [
        (200, REPLY, b'{"b":1}'),
        (202, REPLY, b'{"b":1}'),
        (200, REPLY, b""),
        (204, REPLY, b""),
        (
            200,
            {"content-type": "application/cloudevents+json"},
            b'{"specversion":"1.0","type":"answer","id":"2","source":"/streams/gate/transcode"}',
        ),
    ],
)
async def test_a_reply_goes_through_the_broker(send, sink, answer):
    sink.answer("/ask", answer)
    assert (await send(event("ask"))).status == 202
    assert sink.paths() == ["/ask", "/answer"]
    delivered = sink.delivered[1].headers
    assert (delivered["ce-id"], delivered["ce-source"]) == ("2", "/streams/gate/transcode")
    assert "ce-keyid" not in delivered


async def test_a_reply_that_the_broker_refuses_buries_the_event(send, sink):
    sink.answer("/ask", (200, {"ce-specversion": "1.0", "ce-type": "answer"}, b"1"))
    assert (await send(event("ask"))).status == 202
    assert sink.paths() == ["/ask", "/dead"]
    assert errors(sink.delivered[-1])["code"] == "400"
    assert errors(sink.delivered[-1])["dest"].startswith("http://broker-ingress.")


@pytest.mark.parametrize("status", [400, 500])
async def test_a_reply_that_fails_further_on_is_sent_again_and_buries_the_first(send, sink, status):
    sink.answer("/ask", (200, REPLY, b"1"))
    sink.answer("/answer", (status, {}, b""))
    assert (await send(event("ask"))).status == 202
    assert sink.paths() == ["/ask", "/answer", "/answer", "/dead"]
    assert sink.delivered[-1].headers["ce-type"] == "ask"


@pytest.mark.parametrize(("failing", "status"), [(None, 202), ("/both-one", 500)])
async def test_every_trigger_has_its_own_delivery(send, sink, failing, status):
    if failing:
        sink.answer(failing, (500, {}, b""))
    assert (await send(event("both"))).status == status
    assert sorted(sink.paths()) == ["/both-one", "/both-other"]


async def test_a_loop_ends(send, sink):
    sink.answer("/loop", (200, {**REPLY, "ce-type": "loop"}, b"1"))
    assert (await send(event("loop", **{"ce-knativebrokerttl": "4"}))).status == 500
    assert sink.paths() == ["/loop"] * 3


async def test_a_sender_that_gives_up_ends_the_delivery(send, sink):
    asked = asyncio.Event()

    async def hang():
        asked.set()
        await asyncio.sleep(1)
        return 503, {}, b""

    sink.answer("/buried", hang)
    sending = asyncio.create_task(send(event("buried")))
    await asked.wait()
    sending.cancel()
    await asyncio.sleep(2)  # the answer, the retry and the dead letter would have come by now
    assert sink.paths() == ["/buried"]
