"""A disk that is full, a real one: writers wait, nothing crashes, nothing is lost."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnap.stores import open_store
from tests import media, real
from tests.functions import under_runner
from tests.pipeline.running import account_of, running, send, until
from tests.real import MODEL
from tests.segments import segments

FRAMES = real.FRAMES[real.FILM]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB with a folder `store`."""
    place = tmp_path / "disk"
    (place / "store").mkdir(parents=True)
    if not shutil.which("mount"):
        pytest.skip("there is no mount here to make a small file system with")
    words = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    made = subprocess.run(words, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no small file system can be made here: {made.stderr.strip()}")
    try:
        (place / "store").mkdir()
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (1 << 16, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break
    return filler


def test_transcode_answers_503_until_there_is_room(disk: Path, tmp_path: Path) -> None:
    store = open_store(f"file://{disk}/store")
    film = media.clip(tmp_path / "film.mp4", frames=10)
    event = segments(film, store, models=("yolox-nano",))[0].event.to_event()
    with under_runner("transcode", {"CNAP_STORE": store.url}) as transcode:
        filler = fill(disk)
        refused = transcode.send(event)
        assert (refused.status, refused.body.decode()) == (503, f"the store {disk}/store is full")
        assert [one.key for one in store.objects("frames/")] == []

        filler.unlink()
        assert transcode.send(event).status == 200


async def test_a_full_store_loses_nothing(
    disk: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNAP_STORE", f"file://{disk}/store")
    async with running() as at:
        sending = asyncio.create_task(send(at, [film]))
        await until(lambda: account_of(at, "film").inferred >= 40)
        for _ in range(80):  # what is deleted meanwhile makes room again
            filler = fill(disk)
            await asyncio.sleep(0.1)
        stuck = account_of(at, "film")
        assert (stuck.failed, stuck.dropped) == (0, 0)
        assert stuck.inferred < FRAMES
        filler.unlink()
        _, summary = await sending

        assert (summary.inferred, summary.failed) == (FRAMES, 0)
        done = account_of(at, "film")
        assert (done.captured, done.inferred, done.inflight) == (FRAMES, FRAMES, 0)
        assert done.models[MODEL].failed == 0
        assert list(open_store(at.store).objects("")) == []
