"""`make soak`, for less than a minute: mishaps one after another, and every frame accounted for."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.soak import __main__ as soak
from bench.soak.memory import Samples, processes
from bench.soak.soaked import wait_for
from tests.real import MODEL


def test_a_soak_in_which_nothing_comes_of_the_cameras_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flow = soak.Flow()
    assert flow.see([{"inferred": 5}, {"inferred": 0}]) == []
    assert flow.see([{"inferred": 5}, {"inferred": 0}]) == []
    monkeypatch.setattr(soak, "SILENCE", -1.0)
    assert flow.see([{"inferred": 5}, {"inferred": 1}]) == []
    (problem,) = flow.see([{"inferred": 5}, {"inferred": 1}])
    assert problem.startswith("no result of any camera for ")


def test_only_the_soak_s_own_processes_are_killed(tmp_path: Path) -> None:
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)", "cnap.source"]
    same = {"CNAP_STORE": "s3://cnap"}
    mine, other = (
        subprocess.Popen(
            sleeping, env=os.environ | same | {"CNAP_REDIS": f"unix://{tmp_path}/{one}"}
        )
        for one in ("mine", "other")
    )
    try:
        wanted = {mine.pid: "source"}
        assert wait_for(lambda: processes(f"unix://{tmp_path}/mine") == wanted, 20) is not None
    finally:
        mine.kill()
        other.kill()


def test_a_process_that_has_just_died_holds_nothing() -> None:
    dead = subprocess.Popen(["true"])  # not waited for yet
    while Path(f"/proc/{dead.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    samples = Samples(warm=0.0)
    samples.take(0.0, {dead.pid: "infer", os.getpid(): "soak"})
    dead.wait()

    assert [role for role, _, _ in samples.roles()] == ["soak"]


def test_mishaps_lose_no_frame_and_leave_nothing(assets: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["--minutes", "0.6", "--streams", "3", "--seed", "7", "--model", MODEL]
    ran = subprocess.run(
        [sys.executable, "-m", "bench.soak", *words, "--json", report],
        capture_output=True,
        text=True,
    )

    assert report.exists(), ran.stdout + ran.stderr
    told = json.loads(report.read_text())
    assert (ran.returncode, told["problems"]) == (0, []), ran.stdout
    assert told["mishaps"] and told["frames"]["inferred"]
