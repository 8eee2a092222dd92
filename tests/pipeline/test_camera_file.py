"""`cnap up --cameras`: the file, the API and what runs are the same, while all of it runs."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from cnap import cameras
from cnap.camerafile import CameraFile
from cnap.cli import given
from cnap.errors import CnapError
from cnap.pipeline import Pipeline
from tests import media

TEXT = """\
# of the house
cameras:
  - name: gate  # by the road
    url: films/gate.mp4
    segment: 0.1
  - name: none
    url: films/nothing.mp4
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "films").mkdir()
    media.clip(tmp_path / "films" / "gate.mp4", frames=30, rate=30, gop=10)
    path = tmp_path / "cameras.yaml"
    path.write_text(TEXT)
    return path


class Seen:
    """What the API says of the cameras of a pipeline."""

    def __init__(self, session, at):
        self._session, self._at = session, at

    async def states(self) -> dict[str, str]:
        streams = (await self.get("status"))["streams"]
        return {one["name"]: f"{one.get('state')}: {one.get('reason')}" for one in streams}

    async def get(self, what: str) -> dict:
        async with self._session.get(f"{self._at.page}/api/{what}") as answer:
            return await answer.json()

    async def until(self, right: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        async with asyncio.timeout(60):
            while not right(states := await self.states()):
                await asyncio.sleep(0.1)
        return states

    async def patch(self, name: str, change: dict) -> None:
        headers = {"Authorization": f"Bearer {self._at.token}"}
        url = f"{self._at.page}/api/cameras/{name}"
        async with self._session.patch(url, json=change, headers=headers) as answer:
            assert answer.status == 200, await answer.text()


@asynccontextmanager
async def followed(path, said):
    pipeline = Pipeline([], (), 0, file=CameraFile(path, said.append))
    try:
        at = await pipeline.start()
        async with aiohttp.ClientSession() as session:
            yield Seen(session, at)
    finally:
        await pipeline.stop()


async def test_the_file_the_api_and_what_runs_are_the_same(path):
    said = []
    async with followed(path, said) as seen:
        states = await seen.until(
            lambda now: now.get("gate", "").startswith("live") and "nothing" in now.get("none", "")
        )
        assert str(path.parent / "films" / "nothing.mp4") in states["none"]

        path.write_text(
            path.read_text().replace("name: none", "name: yard").replace("nothing", "gate")
        )
        await seen.until(lambda now: now.get("yard", "").startswith("live"))

        await seen.patch("gate", {"paused": True})
        await seen.until(lambda now: now["gate"].startswith("paused"))
        async with asyncio.timeout(20):
            while "paused: true" not in path.read_text():
                await asyncio.sleep(0.1)
        assert "# of the house" in path.read_text()
        assert "- name: gate  # by the road" in path.read_text()

        right = path.read_text()
        path.write_text(right + "  - {name: x, url: y, fps: 1}\n")
        async with asyncio.timeout(20):
            while not said:
                await asyncio.sleep(0.1)
        assert "line 9: camera x: unknown field 'fps'; did you mean framerate?" in said[0]
        for path_of in ("status", "cameras"):
            assert "line 9: camera x: unknown field" in (await seen.get(path_of))["problem"]
        states = await seen.states()
        assert states["yard"].startswith("live") and states["gate"].startswith("paused")
    assert sorted(one.name for one in path.parent.iterdir()) == ["cameras.yaml", "films"]


def up(*words):
    command = [sys.executable, "-c", "from cnap.cli import main; main()", "up", *map(str, words)]
    result = subprocess.run(command, capture_output=True, text=True)
    return result.returncode, result.stderr


def test_what_is_wrong_is_said_before_anything_starts(path):
    path.write_text("cameras:\n- {name: A, url: 10.0.0.7}\n- {nam: b}\n")
    code, said = up("--cameras", path)
    assert code == 1
    assert [line[:27] for line in said.splitlines()] == [
        "cnap: cameras.yaml line 2: ",
        "cameras.yaml line 2: camera",
        "cameras.yaml line 3: camera",
        "cameras.yaml line 3: camera",
        "cameras.yaml line 3: camera",
    ]


def test_streams_are_said_by_the_file_or_one_by_one(path):
    for more in (["--stream", "a=b.mp4"], ["--framerate", "3"]):
        code, said = up("--cameras", path, *more)
        assert code == 2
        assert "--cameras says all cameras: write what --stream or --framerate says in" in said


@pytest.fixture
def fetched(monkeypatch):
    """Models are had at once; what was asked for is noted."""
    asked = []

    def fetch(sources, family=None, labels=None):
        asked.append(sources)
        if "unknown" in sources:
            raise CnapError("no model is called 'unknown'")
        return tuple(source.removesuffix(".onnx") for source in sources) or ("best",), ""

    monkeypatch.setattr(given, "fetch_models", fetch)
    return asked


@pytest.mark.parametrize(
    ("text", "asked", "runs", "usual"),
    [
        ("- {name: a, url: u}", [], ("best",), ("best",)),
        ("- {name: a, url: u, models: []}", [], (), ()),
        ("- {name: a, url: u, models: []}\n- {name: b, url: u}", [], ("best",), ("best",)),
        ("- {name: a, url: u, models: [x]}\n- {name: b, url: u}", [], ("x",), ()),
        ("- {name: a, url: u, models: [x]}", ["y"], ("y", "x"), ("y",)),
        ("- {name: a, url: u, models: [mine]}", ["mine.onnx"], ("mine",), ("mine",)),
        ("- {name: a, url: u, models: [x, unknown, y]}", [], ("x", "y"), ()),
        ("[]", [], ("best",), ("best",)),
    ],
)
def test_which_models_run(path, fetched, text, asked, runs, usual):
    path.write_text(f"cameras:\n{text}\n" if text != "[]" else "cameras: []")
    file, names, _ = given.file(path, (tuple(asked), None, None))
    assert (names, file.usual) == (runs, usual)


def test_cameras_that_do_not_say_get_the_usual_models(monkeypatch):
    monkeypatch.setenv("CNAP_CAMERA_MODELS", "a,b")
    text = "cameras: [{name: x, url: u}, {name: y, url: u, models: []}]"
    assert [camera.models for camera in cameras.parse(text)] == [("a", "b"), ()]


def test_a_stream_that_is_no_file_is_not_opened_by_the_command(fetched):
    """Whether a camera of the network is there, is its state; a typo in its url is told at once."""
    ((camera,), _, _) = given.streams(["a=rtsp://127.0.0.1:9/1"], None, ((), None, None))
    assert camera.url == "rtsp://127.0.0.1:9/1"
    assert given.streams(["a=testsrc:"], None, ((), None, None))[0][0].url == "testsrc:"
    for stream in ("a=rstp://h/1", "a=10.0.0.7", "a", "A=x.mp4", "a=nothing.mp4"):
        with pytest.raises(Exception, match=r"did you mean|must be NAME=FILE|can't name|not there"):
            given.streams([stream], None, ((), None, None))
