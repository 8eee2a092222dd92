"""`cnap send` as a person runs it: what it prints, and how it ends when it is interrupted."""

import asyncio
import json
import os
import shutil
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cnap.pipeline import Pipeline
from cnap.stores import open_store
from tests import media
from tests.pipeline.running import MODEL, account_of, until

CNAP = Path(sys.executable).with_name("cnap")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of their own: no other pipeline of this machine is found."""
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path / "cache"))


@asynccontextmanager
async def running():
    pipeline = Pipeline([], [MODEL])
    try:
        yield pipeline, await pipeline.start()
    finally:
        await pipeline.stop()


async def send(*words) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        CNAP, "send", *map(str, words), stdout=pipe, stderr=pipe, limit=1 << 24
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int, list[str], list[str]]:
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, (out or b"").decode().splitlines(), err.decode().splitlines()


async def test_an_event_is_about_as_much_video_as_asked_for(tmp_path):
    film = media.clip(tmp_path / "film.mp4", frames=12, rate=10, gop=12)
    async with running():
        for seconds, counts in (("0", [1] * 12), ("0.6", [6, 6])):
            words = (film, "--stream", "film", "--segment", seconds, "--json")
            code, out, _ = await ended(await send(*words))
            assert code == 0
            assert [len(json.loads(line)["frames"]) for line in out] == counts


async def test_a_folder_with_all_kinds_of_files(film, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(film, folder / "film 10.mp4")
    (folder / "film 2.png").write_bytes(media.png(64, 48))
    (folder / "film 3.mp4").write_text("this is not a film")
    (folder / "README.txt").write_text("about these films")
    async with running():
        code, out, err = await ended(await send(folder, "--stream", "film", "--json"))

    results = [json.loads(line) for line in out]
    names = list(dict.fromkeys(result["file"] for result in results))
    assert names == ["film 2.png", "film 3.mp4", "film 10.mp4"]
    (unread,) = [result for result in results if result["sequence"] is None]
    assert unread["file"] == "film 3.mp4"
    assert "film 3.mp4 is not a video file" in unread["failed"][0]["reason"]
    assert code == 1
    assert err[0] == "cnap: skipped 1 file that is no film and no picture: README.txt"
    assert err[1].startswith("cnap: film 3.mp4 is not a video file")
    assert err[2].startswith("3 files (1 can't be read), ")
    assert err[3].startswith(f"{MODEL}: ")


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
async def test_what_is_interrupted_says_what_was_done_and_leaves_nothing(film, number):
    async with running() as (_, at):
        process = await send(film, film, film, "--stream", "film", "--json")
        first = await process.stdout.readline()
        process.send_signal(number)
        code, _, err = await ended(process)
        await until(lambda: account_of(at, "film").state == "ended")

        assert json.loads(first)["sequence"] == 0
        assert code == 128 + number
        assert " of 3 files, " in err[0]
        assert err[2].startswith("cnap: not finished: ")
        assert len(err) == 3
        assert account_of(at, "film").reason == "interrupted"
        await until(lambda: not list(open_store(at.store).objects("")))


async def test_a_reader_that_has_stopped_does_not_hold_up_the_end(film, tmp_path):
    reading, writing = os.pipe()
    async with running() as (_, at):
        process = await asyncio.create_subprocess_exec(
            CNAP, "send", film, film, "--stream", "film", "--json", stdout=writing
        )
        # Its lines fill the pipe sooner or later; they are longer than what fits into it.
        await until(lambda: account_of(at, "film").captured > 100)
        process.terminate()
        code = await asyncio.wait_for(process.wait(), 30)
    os.close(reading)
    os.close(writing)

    assert code == 128 + signal.SIGTERM


async def test_a_pipeline_that_ends_meanwhile_ends_it_too(film):
    async with running() as (pipeline, _):
        process = await send(film, film, film, "--stream", "film", "--json")
        await process.stdout.readline()
        await pipeline.stop()
        code, _, err = await ended(process)

    assert code == 1
    assert "cnap: the running pipeline was ended" in err
    assert any(line.startswith("cnap: not finished: ") for line in err)
    assert not any("Traceback" in line for line in err)


async def test_a_full_disk_is_one_line(film):
    async with running():
        with Path("/dev/full").open("w") as full:
            process = await asyncio.create_subprocess_exec(
                CNAP, "send", film, "--stream", "film", "--json",
                stdout=full, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            code, _, err = await ended(process)

    assert code == 1
    assert "cnap: the results can't be written: No space left on device" in err
    assert not any("Traceback" in line for line in err)
