"""What the broker's ingress accepts and refuses, and what then reaches a subscriber."""

import json
from urllib.parse import urlsplit

import pytest

EVENT = {
    "ce-specversion": "1.0",
    "ce-type": "plain",
    "ce-id": "1",
    "ce-source": "/streams/gate",
    "content-type": "application/json",
}
STRUCTURED = {"content-type": "application/cloudevents+json"}
DOCUMENT = {"specversion": "1.0", "type": "plain", "id": "1", "source": "/streams/gate"}


def changed(event, **changes):
    """The event with some headers or attributes set; None takes one away."""
    merged = {**event, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in merged.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 202),
        ({"content_type": None}, 202),
        *[({f"ce_{name}": None}, 400) for name in ("specversion", "type", "id", "source")],
        *[({f"ce_{name}": ""}, 400) for name in ("specversion", "type", "id", "source")],
        ({"ce_specversion": "0.3"}, 202),
        ({"ce_specversion": "2.0"}, 400),
        ({"ce_time": "yesterday"}, 400),
        ({"ce_time": "2026-01-01T00:00:00"}, 400),
        ({"ce_time": "2026-01-01t00:00:00z"}, 400),
        ({"ce_time": "2026-01-01T00:00:00.123456789Z"}, 202),
        ({"ce-my_ext": "1"}, 400),
        ({"ce-my-ext": "1"}, 400),
        ({"CE-MyExt": "1"}, 202),
        ({"ce_abcdefghijklmnopqrstuvwxyz": "1"}, 202),
        ({"ce_myext": ""}, 202),
        ({"ce_source": "::bad"}, 400),
        ({"ce_source": "urn:x:y"}, 202),
        ({"ce_dataschema": "relative/x"}, 400),
        ({"ce_subject": ""}, 202),
        ({"content_type": "///"}, 400),
        ({"content_type": "application/cloudevents-batch+json"}, 400),
        ({"ce_knativebrokerttl": "0"}, 400),
        ({"ce_knativebrokerttl": "1"}, 400),
        ({"ce_knativebrokerttl": "2"}, 202),
        ({"ce_knativebrokerttl": "x"}, 202),
        ({"ce_type": "nobody wants it"}, 202),
    ],
)
async def test_binary_mode(send, sink, changes, status):
    headers = changed(EVENT, **changes)
    assert (await send(headers)).status == status
    delivered = status == 202 and headers["ce-type"] == "plain"
    assert sink.paths() == (["/plain?a=b"] if delivered else [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (json.dumps(DOCUMENT), 202),
        *[(json.dumps(changed(DOCUMENT, **{name: None})), 400) for name in DOCUMENT],
        *[(json.dumps(changed(DOCUMENT, **{name: ""})), 400) for name in DOCUMENT],
        (json.dumps({**DOCUMENT, "id": 5}), 400),
        (json.dumps({**DOCUMENT, "MyExt": "1"}), 202),
        (json.dumps({**DOCUMENT, "my-ext": "1"}), 400),
        (json.dumps({**DOCUMENT, "ext": {"a": 1}}), 400),
        (json.dumps({**DOCUMENT, "ext": None}), 202),
        (json.dumps({**DOCUMENT, "time": "no"}), 400),
        (json.dumps({**DOCUMENT, "specversion": "2.0"}), 400),
        (json.dumps({**DOCUMENT, "data": {}, "datacontenttype": "application/xml"}), 400),
        (json.dumps({**DOCUMENT, "data_base64": "***"}, separators=(",", ":")), 400),
        ("{", 400),
        ("[]", 400),
        ('"x"', 400),
        ("", 400),
    ],
)
async def test_structured_mode(send, sink, body, status):
    assert (await send(STRUCTURED, body.encode())).status == status
    assert len(sink.delivered) == (status == 202)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/cloudevents+xml"},
        {"content-type": "application/cloudevents-batch+json"},
    ],
)
async def test_what_is_no_event(send, sink, headers):
    assert (await send(headers, json.dumps([DOCUMENT]).encode())).status == 400
    assert not sink.delivered


@pytest.mark.parametrize(
    ("method", "status"),
    [("GET", 405), ("HEAD", 405), ("PUT", 405), ("PATCH", 405), ("DELETE", 405), ("OPTIONS", 200)],
)
async def test_methods(send, sink, method, status):
    response = await send(EVENT, method=method)
    assert response.status == status
    assert response.headers["Allow"] == "POST, OPTIONS"
    assert ("WebHook-Allowed-Origin" in response.headers) == (method == "OPTIONS")
    assert not sink.delivered


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("{broker}/", 202),
        ("{broker}?x=1", 404),
        ("{broker}-none", 404),
        ("/nowhere{broker_name}", 404),
        ("/", 404),
        ("/one", 400),
        ("{broker}/x", 400),
        ("{broker}//", 400),
        ("/{broker}", 400),
    ],
)
async def test_paths(send, sink, broker_url, path, status):
    broker = urlsplit(broker_url).path
    name = broker[broker.rindex("/") :]
    response = await send(EVENT, path=path.format(broker=broker, broker_name=name))
    assert response.status == status


async def test_a_broken_event_is_refused_before_the_broker_is_looked_for(send, broker_url):
    path = urlsplit(broker_url).path + "-none"
    assert (await send(changed(EVENT, ce_id=None), path=path)).status == 400


async def test_attributes_reach_the_subscriber_unchanged(send, sink):
    extensions = {
        "ce-subject": "Euro%20%E2%82%AC é",
        "ce-dataref": "s3://cnap/segments/gate/1/2.mp4",
        "ce-sequence": "0000000012",
        "ce-partitionkey": "gate",
        "ce-traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "ce-wantsyoloxnano": "true",
        "ce-time": "2026-01-01T00:00:00.04Z",
    }
    assert (await send({**EVENT, **extensions}, b"\x00\xff data")).status == 202
    (request,) = sink.delivered
    expected = {**EVENT, **extensions, "prefer": "reply"}
    assert {name: request.headers.get(name) for name in expected} == expected
    assert "ce-knativebrokerttl" not in request.headers
    assert request.body == b"\x00\xff data"


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("2026-01-01T00:00:00.500+02:00", "2025-12-31T22:00:00.5Z"),
        ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123456789Z"),
    ],
)
async def test_time_arrives_in_utc(send, sink, given, seen):
    await send(changed(EVENT, ce_time=given))
    assert sink.delivered[0].headers["ce-time"] == seen


@pytest.mark.parametrize(
    ("document", "headers", "body"),
    [
        ({"data": {"a": 1}, "datacontenttype": "application/json"}, "application/json", b'{"a":1}'),
        ({"data": {"a": 1}}, None, b'{"a":1}'),
        ({"data": "hi", "datacontenttype": "text/plain"}, "text/plain", b"hi"),
        ({"data": "hi", "datacontenttype": "application/json"}, "application/json", b'"hi"'),
        ({"data": None}, None, b"null"),
        ({"data_base64": "AAEC", "datacontenttype": "image/jpeg"}, "image/jpeg", b"\0\1\2"),
        ({}, None, b""),
    ],
)
async def test_structured_events_are_delivered_in_binary_mode(send, sink, document, headers, body):
    event = {**DOCUMENT, "number": 5, "flag": True, **document}
    text = json.dumps(event, separators=(",", ":"))
    assert (await send(STRUCTURED, text.encode())).status == 202
    (request,) = sink.delivered
    assert request.headers.get("content-type") == headers
    assert (request.headers["ce-number"], request.headers["ce-flag"]) == ("5", "true")
    assert request.body == body


async def test_two_megabytes(send, sink):
    assert (await send(EVENT, b"x" * 2_000_000)).status == 202
    assert len(sink.delivered[0].body) == 2_000_000
