"""Frames of results, and what of them is told."""

import json

import pytest
from redis import Redis

from cnap.bench.measures.latency import figures, staged
from cnap.bench.results import FromRedis, Results, Seen, frames, percentile

TIMES = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.400Z"]
FIRST = 1767225600.0
TIMINGS = {"capture": 0.1, "decode": 0.05, "infer": 0.04, "publish": 0.01}
DATA = {"model": "yunet", "frames": [{"time": time} for time in TIMES], "timings": TIMINGS}
COMMITTED = f"{int(FIRST * 1000) + 600}-0"


def seen(latency: float, captured: float = 0.0, **stages: float) -> Seen:
    return Seen("gate", "yunet", captured, captured + latency, stages)


def test_each_frame_is_late_by_itself_and_its_stages_are_all_of_that():
    early, late = frames("gate", COMMITTED, DATA)
    assert (early.captured, early.committed) == (FIRST, FIRST + 0.6)
    assert [one.latency for one in (early, late)] == pytest.approx([0.6, 0.2])
    for one in (early, late):
        assert sum(one.stages.values()) == pytest.approx(one.latency)
    assert early.stages["segment"] == pytest.approx(0.4)


def test_a_result_that_tells_no_stages_has_frames_all_the_same():
    (_, late) = frames("gate", COMMITTED, DATA | {"timings": None})
    assert late.latency == pytest.approx(0.2)
    assert dict(late.stages) == {"segment": 0.0}


def test_a_percentile_is_a_value_that_was_measured():
    values = [5, 1, 4, 2, 3, 6, 10, 9, 8, 7]
    assert [percentile(values, share) for share in (0, 0.5, 0.91, 0.99, 1)] == [1, 5, 10, 10, 10]
    assert percentile(values, 0.9) == 9
    assert percentile([7.5], 0.5) == 7.5
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_figures_of_latency():
    found = [seen(latency / 1000) for latency in range(1, 101)]
    told = {one.name: one for one in figures(found, wanted=100)}
    assert [told[f"latency p{share}"].median for share in (50, 95, 99)] == [50, 95, 99]
    assert (told["frames kept"].median, told["latency p50"].note) == (100, "")


def test_latency_under_overload_is_told_as_such():
    told = {one.name: one for one in figures([seen(0.2)] * 60, wanted=100)}
    assert told["frames kept"].median == 60
    assert "60 % of the frames" in told["latency p99"].note


def test_frames_that_a_rate_gives_too_many_of_are_no_more_than_all():
    told = {one.name: one for one in figures([seen(0.2)] * 101, wanted=100)}
    assert told["frames kept"].median == 100


def test_no_result_at_all_is_a_figure_without_values():
    (one,) = figures([], wanted=100)
    assert (one.values, one.note) == ([], "no frame had a result")


def test_stages_sum_up_to_the_mean_latency_with_what_none_tells_of():
    found = [seen(1.0, segment=0.1, decode=0.5, infer=0.2), seen(0.5, decode=0.1)]
    told = {one.name: one.median for one in staged(found)}
    assert told.pop("latency mean") == pytest.approx(750)
    assert told == pytest.approx(
        {
            "latency in segment": 50,
            "latency in decode": 300,
            "latency in infer": 100,
            "latency in untold": 300,
        }
    )
    assert next(iter(told)) == "latency in segment"


def test_results_are_read_once_each_from_all_streams(database: Redis):
    results = Results(["gate", "yard"], FromRedis(database, ["gate", "yard"]))
    assert results.read() == []
    commit(database, "gate")
    assert [one.stream for one in results.read()] == ["gate", "gate"]
    assert not results.all_have(["yunet"])
    commit(database, "yard")
    assert results.all_have(["yunet"])
    assert not results.all_have(["yunet", "yolox-nano"])
    assert not results.all_have(["yunet"], since=FIRST + 0.41)
    assert len(results.seen) == 4
    assert results.read() == []


def commit(database: Redis, stream: str) -> None:
    data = json.dumps(DATA)
    database.xadd(f"cnap:results:{stream}", {"data": data, "about": '{"epoch":1}'}, id=COMMITTED)
