"""Throughput: what is counted, in which turn, and once with a real pipeline."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnap.bench.figure import Figure
from cnap.bench.measures import throughput
from cnap.bench.measures.throughput import Measured, beside
from cnap.bench.rivals import ONE_EVENT_A_FRAME, PROGRAMS, Run
from cnap.bench.usage import Spent, Usage
from cnap.bench.workload import Workload
from cnap.errors import CnapError

WORKLOAD = Workload(Path("film.mp4"), ("a",), repeats=4, seed=0)


def measured(frames=10, rate=100.0, cpu=1.0, detections=5):
    lives = {
        (1, 1.0): ("transcode", Spent(cpu * 0.75, 0.0, 1000, 3000)),
        (2, 1.0): ("publish", Spent(0.0, cpu * 0.25)),
        (3, 1.0): ("sh", Spent()),
    }
    memory = {"transcode": 3_000_000, "publish": 1_000_000, "sh": 1000}
    return Measured(
        frames, rate, cpu, detections, Usage(0.0, lives), memory, (None, "unknown: why")
    )


def by_name(figures):
    assert len({one.name for one in figures}) == len(figures)
    return {one.name: one for one in figures}


@pytest.fixture
def contestants(monkeypatch):
    """All of them, each telling what it is when its turn comes."""
    turns, failing = [], set()

    class Sender:
        def __init__(self, _):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    class Second(Sender):
        running = None

    def pipeline(target, sender, workload, ahead=0):
        turns.append("frames" if workload.segment == 0 else "pipeline")
        assert isinstance(target, Second) == (workload.segment == 0)
        return measured() if workload.segment else measured(cpu=2.0, rate=25.0)

    def program(module, workload):
        turns.append(module.rpartition(".")[2])
        if turns[-1] in failing:
            raise CnapError("it can't")
        return Run(10, 50.0, 0.5, 5)

    monkeypatch.setattr(throughput, "Sender", Sender)
    monkeypatch.setattr(throughput, "LocalPipeline", Second)
    monkeypatch.setattr(throughput, "pipeline", pipeline)
    monkeypatch.setattr(throughput, "program", program)
    return SimpleNamespace(turns=turns, failing=failing)


def measure(**more):
    target = SimpleNamespace(running=None)
    return by_name(throughput.measure(target, replace(WORKLOAD, **more), rivals=True))


def test_each_repeat_has_each_of_them_and_begins_with_another(contestants):
    found = measure()
    turns = [contestants.turns[n : n + 4] for n in range(0, 16, 4)]

    assert all(sorted(turn) == sorted(turns[0]) for turn in turns)
    assert len({turn[0] for turn in turns}) == 4
    assert found["throughput"].values == [100.0] * 4
    assert found["throughput / one process"].values == [2.0] * 4
    assert found["CPU of a frame / one process"].values == [2.0] * 4
    assert found[f"throughput / {ONE_EVENT_A_FRAME}"].values == [4.0] * 4
    assert len(contestants.turns) == 16


def test_one_that_fails_costs_its_own_figures_only(contestants):
    contestants.failing.add("redislist")
    found = measure()

    assert found["Redis lists: throughput"] == Figure(
        "Redis lists: throughput", "frames/s", "", [], "it can't"
    )
    assert "throughput / Redis lists" not in found
    assert len(found["throughput / one process"].values) == 4


def test_several_models_are_nothing_for_programs_of_one(contestants):
    found = measure(models=("a", "b"), repeats=1)
    assert not [name for name in found if name.startswith(tuple(PROGRAMS))]
    assert f"throughput / {ONE_EVENT_A_FRAME}" in found


def test_what_a_frame_costs_is_told_by_process(contestants):
    found = measure(repeats=1)

    assert found["CPU of a frame"].values == [100.0]
    assert found["CPU of a frame: transcode"].values == [75.0]
    assert found["CPU of a frame: publish"].values == [25.0]
    assert found["bytes of a frame: transcode"].values == [0.4]
    assert found["memory"].values == [pytest.approx(4.001)]
    assert found["energy of a frame"].values == []
    assert found["energy of a frame"].note == "unknown: why"
    assert not [name for name in found if name.endswith(": sh")]


def test_ratios_are_of_the_repeats_that_have_both():
    runs = [
        {"": measured(rate=100.0), "x": Run(1, 50.0, 1.0, 5)},
        {"": measured(rate=100.0), "x": "it can't"},
        {"": measured(rate=90.0), "x": Run(1, 30.0, 1.0, 5)},
    ]
    found = by_name(beside("x", runs))
    assert found["x: throughput"].values == [50.0, 30.0]
    assert found["throughput / x"].values == [2.0, 3.0]


def test_whether_it_did_the_same_is_said():
    (figure, *_) = beside("x", [{"": measured(detections=500), "x": Run(1, 50.0, 1.0, 499)}])
    assert figure.note == "finds 499 in the clip, the pipeline 500"
    (figure, *_) = beside("x", [{"": measured(detections=500), "x": Run(1, 50.0, 1.0, 500)}])
    assert not figure.note
