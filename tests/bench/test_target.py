"""A pipeline of the benchmark's own: found, asked, ended."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from cnap.bench import target as target_module
from cnap.bench.target import LocalPipeline
from cnap.errors import CnapError
from cnap.running import Running
from tests.real import MODEL


def test_it_runs_without_cameras_and_leaves_nothing(assets):
    with LocalPipeline((MODEL,)) as target:
        until = time.monotonic() + 20
        while "source" not in (roles := target.processes()).values():
            assert time.monotonic() < until
            time.sleep(0.05)
        up = next(pid for pid, role in roles.items() if role == "runtime")
        assert {"runtime", "redis"} <= set(roles.values())
        assert Running.of(up) == target.running
        assert target.running.models == [MODEL]
        assert target.streams() == []
        assert target.api("/api/cameras")["cameras"] == []
        assert set(target.replicas()) == {"transcode", f"infer-{MODEL}", "publish", "dashboard"}
        with pytest.raises(CnapError, match="was answered 404"):
            target.api("api/nothing")
        folder = Path(target.running.store.removeprefix("file://"))
        assert folder.is_dir()
    assert not [pid for pid in roles if Path(f"/proc/{pid}").exists()]
    assert Running.of(up) is None
    assert not folder.exists()


def test_why_it_does_not_start_is_said():
    with pytest.raises(CnapError, match=r"does not start: .*no model is called 'nothing'"):
        LocalPipeline(("nothing",)).__enter__()


def test_one_that_is_never_up_is_ended(monkeypatch, assets):
    begun = []
    popen = subprocess.Popen
    monkeypatch.setattr(target_module, "UP_WITHIN", 0.0)
    monkeypatch.setattr(
        target_module.subprocess, "Popen", lambda *a, **k: begun.append(popen(*a, **k)) or begun[0]
    )
    with pytest.raises(CnapError, match="it was not up after 0 s"):
        LocalPipeline((MODEL,)).__enter__()
    assert begun[0].returncode is not None


def test_no_note_is_no_pipeline_nor_is_one_of_a_process_that_had_this_id(tmp_path, monkeypatch):
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path))
    assert Running.of(os.getpid()) is None

    running = Running("b", "k", "p", "t", "s", "r", ["a"])
    with running.noted():
        assert Running.of(os.getpid()) == running
        left = (tmp_path / "run" / f"{os.getpid()}.json").read_text()
    (tmp_path / "run" / f"{os.getpid()}.json").write_text(left)
    assert Running.of(os.getpid()) is None
