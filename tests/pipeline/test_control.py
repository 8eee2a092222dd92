"""Cameras that come, change and go while the pipeline runs, by its API; one of them uploads."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from cnap.cameras import Camera
from cnap.running import Running
from tests import media
from tests.pipeline.running import account_of, running, until
from tests.real import MODEL


class Api:
    """The page's address, asked with the token. Each answer is a status and its JSON."""

    def __init__(self, session: aiohttp.ClientSession, at: Running) -> None:
        self._session, self._at = session, at

    async def __call__(self, method: str, path: str, **sent: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._at.token}"} | sent.pop("headers", {})
        url = f"{self._at.page}/{path}"
        async with self._session.request(method, url, headers=headers, **sent) as answer:
            json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if json else answer.read())

    async def upload(self, name: str, film: bytes) -> tuple[int, Any]:
        headers = {"Content-Type": "video/mp4"}
        return await self("POST", f"streams/{name}/segments", data=film, headers=headers)


@asynccontextmanager
async def api(cameras: list[Camera]) -> AsyncIterator[tuple[Api, Running]]:
    async with running(cameras, port=0) as at, aiohttp.ClientSession() as session:
        yield Api(session, at), at


async def answered(ask: Api, wanted: int) -> None:
    """Waits till an empty upload is answered so: 503 before the source runs, then 404, and 400 when
    the camera is open."""
    async with asyncio.timeout(20):
        while (await ask.upload("phone", b""))[0] != wanted:
            await asyncio.sleep(0.05)


async def test_a_camera_that_uploads_is_added_looked_at_and_removed(
    assets: Path, tmp_path: Path
) -> None:
    film = media.clip(tmp_path / "piece.mp4", size=(320, 240), frames=30, rate=15).read_bytes()
    async with api([]) as (ask, at):
        await answered(ask, 404)
        camera = {"name": "phone", "url": "push:", "models": [MODEL]}
        assert await ask("POST", "api/cameras", json=camera) == (201, camera)
        await answered(ask, 400)
        await until(lambda: account_of(at, "phone").reason == "waiting for uploads")

        for _ in range(3):
            status, answer = await ask.upload("phone", film)
            assert (status, answer) == (202, {"frames": 30, "seconds": 2.0})
            await asyncio.sleep(1.8)
        await until(lambda: account_of(at, "phone").inferred == 90)
        await until(lambda: account_of(at, "phone").state == "stalled")
        assert account_of(at, "phone").dropped == 0

        assert (await ask("PATCH", "api/cameras/phone", json={"paused": True}))[0] == 200
        assert await ask.upload("phone", film) == (409, {"error": "phone is paused"})
        assert (await ask("DELETE", "api/cameras/phone"))[0] == 204
        await until(lambda: account_of(at, "phone").state == "ended")


async def test_a_camera_without_models_is_stored_while_somebody_watches(
    assets: Path, tmp_path: Path
) -> None:
    film = media.clip(tmp_path / "film.mp4", frames=50)
    async with api([Camera("yard", str(film)), Camera("gate", str(film))]) as (ask, at):
        await until(lambda: account_of(at, "gate").state == account_of(at, "yard").state == "live")
        async with asyncio.timeout(20):
            while (await ask("GET", "api/streams/yard/segments?wait=1"))[0] != 200:
                pass
        assert [*Path(at.store.removeprefix("file://")).glob("segments/yard/*/*")]
        assert not [*Path(at.store.removeprefix("file://")).glob("segments/gate/*/*")]
