"""All measures, one after another, with a pipeline and measures of our own making."""

import hashlib
from types import SimpleNamespace

import pytest

from cnap.bench import run as run_module
from cnap.bench.figure import Figure
from cnap.bench.run import MEASURES, run
from cnap.bench.workload import Workload
from cnap.cli import bench
from cnap.errors import CnapError


class Pipeline:
    kind = "local"
    open = 0

    def __init__(self, models):
        self.models = models

    def __enter__(self):
        Pipeline.open += 1
        return self

    def __exit__(self, *_):
        Pipeline.open -= 1


@pytest.fixture
def workload(tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"film")
    return Workload(tmp_path / "film.mp4", ("a",), repeats=3)


@pytest.fixture
def measures(monkeypatch):
    """What each measure does, by name; it gets the target and what else it is given."""
    known = {}

    def import_module(name):
        return SimpleNamespace(measure=known[name.rpartition(".")[2]])

    monkeypatch.setattr(run_module, "import_module", import_module)
    return known


def values(*numbers):
    return [Figure("it", "s", "lower", [float(one) for one in numbers])]


def test_each_is_repeated_in_one_pipeline_of_its_own(measures, workload):
    seen = []

    def latency(target, work):
        seen.append((Pipeline.open, target.models, work.repeats))
        return values(len(seen))

    measures |= {"latency": latency, "density": lambda *_: values(9)}
    report = run(workload, ["latency", "density"], target=Pipeline)

    assert seen == [(1, ("a",), 1)] * 3
    assert report.figures == {"latency": values(1, 2, 3), "density": values(9)}
    assert Pipeline.open == 0
    assert not report.missing


def test_throughput_repeats_by_itself_since_others_take_turns_with_it(measures, workload):
    def throughput(target, work, rivals, say):
        say("told")
        return values(work.repeats, rivals)

    measures["throughput"] = throughput
    said = []
    for rivals in (True, False):
        report = run(workload, ["throughput"], rivals, said.append, Pipeline)
        assert report.figures["throughput"] == values(3, rivals)
    assert "told" in said


def test_what_fails_is_told_and_keeps_nothing_else_away(measures, workload):
    def broken(*_):
        raise CnapError("no frame had a result")

    measures |= {"latency": broken, "idle": lambda *_: values(1)}
    report = run(workload, ["latency", "idle"], target=Pipeline)

    assert report.missing == {"latency": "no frame had a result"}
    assert list(report.figures) == ["idle"]
    assert Pipeline.open == 0


def test_what_was_measured_before_ctrl_c_is_reported(measures, workload):
    def interrupted(*_):
        raise KeyboardInterrupt

    measures |= {"latency": lambda *_: values(1), "idle": interrupted, "density": None}
    report = run(workload, ["latency", "idle", "density"], target=Pipeline)

    assert list(report.figures) == ["latency"]
    assert report.missing == {"idle": "interrupted"}
    assert Pipeline.open == 0


def test_the_report_says_with_what_it_was_measured(measures, workload):
    report = run(workload, [], baselines=False, target=Pipeline)

    assert report.settings["clip"] == "film.mp4"
    assert report.settings["content"] == hashlib.sha256(b"film").hexdigest()[:12]
    assert report.settings["models"] == ["a"]
    assert report.settings["where"] == "local"
    assert (report.settings["repeats"], report.settings["baselines"]) == (3, False)
    assert report.machine["cores"] > 0
    assert report.versions["python"]
    assert report.made.startswith("20")


def test_the_command_knows_all_measures():
    assert bench.MEASURES == MEASURES
