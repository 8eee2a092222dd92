"""Things that die while frames go through: nothing is lost, and nothing counted twice."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from cnap.embedded import get_binary_path
from tests import real
from tests.pipeline.running import account_of, kill, processes_of, running, send, until

FRAMES = real.FRAMES[real.FILM]


async def results(at, count: int) -> None:
    await until(lambda: account_of(at, "film").inferred >= count)


@pytest.mark.parametrize("function", ["transcode", "infer", "publish"])
async def test_a_killed_function_loses_nothing(film: Path, function: str) -> None:
    async with running() as at:
        sending = asyncio.create_task(send(at, [film]))
        await results(at, 40)
        assert kill(processes_of(at, function))
        outcomes, summary = await sending

        assert (summary.inferred, summary.failed) == (FRAMES, 0)
        assert len({o["sequence"] for o in outcomes}) == len(outcomes)
        assert account_of(at, "film").inferred == FRAMES


async def test_the_store_gone_for_ten_seconds_loses_nothing(film: Path) -> None:
    async with running() as at:
        sending = asyncio.create_task(send(at, [film]))
        await results(at, 40)
        store = Path(at.store.removeprefix("file://"))
        away = store.rename(store.with_name("away"))
        await asyncio.sleep(10)
        away.rename(store)
        _, summary = await sending

        assert (summary.inferred, summary.failed) == (FRAMES, 0)
        assert account_of(at, "film").inferred == FRAMES


async def test_redis_gone_for_ten_seconds_loses_nothing(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = [str(get_binary_path()), "--port", "0", "--unixsocket", f"{tmp_path}/redis.sock"]
    server += ["--appendonly", "yes", "--appendfsync", "always", "--dir", str(tmp_path)]
    first = subprocess.Popen(server, stdout=subprocess.DEVNULL)
    monkeypatch.setenv("CNAP_REDIS", f"unix://{tmp_path}/redis.sock")
    try:
        await until((tmp_path / "redis.sock").exists)
        async with running() as at:
            sending = asyncio.create_task(send(at, [film]))
            await results(at, 40)
            first.kill()
            first.wait()
            await asyncio.sleep(10)
            first = subprocess.Popen(server, stdout=subprocess.DEVNULL)
            _, summary = await sending

            assert (summary.inferred, summary.failed) == (FRAMES, 0)
            assert account_of(at, "film").inferred == FRAMES
    finally:
        first.kill()
        first.wait()
