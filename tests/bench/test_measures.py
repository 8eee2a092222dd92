"""Every measure once, on a small pipeline of its own. They time nothing: what is looked at is that
each figure is told, and of what."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cnap import cameras
from cnap.bench.figure import Figure
from cnap.bench.measures import coldstart, density, idle, latency, scaling, streams
from cnap.bench.starts import STAGES
from cnap.bench.target import LocalPipeline
from cnap.bench.workload import Workload
from cnap.pipeline import NAMESPACE
from tests import media
from tests.real import MODEL

INFER = f"infer-{MODEL}"


@pytest.fixture(scope="module")
def target(assets: Path) -> Iterator[LocalPipeline]:
    with LocalPipeline((MODEL,)) as target:
        yield target


@pytest.fixture
def workload(tmp_path: Path) -> Workload:
    """Ten frames a second."""
    film = media.clip(tmp_path / "film.mp4", frames=20, rate=10, gop=5)
    return Workload(film, (MODEL,), segment=0.5, seconds=2.0)


def told(figures: list[Figure]) -> dict[str, Figure]:
    assert len({one.name for one in figures}) == len(figures)
    return {one.name: one for one in figures}


def test_a_cold_start_is_told_by_stage_of_each_function(target: LocalPipeline, workload: Workload):
    found = told(coldstart.measure(target, workload))
    assert found["cold start"].median > 0
    assert found["cold start with camera"].median > 0
    for function in ("transcode", INFER, "publish"):
        stages = [found[f"cold start, {function}: {name}"].median for name in STAGES]
        assert all(seconds >= 0 for seconds in stages)
        assert sum(stages) > 0


def test_latency_is_told_of_all_frames_and_by_stage(
    target: LocalPipeline, workload: Workload, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(latency, "SETTLE", 0.0)
    found = told(latency.measure(target, workload))
    p50, p95, p99 = (found[f"latency p{share}"].median for share in (50, 95, 99))
    assert 0 < p50 <= p95 <= p99
    assert 0 < found["frames kept"].median <= 100
    parts = [one for one in found.values() if one.name.startswith("latency in ")]
    assert found["latency mean"].median == pytest.approx(sum(one.median for one in parts))
    assert {"latency in segment", "latency in decode", "latency in infer"} <= found.keys()


def test_density_is_told_with_what_was_tried(
    target: LocalPipeline, workload: Workload, monkeypatch: pytest.MonkeyPatch
):
    for name, value in {"SETTLE": 0.0, "COOL": 0.0, "FRESH": 1.0, "MOST": 1}.items():
        monkeypatch.setattr(density, name, value)
    found = told(density.measure(target, workload))
    assert found["density"].values in ([0.0], [1.0])  # a machine may be too busy for one
    assert found["density"].note.startswith("at 10 frames/s; frames kept by streams: 1: ")


def test_scaling_is_told_up_to_zero(
    target: LocalPipeline, workload: Workload, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(scaling, "BURST", 2)
    monkeypatch.setattr(scaling, "PATIENCE", 1.0)
    found = told(scaling.measure(target, workload))
    assert found["replicas at most"].median >= 1
    assert found["scale to zero"].median > 0
    assert not any(target.replicas(ready=False).values())


def test_an_idle_pipeline_has_no_function(target: LocalPipeline, workload: Workload):
    found = told(idle.measure(target, workload))
    assert found["idle: function processes"].values == [0.0]
    assert found["idle: memory"].median > 0
    assert {"redis", "runtime", "source"} <= {
        part.split()[0] for part in found["idle: memory"].note.split(", ")
    }


def test_cameras_are_gone_after_a_measure(target: LocalPipeline, workload: Workload):
    with streams.live(target, workload, 2) as names:
        assert listed(target) == names
    assert listed(target) == []


def listed(target: LocalPipeline) -> list[str]:
    path = f"api/v1/namespaces/{NAMESPACE}/configmaps/{cameras.CONFIG_MAP}"
    text = target.kubernetes(path)["data"][cameras.KEY]
    return [camera.name for camera in cameras.parse(text)]
