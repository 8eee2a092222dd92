"""How long results took and how much was seen, added up in Redis: each result once, and finite."""

from datetime import UTC, datetime, timedelta

import pytest

from cnap.events import outcome
from cnap.events.attributes import rfc3339
from cnap.events.stages import MOST, STAGES
from cnap.ledger import Ledger
from cnap.measures import LATENCIES, Measures, measures
from tests.outcomes import expired, frames, result, segment


def commit(database, sequence=0, seconds=1.2, times=1, **facts):
    """A result whose newest frame was captured so many seconds ago, with two detections."""
    moment = datetime.now(UTC) - timedelta(seconds=seconds)
    box = {"label": "car", "score": 0.9, "box": [0.1, 0.1, 0.2, 0.2]}
    seen = [{"index": 0, "time": rfc3339(moment), "detections": [box, box]}]
    facts = {"frames": seen, "timings": {"decode": 0.25, "infer": 0.5}} | facts
    told = outcome.parse(result(frames(segment(sequence, frames=1)), **facts))
    for _ in range(times):
        Ledger(database).commit(told)


def found(database) -> Measures:
    return measures(database, ["gate"])[0]["a"]


def test_a_result_is_measured_once(database):
    commit(database, times=3)
    commit(database, sequence=1, seconds=40)

    one = found(database)
    assert (one.detections, one.stages) == (4, {"decode": 0.5, "infer": 1.0})
    assert 41.2 <= one.latency < 43
    buckets = dict(zip(LATENCIES, one.latencies, strict=False))
    assert {le: n for le, n in buckets.items() if n} == {1.5: 1, 60.0: 1}


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(3600, len(LATENCIES)), (-3600, 0)], ids=["late", "from the future"]
)
def test_every_result_is_in_a_bucket(database, seconds, bucket):
    commit(database, seconds=seconds)

    assert found(database).latencies.index(1) == bucket
    assert found(database).latency >= 0


def test_sums_stay_finite(database):
    for sequence in range(3):
        commit(database, sequence, timings={"infer": MOST})

    assert found(database).stages == {"infer": 3 * MOST}


def test_every_stage_is_added_up_and_nothing_else(database):
    timings = {stage: n + 0.5 for n, stage in enumerate(STAGES)}
    for sequence in range(2):
        commit(database, sequence, timings=timings | {"elsewhere": 3.0, "latency": 1e5})

    assert found(database).stages == {stage: 2 * seconds for stage, seconds in timings.items()}
    assert found(database).latency < 5


def test_what_has_no_result_is_not_measured(database):
    Ledger(database).commit(outcome.parse(expired(segment())))

    assert measures(database, ["gate", "nobody"]) == [{}, {}]
    assert measures(database, []) == []


def test_a_result_without_frames_has_no_latency(database):
    commit(database, frames=[], failed=1)

    assert sum(found(database).latencies) == 0
    assert found(database).stages["infer"] == 0.5
