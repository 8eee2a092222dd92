"""The whole pipeline on this machine: the project's YAML on the local runtime, with a store and
a Redis of its own where none is given."""

import asyncio
import logging
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from cnap import cameras, janitor
from cnap.camerafile import CameraFile
from cnap.cameras import Camera
from cnap.embedded import EmbeddedRedis
from cnap.errors import CnapError, Unavailable
from cnap.local import PortError, Runtime
from cnap.local.process import Guard
from cnap.manifests import control, shipped
from cnap.models import cache_dir
from cnap.redis import connect, said_plainly
from cnap.running import Running
from cnap.scratch import scratch
from cnap.source.references import REFERENCE
from cnap.stores import Store, open_store

log = logging.getLogger("cnap.pipeline")

NAMESPACE = "cnap"
NEEDED = {"HOME", "LANG", "PATH", "SSL_CERT_FILE", "TMPDIR", "USER"}
"""By every process, though a url refers to it, as in ${HOME}/films."""


class Pipeline:
    """Starts everything on `start`, and leaves nothing behind on `stop`."""

    def __init__(
        self,
        streams: Sequence[Camera],
        models: Sequence[str],
        port: int | None = None,
        catalog: str = "",
        sends: str = "",
        file: CameraFile | None = None,
    ) -> None:
        """`port` is the page's; `catalog` declares models that are a person's own files; `sends`
        names the stream for which alone it is started, by `cnap send`; `file` is the cameras.yaml
        that the cameras follow, instead of `streams`."""
        self._cameras = cameras.parse(file.text, models=file.usual) if file else list(streams)
        self._models, self._sends, self._file = list(models), sends, file
        self._port, self._catalog = port, catalog
        self._passwords = _referred(self._cameras)
        self._leaving = AsyncExitStack()
        self.broken: asyncio.Task[str] | None = None
        """Done, with the reason, when the pipeline can't go on."""

    @property
    def looks(self) -> bool:
        """Whether a model is to look at a camera by now."""
        now = datetime.now(UTC)
        return any(
            set(camera.models) & set(self._models)
            and not camera.paused
            and (camera.schedule is None or camera.schedule.open(now))
            for camera in self._cameras
        )

    async def start(self) -> Running:
        """Raises CnapError, ManifestError or PortError in plain words."""
        try:
            return await self._start()
        except OSError as error:
            await self.stop()
            if isinstance(error, PortError):
                raise
            raise CnapError(f"{error.filename or 'this machine'}: {error.strerror}") from None
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Every step is taken, whatever becomes of the others."""
        try:
            await self._leaving.aclose()
        except Unavailable as error:
            log.error("%s: what was in flight stays there for the janitor", error)

    async def _start(self) -> Running:
        place = self._leaving.enter_context(scratch())
        guard = Guard()
        self._leaving.push_async_callback(self._ended)
        self._leaving.push_async_callback(guard.stop)
        await guard.start()
        redis = os.environ.get("CNAP_REDIS") or await self._own_redis(place, guard)
        await asyncio.to_thread(_ping, redis)
        store = self._open_store(place)
        token = secrets.token_urlsafe(24)
        env = _passed_on() | {
            "CNAP_STORE": store.url,
            "CNAP_REDIS": redis,
            "CNAP_CACHE": str(cache_dir()),
            "CNAP_SOURCE": f"unix://{place}/source.sock",
            "CNAP_CATALOG": str(_written(place / "models.toml", self._catalog)),
        }
        if self._file:
            env["CNAP_CAMERA_FILES"] = str(self._file.folder)
            env["CNAP_CAMERA_MODELS"] = ",".join(self._file.usual)
        if store.url.startswith("file://"):
            env.setdefault("CNAP_STORE_QUOTA", str(_quota(Path(store.url.removeprefix("file://")))))
        text = self._file.text if self._file else cameras.dump(self._cameras)
        runtime = Runtime(
            [
                *shipped(self._models, place),
                _written(place / "control.yaml", control(token, NAMESPACE)),
            ],
            namespace=NAMESPACE,
            env=env,
            token=token,
            public_port=self._port,
            configmaps={cameras.CONFIG_MAP: {cameras.KEY: text}},
            changed=self._changed,
            withheld=self._passwords,
        )
        self._leaving.push_async_callback(runtime.stop)
        await runtime.start()
        if self._file:
            following = asyncio.create_task(self._file.follow(_Config(runtime)))
            self._leaving.callback(following.cancel)
        running = Running(
            broker=runtime.broker_url("default"),
            kubernetes=runtime.url,
            page=runtime.public_url or "",
            token=token,
            store=store.url,
            redis=redis,
            models=self._models,
            sends=self._sends,
        )
        self._leaving.enter_context(running.noted())
        return running

    async def _own_redis(self, place: Path, guard: Guard) -> str:
        redis = EmbeddedRedis(place, guard)
        await redis.start()
        self.broken = asyncio.create_task(redis.ended())
        return redis.url

    async def _ended(self) -> None:
        if self.broken:
            await self.broken

    def _open_store(self, place: Path) -> Store:
        url = os.environ.get("CNAP_STORE")
        if not url:
            (place / "store").mkdir()
            url = f"file://{place}/store"
        elif url.startswith("file://"):
            Path(url.removeprefix("file://")).mkdir(parents=True, exist_ok=True)
        store = open_store(url)
        self._leaving.push_async_callback(asyncio.to_thread, self._leave_nothing, store)
        sweeping = asyncio.create_task(_sweep_often(store))
        self._leaving.callback(sweeping.cancel)
        return store

    def _changed(self, name: str, data: Mapping[str, str]) -> None:
        """Remembers cameras that came while it ran: their streams too leave nothing behind."""
        if name == cameras.CONFIG_MAP:
            text = data.get(cameras.KEY, cameras.NONE)
            found, _ = cameras.followed(text, self._cameras)  # of a mistake, the source tells
            known = {camera.name for camera in self._cameras}
            self._cameras += [camera for camera in found if camera.name not in known]
            self._passwords |= _referred(found)

    def _leave_nothing(self, store: Store) -> None:
        """Deletes what was in flight when everything stopped, of this pipeline's streams only."""
        streams = [camera.name for camera in self._cameras] + [self._sends] * bool(self._sends)
        for stream in streams:
            for prefix in janitor.PREFIXES:
                found = store.objects(f"{prefix}{stream}/")
                store.delete(*(entry.key for entry in found))


class _Config:
    """The cameras of a runtime, as a file follows them."""

    def __init__(self, runtime: Runtime) -> None:
        self._maps = runtime.config_maps

    def get(self) -> str:
        return self._maps.get(NAMESPACE, cameras.CONFIG_MAP)["data"].get(cameras.KEY, "")

    def put(self, text: str) -> None:
        self._maps.patch(NAMESPACE, cameras.CONFIG_MAP, {"data": {cameras.KEY: text}})

    def tell(self, problem: str) -> None:
        data = {cameras.PROBLEM: problem or None}
        self._maps.patch(NAMESPACE, cameras.CONFIG_MAP, {"data": data})


async def _sweep_often(store: Store) -> None:
    while True:
        await asyncio.sleep(janitor.KEEP / 10)
        try:
            await asyncio.to_thread(janitor.sweep, store)
        except Unavailable as error:
            log.warning("the janitor could not sweep: %s", error)


def _ping(url: str) -> None:
    with said_plainly(), connect(url) as redis:
        redis.ping()


def _quota(place: Path) -> int:
    """Bytes the store may take: half of what is free, so that the machine goes on working."""
    return shutil.disk_usage(place).free // 2


def _referred(known: Sequence[Camera]) -> set[str]:
    """Variables that urls refer to, which nobody but the source needs to know."""
    names = {name for camera in known for name in REFERENCE.findall(camera.url)}
    return {name for name in names if name not in NEEDED and not name.startswith(("LD_", "PYTHON"))}


def _passed_on() -> dict[str, str]:
    """Settings of the person's own environment that functions on this machine should have too."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("CNAP_", "AWS_")) and not name.endswith("_TOKEN")
    }


def _written(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path
