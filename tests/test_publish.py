"""The end of the chain: whatever is delivered, dead, late or twice, every frame is counted once."""

import json
from dataclasses import replace

import pytest

from cnap.accounts import account
from cnap.errors import BadEvent, Missing
from cnap.events import outcome
from cnap.ledger import Ledger
from cnap.publish import Publisher
from tests.outcomes import EPOCH, TIME, dead, expired, frames, result, segment, state


@pytest.fixture
def publish(folder_store, database):
    return Publisher(folder_store, Ledger(database))


def counts(database, model="a"):
    """inferred, dropped, failed, in flight."""
    found = account(database, "gate").models[model]
    assert found.captured == found.inferred + found.dropped + found.failed + found.inflight
    return found.inferred, found.dropped, found.failed, found.inflight


def messages(database):
    return [json.loads(entry)["message"] for entry in database.lrange("cnap:failures:gate", 0, -1)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (result(frames(segment())), (25, 0, 0, 0)),
        (result(frames(segment(), failed=(3, 7), sampled=4, thinned=5)), (14, 9, 2, 0)),
        (result(frames(segment()), failed=5), (20, 0, 5, 0)),
        (expired(segment()), (0, 25, 0, 0)),
        (expired(frames(segment()), ("a",)), (0, 25, 0, 0)),
    ],
    ids=["result", "frames left out", "frames failed", "dropped before", "dropped after"],
)
def test_every_frame_of_an_outcome_is_counted_once(publish, database, event, expected):
    for _ in range(3):
        assert publish(event) is None

    assert counts(database) == expected


@pytest.mark.parametrize("code", [400, 404, 429, 503, 500, 502, "", "<script>"])
@pytest.mark.parametrize("whose", ["transcode", "a"])
def test_a_dead_letter_is_a_failure_with_its_reason(publish, database, whose, code):
    about = segment() if whose == "transcode" else frames(segment(), failed=(1,), sampled=4)
    for _ in range(3):
        publish.dead_letter(dead(about, str(code)), whose)

    assert counts(database) == ((0, 0, 25, 0) if whose == "transcode" else (0, 4, 21, 0))
    assert messages(database) == [f"{whose}: {code} the store is gone".replace(":  ", ": ")]
    reasons = {400: "bad input", 404: "bytes missing", 429: "busy", 503: "unavailable"}
    assert f"failed: {reasons.get(code, 'error')}" in account(database, "gate").reasons


def test_a_dead_letter_of_a_result_is_a_last_try(publish, database):
    publish.dead_letter(dead(result(frames(segment()))), "publish")

    assert counts(database) == (25, 0, 0, 0)
    assert messages(database) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b"not json",
        b"\xff\xfe",
        json.dumps({"stream": "gate", "sequence": 0, "model": "a", "frames": float("nan")}),
    ],
)
@pytest.mark.parametrize("event", [result(frames(segment())), expired(segment())])
def test_an_outcome_that_is_no_good_is_a_failure(publish, database, event, data):
    event = replace_data(event, data)
    with pytest.raises(BadEvent):
        publish(event)
    publish.dead_letter(dead(event, "400"), "publish")

    assert counts(database) == (0, 0, 25, 0)
    assert account(database, "gate").reasons == {"failed: bad result": 25}


@pytest.mark.parametrize("missing", [-1, 1])
@pytest.mark.parametrize(
    "event", [result(frames(segment(), failed=(1,), sampled=4)), expired(segment())]
)
def test_an_outcome_that_leaves_frames_out_or_invents_some_is_no_good(
    publish, database, event, missing
):
    event = replace_data(event, event.get_data())
    event["framecount"] = str(25 + missing)
    with pytest.raises(BadEvent, match=f"accounts for 25 frames of {25 + missing}"):
        publish(event)
    assert database.keys() == []


def replace_data(event, data):
    return type(event)(dict(event.get_attributes()), data)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), 1.5, "high", None])
def test_a_score_that_is_none_makes_a_result_no_good(publish, score):
    box = {"label": "car", "score": score, "box": [0, 0, 1, 1]}
    one = {"index": 0, "time": "2026-05-01T08:00:00Z", "detections": [box]}
    with pytest.raises(BadEvent):
        publish(result(frames(segment(frames=1)), frames=[one]))


def test_a_dead_letter_after_its_commit_is_no_failure(publish, database):
    about = frames(segment())
    publish(result(about))
    publish.dead_letter(dead(about), "a")
    publish.dead_letter(dead(segment()), "transcode")

    assert counts(database) == (25, 0, 0, 0)
    assert messages(database) == []


def test_a_result_after_the_dead_letter_changes_nothing(publish, database):
    publish.dead_letter(dead(segment()), "transcode")
    publish(result(frames(segment())))

    assert counts(database) == (0, 0, 25, 0)


def test_two_models_are_counted_apart(publish, database):
    about = frames(segment(models=("a", "b")))
    publish(result(about, "a"))
    publish.dead_letter(dead(about, "503"), "b")

    assert counts(database, "a") == (25, 0, 0, 0)
    assert counts(database, "b") == (0, 0, 25, 0)
    total = account(database, "gate")
    assert (total.captured, total.inferred, total.failed, total.inflight) == (50, 25, 25, 0)


def test_the_frame_group_goes_with_the_last_model(publish, folder_store):
    about = frames(segment(models=("a", "b")))
    key = f"frames/gate/{EPOCH}/0000000000.npy"
    folder_store.put(key, b"frames")
    publish(result(about, "a"))
    assert folder_store.get(key) == b"frames"

    publish.dead_letter(dead(about), "b")
    with pytest.raises(Missing):
        folder_store.get(key)


def test_a_wake_up_that_failed_is_no_failure(publish, database):
    publish.dead_letter(dead(segment(wake=True)), "publish")

    assert publish(segment(wake=True).to_event()) is None
    assert database.keys() == []


def test_a_state_is_told_even_as_a_dead_letter(publish, database):
    publish.dead_letter(dead(state(captured=25).to_event(TIME)), "publish")

    assert counts(database) == (0, 0, 0, 25)


@pytest.mark.parametrize(
    ("event", "whose"),
    [
        (frames(segment()), "b"),
        (frames(segment()), "publish"),
        (segment(), "b"),
        (segment(), "' OR 1=1"),
        (replace_data(expired(segment()), b"{}"), "publish"),
    ],
    ids=["another model", "publish", "a segment of another model", "nonsense", "no framecount"],
)
def test_a_dead_letter_that_can_not_be_counted_is_refused(publish, database, event, whose):
    event = dead(event)
    if "framecount" in event and whose == "publish":
        del event["framecount"]
    with pytest.raises(BadEvent):
        publish.dead_letter(event, whose)
    assert database.keys() == []


@pytest.mark.parametrize("kind", ["com.example.other", "io.cnap.video.frames.v1"])
def test_what_is_not_for_publish_is_refused(publish, kind):
    event = result(frames(segment()))
    event["type"] = kind
    with pytest.raises(BadEvent, match="publish takes outcomes and states"):
        publish(event)


def test_an_outcome_about_another_segment_than_it_says_is_refused(publish):
    about = frames(segment())
    with pytest.raises(BadEvent, match="another segment"):
        publish(result(about, sequence=5))
    with pytest.raises(BadEvent, match="another segment"):
        publish(result(about, stream="yard"))
    other = replace(about, models=())
    assert outcome.parse(result(other)).wanted == ("a",)
