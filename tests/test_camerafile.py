"""A cameras.yaml and the ConfigMap: a change of either is in both, and nobody's edit is lost."""

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cnap import cameras
from cnap.camerafile import CameraFile, _replaced
from cnap.cameras import CameraError, edits

TEXT = """\
# ours
cameras:
  - name: gate  # G
    url: gate.mp4
    models: [a]
  - {name: yard, url: yard.mp4}  # Y
"""


class Config:
    """The ConfigMap, with each text that it had."""

    def __init__(self, text):
        self.texts, self.problem = [text], ""

    def get(self):
        return self.texts[-1]

    def put(self, text):
        self.texts.append(text)

    def tell(self, problem):
        self.problem = problem


class Following:
    def __init__(self, path):
        self.path, self.said = path, []
        self.file = CameraFile(path, self.said.append)
        self.file.served = {"a"}
        self.config = Config(self.file.text)

    @property
    def names(self):
        return [camera.name for camera in cameras.parse(self.config.get())]

    async def until(self, condition):
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.02)

    async def settled(self):
        """Until both are the same, and have been looked at since."""
        await self.until(lambda: self.path.read_bytes().decode() == self.config.get())


@asynccontextmanager
async def following(path):
    it = Following(path)
    task = asyncio.create_task(it.file.follow(it.config))
    try:
        yield it
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert [other.name for other in path.parent.iterdir() if other.name.startswith(".")] == []


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "cameras.yaml"
    path.write_text(TEXT)
    return path


def saved_in_place(path, text):
    path.write_text(text)


def saved_by_rename(path, text):
    new = path.with_name("4913")
    new.write_text(text)
    path.rename(path.with_name("cameras.yaml~"))
    new.rename(path)


@pytest.mark.parametrize("save", [saved_in_place, saved_by_rename])
async def test_a_change_of_the_file_is_in_the_config_map(path, save):
    async with following(path) as it:
        for name in ("one", "two"):
            text = edits.add(path.read_text(), {"name": name, "url": "x.mp4"})
            save(path, text)
            await it.until(lambda text=text: it.config.get() == text)
    assert len(it.config.texts) == 3
    assert it.said == []


async def test_a_mistake_is_said_once_with_its_line_and_changes_nothing(path):
    async with following(path) as it:
        path.write_text(TEXT + "    framrate: 5\n  - {name: x, url: y, fps: 1}\n")
        await it.until(lambda: it.said)
        path.write_text(TEXT.replace("gate.mp4", "10.0.0.7"))
        await it.until(lambda: len(it.said) > 1)
        await asyncio.sleep(0.5)
        assert it.config.texts == [TEXT]
        assert it.config.problem == it.said[1]
        path.write_text(TEXT.replace("gate.mp4", "rtsp://10.0.0.7"))
        await it.until(lambda: len(it.config.texts) == 2)
        await it.until(lambda: len(it.said) == 3)
        assert it.said[2] == "cameras.yaml is right again"
        assert it.config.problem == ""
    assert it.said[0].startswith("cameras.yaml line ")
    assert it.said[0].endswith("\nThe cameras stay as they were.")
    assert "line 4: camera gate: url needs a scheme; did you mean rtsp://10.0.0.7?" in it.said[1]


async def test_what_is_half_written_does_not_count(path):
    it = Following(path)
    whole = TEXT + "".join(f"  - {{name: c{n}, url: x.mp4}}\n" for n in range(5))
    for end in range(0, len(whole), 40):
        path.write_text(whole[:end])
        await it.file.look(it.config)
    path.write_text(whole)
    await it.file.look(it.config)
    assert it.config.texts == [TEXT]
    await it.file.look(it.config)
    assert it.config.texts == [TEXT, whole]
    assert it.said == []


async def test_a_file_that_is_gone_or_empty_for_long_is_said_and_leaves_the_cameras(path):
    async with following(path) as it:
        path.unlink()
        await it.until(lambda: it.said)
        assert it.said == [f"{path}: No such file or directory; the cameras stay as they were"]
        path.write_text("")
        await it.until(lambda: len(it.said) > 1)
        assert it.said[1].startswith("cameras.yaml is empty; write cameras: [] for none; the cam")
        path.write_text("cameras: []\n")
        await it.until(lambda: it.names == [])


async def test_a_change_by_the_api_is_written_into_the_file_as_it_was(path):
    path.chmod(0o640)
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    async with following(path) as it:
        changed = edits.patch(it.config.get(), "gate", {"paused": True})
        it.config.put(changed)
        await it.settled()
        assert path.read_bytes().decode() == changed
        assert path.stat().st_mode & 0o777 == 0o640
        assert len(it.config.texts) == 2  # what was written is no news


async def test_it_is_written_through_links(path, tmp_path):
    link = tmp_path / "elsewhere" / "mine.yaml"
    link.parent.mkdir()
    link.symlink_to(path)
    async with following(link) as it:
        it.config.put(edits.remove(it.config.get(), "yard"))
        await it.settled()
    assert link.is_symlink()
    assert "yard" not in path.read_text()


async def test_where_both_change_both_changes_count_and_the_file_wins_what_it_changed_too(path):
    async with following(path) as it:
        path.write_text(TEXT + "    bad: indent\n")  # so that the API's changes wait
        await it.until(lambda: it.said)
        config = edits.patch(it.config.get(), "gate", {"paused": True, "models": ["a", "b"]})
        config = edits.remove(config, "yard")
        it.config.put(edits.add(config, {"name": "api", "url": "z.mp4"}))
        await asyncio.sleep(0.5)
        path.write_text(TEXT.replace("[a]", "[]  # none") + "  - {name: mine, url: m.mp4}\n")
        await it.until(lambda: "mine" in it.names)
        await it.settled()
    assert edits.entries(path.read_text()) == {
        "gate": {"name": "gate", "url": "gate.mp4", "models": [], "paused": True},
        "mine": {"name": "mine", "url": "m.mp4"},
        "api": {"name": "api", "url": "z.mp4"},
    }
    assert "[]  # none" in path.read_text()


async def test_a_camera_that_the_file_changed_is_not_removed_by_the_api(path):
    async with following(path) as it:
        path.write_text("")
        await asyncio.sleep(0.3)
        it.config.put(edits.remove(it.config.get(), "yard"))
        path.write_text(TEXT.replace("yard.mp4", "better.mp4"))
        await it.until(lambda: "better.mp4" in it.config.get())
        await it.settled()
    assert "better.mp4" in path.read_text()


def test_an_edit_that_came_in_between_is_not_overwritten(path):
    path.write_text(TEXT + "# mine\n")
    assert not _replaced(path, TEXT, "cameras: []")
    assert path.read_text().endswith("# mine\n")
    assert _replaced(path, TEXT + "# mine\n", "cameras: []")


async def test_a_change_by_hand_of_the_config_map_that_is_no_cameras_stays_out_of_the_file(path):
    async with following(path) as it:
        it.config.put("cameras: [")
        await it.until(lambda: it.said)
        assert it.said[0].startswith("the change by the API line 1:")
        path.write_text(TEXT + "# mine\n")
        await it.settled()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
async def test_a_file_that_cannot_be_written_is_said(path):
    path.parent.chmod(0o500)
    async with following(path) as it:
        it.config.put("cameras: []")
        await it.until(lambda: it.said)
    path.parent.chmod(0o700)
    assert "Permission denied; a change by the API is not written there" in it.said[0]


async def test_a_model_that_is_not_run_is_said_once(path):
    async with following(path) as it:
        for model in ("[a, yunet]", "[yunet, a]"):
            path.write_text(TEXT.replace("[a]", model))
            await it.until(lambda: it.config.get() == path.read_text())
    (said,) = it.said
    assert said.startswith("camera gate: nothing here runs yunet")
    assert said.endswith("with --model yunet as well")


async def test_a_model_that_there_is_not_is_not_to_be_started(path):
    async with following(path) as it:
        path.write_text(TEXT.replace("[a]", "[yunett]"))
        await it.until(lambda: it.said)
    assert it.said == ["camera gate: no model is called 'yunett'; did you mean yunet?"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"cameras: [", "mine.yaml line 1: a [ or { before this has no end"),
        (b"cameras:\n- name: \xff", "mine.yaml line 2: is no text in UTF-8 (0xff); save the file"),
        (b"x" * (1 << 20), "over 512 KiB"),
        (None, "mine.yaml: No such file or directory"),
    ],
)
def test_a_file_with_a_mistake_is_refused_at_the_beginning(tmp_path, content, words):
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CameraError) as caught:
        CameraFile(Path(path), print)
    assert words in str(caught.value)
