"""Feeding a pipeline: what is sent, what counts, and that nothing is lost; most of it for real."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest

from cnap.bench.feeding import Sender, Sent
from cnap.bench.measures import throughput
from cnap.bench.sender import passes
from cnap.bench.target import LocalPipeline
from cnap.bench.workload import Workload
from cnap.errors import CnapError
from tests import media
from tests.real import MODEL


def test_the_rate_is_from_the_first_result_to_the_last():
    """What came with the first was under way before the clock began."""
    sent = Sent(("a",), [(10.0, 12), (10.5, 12), (12.0, 6)], 30, 30, 0)
    assert sent.rate == 9.0


def test_a_clip_is_sent_whole_and_once_at_least(tmp_path, monkeypatch):
    (tmp_path / "film.mp4").write_bytes(b"12345")
    now = iter([100.0, 100.5, 101.0, 102.1, 103.0])
    monkeypatch.setattr("cnap.bench.sender.time", SimpleNamespace(monotonic=lambda: next(now)))
    sent = list(passes(tmp_path / "film.mp4", 2))
    assert [(one.name, one.size) for one in sent] == [("0", 5), ("1", 5), ("2", 5)]

    monkeypatch.undo()
    assert len(list(passes(tmp_path / "film.mp4", 0))) == 1


@pytest.fixture(scope="module")
def target(assets):
    with LocalPipeline((MODEL,)) as target:
        yield target


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return media.clip(tmp_path_factory.mktemp("films") / "film.mp4", frames=30, rate=10, gop=10)


def test_a_real_pipeline_is_measured(target, film):
    workload = Workload(film, (MODEL,), streams=2, seconds=0.1, repeats=2)
    found = {figure.name: figure for figure in throughput.measure(target, workload)}
    roles = ("runtime", "sender", "transcode", f"infer-{MODEL}", "publish")

    assert len(found["throughput"].values) == 2
    assert found["throughput"].min > 0
    assert all(f"memory: {role}" in found for role in roles)
    assert 0 < found["CPU of a frame: sender"].median < found["CPU of a frame"].median


def test_frames_are_sent_one_by_one_where_segments_have_no_length(target, film):
    with Sender(target.running) as sender:
        sent = sender.send(Workload(film, (MODEL,), segment=0), seconds=0)
    assert (sent.frames, sent.inferred) == (30, 30)
    assert [count for _, count in sent.given] == [1] * 30
    account = target.account(sent.streams[0])
    assert (account.captured, account.inferred) == (30, 30)


def test_frames_without_a_result_are_no_throughput(target, film, monkeypatch):
    with Sender(target.running) as sender:
        answer = {"given": [[1.0, 5], [2.0, 5]], "frames": 30, "inferred": 29, "detections": 0}
        monkeypatch.setattr(sender, "_ask", lambda _: answer | {"said": []})
        with pytest.raises(CnapError, match="29 of 30 frames were inferred"):
            sender.send(Workload(film, (MODEL,)))


def test_the_ledger_must_say_so_too(target, film, monkeypatch):
    account = replace(target.account("none"), captured=30, inferred=29, reasons={"failed: x": 1})
    monkeypatch.setattr(target, "account", lambda _: account)
    with (
        Sender(target.running) as sender,
        pytest.raises(CnapError, match="by the ledger 29 of 30 frames"),
    ):
        throughput.pipeline(target, sender, Workload(film, (MODEL,), seconds=0.1))


def test_a_clip_that_is_no_film_is_said(target, tmp_path):
    (tmp_path / "film.mp4").write_text("this is not a film")
    with Sender(target.running) as sender:
        for _ in range(2):  # it goes on
            with pytest.raises(CnapError, match=r"sending failed: .*not a video file"):
                sender.send(Workload(tmp_path / "film.mp4", (MODEL,)), seconds=0)


def test_a_sender_ends_with_its_input(target):
    words = [sys.executable, "-m", "cnap.bench.sender"]
    note = json.dumps(asdict(target.running)) + "\n"
    ended = subprocess.run(words, input=note, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, json.loads(ended.stdout)) == (0, {"ready": True})
