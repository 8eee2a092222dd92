"""Events: what is written is read again, and nothing from outside is believed unchecked."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent, from_http
from hypothesis import given
from hypothesis import strategies as some

from cnap.errors import BadEvent
from cnap.events import attributes, outcome, schemas, stages, state, wants
from cnap.events.frames import TOLD as FRAMES_TOLD
from cnap.events.frames import FramesEvent
from cnap.events.identity import SegmentId, frames_key, segment_key
from cnap.events.segment import SegmentEvent
from cnap.events.state import StreamState
from cnap.stores.base import KEY
from tests.outcomes import EPOCH, TIME, frames, result, segment
from tests.outcomes import state as told

FULL = segment(
    7,
    gopstart=5,
    gopend=False,
    heldback=2,
    decodefrom=6,
    framesize=(640, 360),
    models=("yolox-nano", "yunet"),
    framerate=12.5,
    thinnedrate=3.25,
    wake=True,
    time=TIME + timedelta(microseconds=40_001),
    expirytime=TIME + timedelta(seconds=20),
    senttime=TIME + timedelta(seconds=1),
    timings={"store": 0.25, "queue": 0.000001},
)
STAGED = {
    "madetime": TIME + timedelta(seconds=2),
    "timings": {"capture": 0.5, "store": 999_999.0, "broker": 0.0, "queue": 1.5, "decode": 0.125},
}


def travelled(event: CloudEvent, mode) -> CloudEvent:
    headers, body = mode(event, lambda data: data)
    return from_http(headers, body, lambda data: data)


@pytest.mark.parametrize("mode", [to_binary, to_structured])
@pytest.mark.parametrize("event", [FULL, segment(), segment(models=()), segment(gopend=True)])
def test_a_segment_is_read_as_it_was_written(mode, event):
    again = SegmentEvent.from_event(travelled(event.to_event(), mode))

    assert replace(again, traceparent="") == replace(event, traceparent="")
    assert again.traceparent.split("-")[1] == event.traceparent.split("-")[1]


@pytest.mark.parametrize("mode", [to_binary, to_structured])
@pytest.mark.parametrize(
    "event",
    [
        frames(FULL, failed=(0, 24), sampled=3, thinned=4),
        frames(segment()),
        replace(frames(FULL), **STAGED),
    ],
)
def test_frames_are_read_as_they_were_written(mode, event):
    again = FramesEvent.from_event(travelled(event.to_event(), mode))

    assert replace(again, traceparent="") == replace(event, traceparent="")


@pytest.mark.parametrize("mode", [to_binary, to_structured])
def test_a_result_and_a_state_are_read_as_they_were_written(mode):
    one = travelled(result(frames(FULL), "yunet", failed=2), mode)
    what = outcome.parse(one)
    assert (what.inferred, dict(what.failed), what.models) == (23, {"corrupt frame": 2}, ("yunet",))
    assert what.wanted == FULL.models
    assert one["id"] == str(FULL.id)
    assert one["source"] == "/streams/gate/infer/yunet"
    assert what.madetime is None

    live = told(3, captured=50, dropped={"behind": 5}, reason="slow", framerate=12.5)
    assert StreamState.from_event(travelled(live.to_event(TIME), mode)) == live


def test_a_trigger_can_match_each_model():
    given = FULL.to_event().get_attributes()

    assert (given["wantsyoloxnano"], given["wantsyunet"]) == ("true", "true")
    assert (given["sequence"], given["partitionkey"], given["subject"]) == (
        "0000000007",
        "gate",
        "gate",
    )
    assert all(name.isalnum() and name == name.lower() for name in given)


def test_ids_do_not_depend_on_the_moment():
    assert segment().to_event()["id"] == segment().to_event()["id"] == f"gate-{EPOCH}-0000000000"


REQUIRED = ["time", "dataref", "framecount", "datacontenttype"]
ABSURD = {
    "id": ["", "x", "gate-1-1", "gate--0000000001", "Gate-1-0000000001", "gate-1-0000000001\n"],
    "time": ["", "x", "2026-05-01", "2026-05-01T08:00:00", "0001-01-01T00:00:00+23:59"],
    "framecount": ["-1", "2001", "1.5", "x", "", "\uff11", "9" * 100],
    "datacontenttype": ["text/html", "", "video"],
    "gopstart": ["1", "-1", "x", "99999999999999999999"],
    "heldback": ["17", "-1", "x"],
    "decodefrom": ["1", "-1", "x"],
    "framesize": ["640", "0x360", "640x", "640x360x3", "100000x2", "-1x1"],
    "models": ["A", "a,a", ",".join(f"m{n}" for n in range(17)), "a b", "x-y,xy"],
    "capturedframes": ["-1", "1e5", str(2**53 + 1)],
    "framerate": ["0", "-1", "nan", "inf", "1e3", "99999"],
    "thinnedrate": ["0", "x"],
    "expirytime": ["tomorrow", ""],
    "senttime": ["0"],
    "storeseconds": ["-1", "nan", "inf", "1e3", "1000000", ""],
    "queueseconds": ["-0.5", "1:00"],
}


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_attribute_is_named(name):
    event = segment().to_event()
    del event[name]
    with pytest.raises(BadEvent, match=f"attribute {name} is missing"):
        SegmentEvent.from_event(event)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in ABSURD.items() for v in vs])
def test_an_absurd_attribute_is_refused_in_one_short_line(name, value):
    event = segment().to_event()
    event[name] = value
    with pytest.raises(BadEvent) as refused:
        SegmentEvent.from_event(event)
    assert len(str(refused.value)) < 250
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("failedframes", "1,"),
        ("failedframes", "a"),
        ("failedframes", "1;2"),
        ("width", "65536"),
        ("decodeseconds", "-1"),
        ("sampledframes", "99999"),
        ("madetime", "yesterday"),
        *(
            (f"{stage}seconds", value)
            for stage in FRAMES_TOLD
            for value in ("-1", "nan", "9999999")
        ),
    ],
)
def test_absurd_frames_are_refused(name, value):
    event = frames(segment()).to_event()
    event[name] = value
    with pytest.raises(BadEvent, match=name):
        FramesEvent.from_event(event)


@pytest.mark.parametrize(
    "timings",
    [
        '{"infer": -0.1}',
        '{"infer": 1e6}',
        '{"infer": 1e999}',
        '{"infer": "1"}',
        '{"infer": true}',
        '{"infer": null}',
        '{"infer": {"infer": 1}}',
        '{"": 1}',
        json.dumps({"x" * 41: 1}),
        json.dumps({str(n): 1 for n in range(21)}),
        "[]",
        "null",
    ],
)
def test_absurd_timings_are_refused(timings):
    event = result(frames(FULL), timings={"infer": 12345})
    said = event.get_data().replace(b'{"infer":12345}', timings.encode())
    assert outcome.parse(event).data["timings"] == {"infer": 12345}
    with pytest.raises(BadEvent, match="timings"):
        outcome.parse(CloudEvent(event.get_attributes(), said))


def test_a_result_says_when_it_was_made():
    data = outcome.parse(result(frames(FULL))).data
    moment = TIME + timedelta(microseconds=1)

    assert outcome.parse(outcome.result_event(frames(FULL), data, moment)).madetime == moment
    event = outcome.result_event(frames(FULL), data)
    event["madetime"] = "soon"
    with pytest.raises(BadEvent, match="madetime"):
        outcome.parse(event)


@given(some.dictionaries(some.sampled_from(stages.STAGES), some.floats(allow_nan=False)))
def test_any_seconds_are_bounded_and_an_event_can_say_them(seconds):
    timings = stages.plus(stages.plus({}, **seconds), **seconds)

    assert list(timings) == list(seconds)
    assert all(0 <= one <= stages.MOST for one in timings.values())
    assert stages.from_attributes(stages.to_attributes(timings), stages.STAGES) == timings


@given(some.text(max_size=120))
def test_any_text_is_an_id_or_is_refused(text):
    try:
        place = SegmentId.parse(text)
    except BadEvent:
        return
    assert str(place) == text


@given(
    some.from_regex(attributes.STREAM, fullmatch=True),
    some.integers(0, 10**13),
    some.integers(0, 2**31 - 1),
)
def test_any_place_is_its_id_and_its_keys_are_a_store_s(stream, epoch, sequence):
    place = SegmentId(stream, epoch, sequence)
    assert SegmentId.parse(str(place)) == place
    for key in (segment_key(place, 0, "mp4"), frames_key(place)):
        assert KEY.fullmatch(key)


@given(some.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=some.just(UTC)))
def test_times_are_exact_to_the_microsecond(moment):
    written = attributes.rfc3339(moment)

    assert written.endswith("Z")
    assert attributes.timestamp({"time": written}, "time") == moment


@pytest.mark.parametrize("parent", [None, "", "x", "00-0-0-0", "00-" + "g" * 32 + "-1-01"])
def test_a_trace_that_is_none_begins_anew(parent):
    assert attributes.TRACEPARENT.fullmatch(attributes.traceparent(parent))
    assert attributes.traceparent(parent) != attributes.traceparent(parent)


@pytest.mark.parametrize("name", ["A", "a_b", "-a", "a-", "a" * 41, "", "a/b"])
def test_what_can_not_name_a_model(name):
    with pytest.raises(BadEvent, match="can't name a model"):
        wants.model_name(name)


@pytest.mark.parametrize("kind", [outcome.RESULT, outcome.DROPPED, state.TYPE])
@pytest.mark.parametrize(
    "data", [b"", b"x", b"[]", b"{}", b"null", b"[" * 10**5, b"1" * 10**5, b"\xff", b'{"a": NaN}']
)
def test_data_that_is_no_good_is_refused_in_one_line(kind, data):
    with pytest.raises(BadEvent, match=kind) as refused:
        schemas.validated(kind, data)
    assert len(str(refused.value)) < 400


def test_data_of_any_size_is_not_even_read():
    with pytest.raises(BadEvent, match="over 4 MiB"):
        schemas.validated(state.TYPE, b" " * (5 << 20))
