"""The pipeline under test, as a person runs it: `cnap up`, with an S3 server and a Redis that keep
what they have when they are killed."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.soak.memory import processes
from cnap.running import Running
from cnap.stores import open_store
from tests.servers import BUCKET, S3_KEY, S3_SECRET, free_ports, seaweed, valkey

STORE = f"s3://{BUCKET}"
NUMBERS = ("captured", "inferred", "dropped", "failed", "inflight")


class Soaked:
    def __init__(self, folder: Path, cameras: Path, model: str) -> None:
        self._folder, self._cameras, self._model = folder, cameras, model
        self.said = folder / "up.log"

    @contextmanager
    def running(self) -> Iterator["Soaked"]:
        with ExitStack() as leaving:
            self.redis = leaving.enter_context(valkey(self._folder, durable=True))
            self.store = leaving.enter_context(seaweed(self._folder, volumes=64, size=512))
            os.environ.update(
                CNAP_STORE=STORE,
                CNAP_REDIS=self.redis.url,
                AWS_ENDPOINT_URL=self.store.url,
                AWS_ACCESS_KEY_ID=S3_KEY,
                AWS_SECRET_ACCESS_KEY=S3_SECRET,
                AWS_REGION="us-east-1",
            )
            self._start()
            leaving.callback(self._process.kill)
            yield self

    def _start(self) -> None:
        words = [Path(sys.executable).with_name("cnap"), "up", "--cameras", self._cameras]
        words += ["--model", self._model, "--port", free_ports(1)[0]]
        with self.said.open("wb") as log:
            self._process = subprocess.Popen(list(map(str, words)), stdout=log, stderr=log)
        wait_for(lambda: self._note() or self._process.poll() is not None, 60)
        note = self._note()
        if note is None:
            raise SystemExit(f"cnap up did not come up:\n{self.said.read_text()}")
        self._page, self._token = note.page, note.token

    def _note(self) -> Running | None:
        return next((one for one in Running.all() if one.redis == self.redis.url), None)

    def api(self, path: str, method: str = "GET", body: object = None) -> Any:
        """Raises OSError where there is no answer, or one that is none."""
        request = urllib.request.Request(  # noqa: S310 (our own address)
            f"{self._page}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")

    def streams(self) -> list[dict[str, Any]]:
        return self.api("/api/status")["streams"]

    @property
    def _servers(self) -> dict[int, str]:
        return {server.pid: server.name for server in (self.redis, self.store)}

    def pipeline(self) -> dict[int, str]:
        """The pipeline's processes by id, each with its role. (Servers that were started again have
        its environment too.)"""
        others = {os.getpid(), *self._servers}
        found = {pid: role for pid, role in processes(self.redis.url).items() if pid not in others}
        return found | ({self._process.pid: "cnap up"} if self._process.pid in found else {})

    def processes(self) -> dict[int, str]:
        """Those of the pipeline, and the servers'."""
        return self.pipeline() | self._servers

    def kill(self, role: str) -> bool:
        """Every process of that role, of infer whatever its model; whether there was one."""
        found = [pid for pid, its in self.pipeline().items() if its.partition("-")[0] == role]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return bool(found)

    def objects(self) -> int:
        return sum(1 for _ in open_store(STORE).objects(""))

    def stop(self) -> int:
        """Ends it as Ctrl-C does; its exit status."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(60)


def unbalanced(stream: dict[str, Any]) -> list[str]:
    """Where captured = inferred + dropped + failed + in flight does not hold."""
    entries = {stream["name"]: stream} | {
        f"{stream['name']}/{name}": counts for name, counts in stream["models"].items()
    }
    return [
        f"{name}: " + ", ".join(f"{counts[number]} {number}" for number in NUMBERS)
        for name, counts in entries.items()
        if counts["captured"] != sum(counts[number] for number in NUMBERS[1:])
        or counts["inflight"] < 0
    ]


def wait_for(condition: Callable[[], object], seconds: float) -> float | None:
    """How long it took to come true; None where it did not. What does not answer is not true."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        try:
            if condition():
                return time.monotonic() - began
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.25)
    return None
