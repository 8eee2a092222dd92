"""The pipeline that is measured: one of its own, on this machine."""

import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from cnap import cameras
from cnap.accounts import Account, account
from cnap.bench import starts
from cnap.bench.processes import tree
from cnap.bench.results import FromRedis, Results
from cnap.bench.starts import Start
from cnap.bench.usage import Meter
from cnap.cameras import Camera
from cnap.errors import CnapError
from cnap.kubernetes import SERVICE_LABEL
from cnap.pipeline import NAMESPACE
from cnap.redis import connect
from cnap.running import Running

UP_WITHIN = 120.0
"""Seconds: models may have to be fetched."""
GONE_WITHIN = 30.0
ANSWER_WITHIN = 30.0
STANDING = ("runtime", "redis", "source", "sh")
"""Roles that are there while nothing happens; all others are functions. `sh` is the shell that ends
the group with the runtime."""


class LocalPipeline:
    """`with LocalPipeline(models) as target:` runs `cnap up` without any camera, at a port of its
    own, and ends it. Raises CnapError in words where it can't run."""

    kind = "local"

    def __init__(self, models: Sequence[str]) -> None:
        self._models = tuple(models)
        self.running: Running

    def __enter__(self) -> "LocalPipeline":
        self._folder = tempfile.TemporaryDirectory(prefix="cnap-bench-")
        place = Path(self._folder.name)
        (place / "cameras.yaml").write_text(cameras.NONE)
        chosen = [word for model in self._models for word in ("--model", model)]
        words = ["--cameras", str(place / "cameras.yaml"), "--port", "0", "--verbose"]
        with (place / "log").open("w") as log:
            self._up = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", "from cnap.cli import main; main()", "up", *words, *chosen],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours: what was measured is reported first
            )
        try:
            self.running = self._found()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._up.send_signal(signal.SIGTERM)
        try:
            self._up.wait(GONE_WITHIN)
        except subprocess.TimeoutExpired:
            self._up.kill()
            self._up.wait()
        self._folder.cleanup()

    def api(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """The JSON that the page's API answers at `path`, such as "api/status"; None where it
        answers nothing. This wakes the page's own function."""
        return self._ask(f"{self.running.page}/{path.lstrip('/')}", method, body)

    def kubernetes(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """The same of the runtime's Kubernetes API, which wakes nothing."""
        return self._ask(f"{self.running.kubernetes}/{path.lstrip('/')}", method, body)

    def cameras(self, wanted: Sequence[Camera]) -> None:
        """These cameras and no others, from now on; it wakes nothing either."""
        path = f"api/v1/namespaces/{NAMESPACE}/configmaps/{cameras.CONFIG_MAP}"
        text = yaml.safe_dump({"cameras": [camera.plain() for camera in wanted]})
        self.kubernetes(path, "PATCH", {"data": {cameras.KEY: text}})

    def streams(self) -> list[dict[str, Any]]:
        """The streams of api/status. Like all of the API, this wakes the page's function."""
        return self.api("api/status")["streams"]

    def account(self, stream: str) -> Account:
        """A stream's counts, straight from Redis: this wakes nothing."""
        with connect(self.running.redis) as redis:
            return account(redis, stream)

    def replicas(self, ready: bool = True) -> dict[str, int]:
        """How many of each function are ready, or how many there are at all."""
        count = "readyReplicas" if ready else "replicas"
        items = self.kubernetes(f"apis/apps/v1/namespaces/{NAMESPACE}/deployments")["items"]
        return {
            item["metadata"]["labels"][SERVICE_LABEL]: item["status"].get(count) or 0
            for item in items
        }

    def processes(self) -> dict[int, str]:
        """The pipeline's processes by id, each with its role: runtime, redis, source, transcode,
        infer-MODEL, publish, dashboard. What was there before (a Redis of CNAP_REDIS, a store) is
        none of them."""
        return tree(self._up.pid)

    def functions(self) -> int:
        """How many processes of functions there are. This costs the pipeline nothing."""
        return sum(role not in STANDING for role in self.processes().values())

    def starts(self, types: Mapping[str, str], since: float) -> dict[str, Start]:
        """The first start of each function at `since` (Unix seconds) or later, as far as all of it
        is told; see `starts.local`."""
        log = (Path(self._folder.name) / "log").read_text(errors="replace")
        return starts.local(log.splitlines(), types, since)

    @contextmanager
    def results(self, streams: Sequence[str]) -> Iterator[Results]:
        """What comes to these streams, straight from Redis: this wakes nothing."""
        with connect(self.running.redis) as redis:
            yield Results(streams, FromRedis(redis, streams))

    def url(self, clip: Path) -> str:
        """The clip as its cameras name it."""
        return str(clip.absolute())

    def meter(self, also: dict[int, str] | None = None) -> Meter:
        """Of these processes, and of those `also` given."""
        return Meter(lambda: self.processes() | (also or {}))

    def _found(self) -> Running:
        """Its note, once it is up."""
        until = time.monotonic() + UP_WITHIN
        while time.monotonic() < until:
            if running := Running.of(self._up.pid):
                return running
            if self._up.poll() is not None:
                break
            time.sleep(0.05)
        said = (Path(self._folder.name) / "log").read_text().strip().splitlines()
        why = said[-1] if said else f"it was not up after {UP_WITHIN:g} s"
        raise CnapError(f"the pipeline to be measured does not start: {why}")

    def _ask(self, url: str, method: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.running.token}"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            patch = method == "PATCH" and url.startswith(self.running.kubernetes)
            headers["Content-Type"] = f"application/{'merge-patch+' if patch else ''}json"
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_WITHIN) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            said = error.read(500).decode(errors="replace")
            raise CnapError(f"{method} {url} was answered {error.code}: {said}") from None
        except OSError as error:
            raise CnapError(f"the pipeline does not answer at {url}: {error}") from None
