"""The whole pipeline on this machine: the project's YAML on the local runtime, with a store and
a Redis of its own where none is given."""

import asyncio
import json
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cnap import cameras, janitor
from cnap.cameras import Camera
from cnap.embedded import EmbeddedRedis
from cnap.errors import CnapError, Unavailable
from cnap.events import wants
from cnap.files import folder
from cnap.local import Runtime
from cnap.local.process import Guard
from cnap.models import cache_dir
from cnap.stores import Store, open_store

log = logging.getLogger("cnap.pipeline")

TEMPLATE_MODEL = "yolox-nano"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
ENOUGH = 1 << 30
NAMESPACE = "cnap"


@dataclass(frozen=True)
class Running:
    """How to reach a pipeline that runs on this machine; kept in a file only its owner reads."""

    pid: int
    broker: str
    kubernetes: str
    page: str
    token: str
    store: str
    redis: str
    models: list[str]

    @classmethod
    def find(cls) -> "Running | None":
        """The pipeline that was started last and still runs."""
        notes = sorted(
            (cache_dir() / "run").glob("*.json"),
            key=lambda note: note.stat().st_mtime,
            reverse=True,
        )
        for note in notes:
            try:
                running = cls(**json.loads(note.read_text()))
                os.kill(running.pid, 0)
                return running
            except (ValueError, TypeError, ProcessLookupError):
                note.unlink(missing_ok=True)
        return None


class Pipeline:
    """Starts everything on `start`, and leaves nothing behind on `stop`."""

    def __init__(
        self,
        streams: Sequence[Camera],
        models: Sequence[str],
        port: int | None = None,
        catalog: str = "",
    ) -> None:
        """`port` is the page's; `catalog` declares models that are a person's own files."""
        self._catalog = catalog
        self._cameras, self._models, self._port = list(streams), list(models), port
        self._folder: Path | None = None
        self._guard = Guard()
        self._runtime: Runtime | None = None
        self._store: Store | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self.running: Running | None = None

    async def start(self) -> Running:
        """Raises CnapError, ManifestError or PortError in plain words."""
        try:
            return await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        if self._sweeping:
            self._sweeping.cancel()
        if self._runtime:
            await self._runtime.stop()
        if self._store and not self._store.url.startswith("file://"):
            await asyncio.to_thread(self._leave_nothing, self._store)
        await self._guard.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        _note(os.getpid()).unlink(missing_ok=True)

    def _leave_nothing(self, store: Store) -> None:
        """What was in flight when everything stopped, of this pipeline's streams only."""
        for camera in self._cameras:
            for prefix in janitor.PREFIXES:
                found = store.objects(f"{prefix}{camera.name}/")
                store.delete(*(entry.key for entry in found))

    async def _start(self) -> Running:
        _sweep()
        self._folder = _run_folder()
        await self._guard.start()
        token = secrets.token_urlsafe(24)
        store = os.environ.get("CNAP_STORE") or f"file://{self._folder}/store"
        if store.startswith("file://"):
            Path(store.removeprefix("file://")).mkdir(parents=True, exist_ok=True)
        self._store = open_store(store)
        self._sweeping = asyncio.create_task(_sweep_often(self._store))
        redis = os.environ.get("CNAP_REDIS")
        if not redis:
            embedded = EmbeddedRedis(self._folder, self._guard)
            await embedded.start()
            redis = embedded.url
        env = _passed_on() | {
            "CNAP_STORE": store,
            "CNAP_REDIS": redis,
            "CNAP_STORE_QUOTA": str(_quota(self._folder)),
            "CNAP_CACHE": str(cache_dir()),
            "CNAP_TOKEN": token,
            "CNAP_NAMESPACE": NAMESPACE,
            "CNAP_KUBERNETES_TOKEN": token,
        }
        if self._catalog:
            own = self._folder / "models.toml"
            own.write_text(self._catalog)
            env["CNAP_CATALOG"] = str(own)
        self._runtime = Runtime(
            manifests(self._models, self._folder),
            namespace=NAMESPACE,
            env=env,
            token=token,
            public_port=self._port,
            configmaps={cameras.CONFIG_MAP: {cameras.KEY: cameras.dump(self._cameras)}},
        )
        await self._runtime.start()
        self.running = Running(
            pid=os.getpid(),
            broker=self._runtime.broker_url("default"),
            kubernetes=self._runtime.url,
            page=self._runtime.public_url or "",
            token=token,
            store=store,
            redis=redis,
            models=self._models,
        )
        note = _note(os.getpid())
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        note.touch(mode=0o600)
        note.write_text(json.dumps(asdict(self.running)))
        return self.running


def manifests(models: Sequence[str], into: Path) -> list[Path]:
    """The project's YAML, with one infer Service and Trigger for each of the models.

    What ships is written for one model; the others' files are made from it, in the folder `into`.
    """
    shipped = [folder("eventing"), folder("knative") / "base"]
    paths = [
        path
        for place in shipped
        for path in sorted(place.glob("*.yaml"))
        if path.name not in ("kustomization.yaml", "infer.yaml")
    ]
    for model in models:
        for place in shipped:
            text = (place / "infer.yaml").read_text().replace(TEMPLATE_MODEL, model)
            text = text.replace(wants.attribute(TEMPLATE_MODEL), wants.attribute(model))
            path = into / f"{place.name}-infer-{model}.yaml"
            path.write_text(text)
            paths.append(path)
    return paths


async def _sweep_often(store: Store) -> None:
    while True:
        await asyncio.sleep(janitor.KEEP / 10)
        try:
            await asyncio.to_thread(janitor.sweep, store)
        except Unavailable as error:
            log.warning("the janitor could not sweep: %s", error)


def _quota(place: Path) -> int:
    """Bytes the store may take: half of what is free, so that the machine goes on working."""
    return shutil.disk_usage(place).free // 2


def _passed_on() -> dict[str, str]:
    """Settings of the person's own environment that functions on this machine should have too."""
    prefixes = ("CNAP_", "AWS_")
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}


def _note(pid: int) -> Path:
    return cache_dir() / "run" / f"{pid}.json"


def _run_folder() -> Path:
    """A private folder for this run; in shared memory if that is large enough."""
    base = None
    if SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free >= ENOUGH:
        base = SHARED_MEMORY
    try:
        return Path(tempfile.mkdtemp(prefix=f"cnap-{os.getpid()}-", dir=base))
    except OSError as error:
        raise CnapError(f"no folder for the run can be made: {error}") from None


def _sweep() -> None:
    """Removes what runs that were killed left behind."""
    for base in {SHARED_MEMORY, Path(tempfile.gettempdir())}:
        for left in base.glob("cnap-[0-9]*-*"):
            pid = int(left.name.split("-")[1])
            if left.is_dir() and left.owner() == Path.home().owner() and not _alive(pid):
                shutil.rmtree(left, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
