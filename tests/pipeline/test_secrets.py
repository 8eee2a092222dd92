"""Who knows the token: the person, the dashboard, and nobody else."""

import asyncio
import os
import urllib.request
from pathlib import Path

from cnap.cameras import Camera
from cnap.models import cache_dir
from tests.pipeline.running import account_of, processes_of, running, until
from tests.real import MODEL


def environment(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


async def test_functions_do_not_know_the_token_and_the_dashboard_does(film: Path) -> None:
    camera = Camera("gate", str(film), (MODEL,))
    async with running([camera], port=0) as at:
        await until(lambda: account_of(at, "gate").inferred > 0)
        for function in ("transcode", "infer", "publish"):
            processes = list(processes_of(at, function))
            assert processes
            assert not any(at.token in environment(pid) for pid in processes)
        await until(lambda: list(processes_of(at, "cnap.source")))

        await asyncio.to_thread(urllib.request.urlopen, f"{at.page}/api/status", timeout=30)
        dashboards = list(processes_of(at, "cnap.dashboard"))
        assert dashboards
        assert all(at.token in environment(pid) for pid in dashboards)


async def test_the_note_of_a_running_pipeline_is_its_owners_alone() -> None:
    async with running():
        note = cache_dir() / "run" / f"{os.getpid()}.json"
        assert note.stat().st_mode & 0o077 == 0
    assert not note.exists()


async def test_a_cameras_password_in_the_environment_is_the_sources_alone(
    film: Path, monkeypatch
) -> None:
    monkeypatch.setenv("GATE_FILM", str(film))
    monkeypatch.setenv("YARD_PASSWORD", "the-password-of-the-yard")
    yard = Camera("yard", "rtsp://u:${YARD_PASSWORD}@127.0.0.1:1/", (MODEL,))
    async with running([Camera("gate", "${GATE_FILM}", (MODEL,)), yard], port=0) as at:
        await until(lambda: account_of(at, "gate").inferred > 0)
        await asyncio.to_thread(urllib.request.urlopen, f"{at.page}/api/status", timeout=30)
        for part in ("transcode", "infer", "publish", "cnap.dashboard"):
            (environ, *more) = map(environment, processes_of(at, part))
            assert not any("YARD_PASSWORD" in one or "GATE_FILM" in one for one in (environ, *more))
        assert all("YARD_PASSWORD" in environment(pid) for pid in processes_of(at, "cnap.source"))
