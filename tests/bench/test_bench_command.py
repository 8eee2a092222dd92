"""`cnap bench`: its options become a workload, its report a table and a file."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnap.bench import clips, workload
from cnap.bench import run as run_module
from cnap.bench.deployed import DeployedPipeline
from cnap.bench.figure import Figure
from cnap.bench.report import Report
from cnap.bench.target import LocalPipeline
from cnap.bench.workload import Workload
from cnap.cli import cli
from cnap.errors import CnapError
from tests.real import MODEL

REPORT = Report(
    "2026-11-23",
    {"cpu": "A", "cores": 2, "memory": 1.0, "load": 0.0},
    {"cnap": "0.1.0"},
    {"models": ["a"]},
    {"idle": [Figure("idle: CPU", "% of a core", "lower", [0.4, 0.5])]},
)


@pytest.fixture
def asked(monkeypatch):
    """What the command asks for; it gets REPORT."""
    known = {"report": REPORT}

    def run(work, measures, baselines, say, target):
        say("idle")
        known.update(work=work, measures=measures, baselines=baselines, target=target)
        return known["report"]

    monkeypatch.setattr(run_module, "run", run)
    monkeypatch.setattr(workload, "default_clip", lambda: Path("usual.mp4"))
    monkeypatch.setattr(workload, "default_models", lambda: ("usual",))
    return known


def bench(*words):
    return CliRunner().invoke(cli, ["bench", *map(str, words)])


def test_without_options_it_is_the_usual_workload(asked):
    done = bench("run")

    assert done.exit_code == 0
    assert asked["work"] == Workload(Path("usual.mp4"), ("usual",))
    assert asked["measures"] == run_module.MEASURES
    assert asked["baselines"] is True
    assert asked["target"] is LocalPipeline
    assert "  idle: CPU  0.450  0.400 - 0.500  % of a core" in done.stdout
    assert done.stderr == "idle\n"


def test_options_say_another(asked, assets, tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"")
    numbers = {"streams": 3, "segment": 0.5, "framerate": 5, "seconds": 7, "repeats": 2, "seed": 9}
    words = [word for name, value in numbers.items() for word in (f"--{name}", value)]
    more = ["--clip", tmp_path / "film.mp4", "--model", MODEL, "--only", "idle,latency"]
    assert bench("run", *words, *more, "--no-baselines").exit_code == 0

    assert asked["work"] == Workload(tmp_path / "film.mp4", (MODEL,), 3, 0.5, 5.0, None, 7.0, 2, 9)
    assert asked["measures"] == ("idle", "latency")
    assert asked["baselines"] is False


def test_quick_is_short_unless_said_otherwise(asked):
    bench("run", "--quick")
    assert (asked["work"].seconds, asked["work"].repeats) == (5, 1)
    bench("run", "--quick", "--repeats", 3)
    assert (asked["work"].seconds, asked["work"].repeats) == (5, 3)


def test_another_size_is_another_clip(asked, monkeypatch):
    monkeypatch.setattr(clips, "resized", lambda clip, size: Path(f"{clip.stem}-{size[0]}.mp4"))
    bench("run", "--size", "1280x720")
    assert asked["work"].clip == Path("usual-1280.mp4")
    assert asked["work"].framesize == (1280, 720)


def test_a_cluster_is_measured_in_its_namespace(asked):
    bench("run", "--cluster", "-n", "video")
    assert asked["target"].func is DeployedPipeline
    assert asked["target"].keywords == {"namespace": "video"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "speed"], "'speed' is none of throughput"),
        (["--size", "1280"], "write even numbers as in 1280x720"),
        (["--size", "1281x720"], "write even numbers as in 1280x720"),
        (["--streams", "0"], "--streams"),
        (["--clip", "none.mp4"], "--clip"),
    ],
)
def test_mistakes_are_said_before_anything_is_measured(asked, words, said):
    done = bench("run", *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "work" not in asked


def test_the_report_is_written_also_where_something_is_missing(asked, tmp_path):
    asked["report"] = replace(REPORT, missing={"density": "it broke"})
    done = bench("run", "--json", tmp_path / "a.json")

    assert done.exit_code == 1
    assert "density: it broke" in done.stdout
    assert Report.read(tmp_path / "a.json") == asked["report"]


def test_two_reports_are_compared(tmp_path):
    REPORT.write(tmp_path / "a.json")
    figure = replace(REPORT.figures["idle"][0], values=[0.1, 0.2])
    replace(REPORT, figures={"idle": [figure]}).write(tmp_path / "b.json")
    done = bench("compare", tmp_path / "a.json", tmp_path / "b.json")

    assert done.exit_code == 0
    assert "0.333  better" in done.stdout


def test_what_can_not_be_compared_is_refused(tmp_path):
    REPORT.write(tmp_path / "a.json")
    replace(REPORT, settings={"models": ["b"]}).write(tmp_path / "b.json")
    both = tmp_path / "a.json", tmp_path / "b.json"

    assert isinstance(bench("compare", *both).exception, CnapError)
    assert "not the same: models is a" in bench("compare", "--force", *both).stdout
