"""The pipeline that is measured where it is one of a cluster, deployed already: kubectl reaches it.

Its source's pod tells what Redis has. The kubelets tell what pods use, every ten seconds or so.
"""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from cnap import cameras
from cnap.accounts import Account, Counts
from cnap.bench.pods import PodMeter
from cnap.bench.results import Entry, Results
from cnap.bench.starts import Start, firsts
from cnap.cameras import Camera
from cnap.cli.kubectl import ask
from cnap.errors import CnapError
from cnap.kubernetes import SERVICE_LABEL
from cnap.pipeline import NAMESPACE
from cnap.running import Running

CLIPS = "/opt/models/assets/videos"
"""Where the image has its films."""
SOURCE = "deploy/cameras"


class DeployedPipeline:
    """`with DeployedPipeline(models) as target:` takes the place of the cameras that are there, and
    puts them back. Raises CnapError in words."""

    kind = "cluster"

    def __init__(self, models: Sequence[str], namespace: str = NAMESPACE) -> None:
        self._models, self._namespace = tuple(models), namespace

    def __enter__(self) -> "DeployedPipeline":
        served = {one["metadata"]["name"] for one in self._items("ksvc")}
        if absent := [name for name in self._models if f"infer-{name}" not in served]:
            raise CnapError(f"the cluster has no Service infer-{absent[0]}; deploy it, or --model")
        config = json.loads(self._ask("get", "configmap", cameras.CONFIG_MAP, "-o", "json"))
        self._before = (config.get("data") or {}).get(cameras.KEY, cameras.NONE)
        self.cameras(())
        return self

    def __exit__(self, *_: object) -> None:
        self._put(self._before)

    @property
    def running(self) -> Running:
        raise CnapError("throughput can't be measured on a cluster: files are sent from inside it")

    def cameras(self, wanted: Sequence[Camera]) -> None:
        """These cameras and no others, from now on."""
        self._put(yaml.safe_dump({"cameras": [camera.plain() for camera in wanted]}))

    def account(self, stream: str) -> Account:
        told = json.loads(ask(*self._relay("account", stream)))
        models = {name: Counts(**counts) for name, counts in told.pop("models").items()}
        return Account(**told, models=models)

    def replicas(self, ready: bool = True) -> dict[str, int]:
        """How many pods of each function are ready, or how many there are at all."""
        found: dict[str, int] = {}
        for pod in self._items("pods", "-l", SERVICE_LABEL):
            name = pod["metadata"]["labels"][SERVICE_LABEL]
            found[name] = found.get(name, 0) + (not ready or bool(_ready(pod)))
        return found

    def functions(self) -> int:
        return sum(self.replicas(ready=False).values())

    def starts(self, types: Mapping[str, str], since: float) -> dict[str, Start]:
        """The first start of each function at `since` (Unix seconds) or later. The cluster tells
        by whole seconds when a pod was wanted, and when it was known to be ready."""
        found: dict[str, dict[str, Start]] = {function: {} for function in types}
        for pod in self._items("pods", "-l", SERVICE_LABEL):
            asked = _moment(pod["metadata"]["creationTimestamp"])
            function = pod["metadata"]["labels"][SERVICE_LABEL]
            if asked + 1 < since or function not in types:
                continue
            start = Start(asked=asked, probed=_ready(pod))
            name = pod["metadata"]["name"]
            for line in self._ask("logs", name, "-c", "function", "--timestamps").splitlines():
                stamp, _, words = line.partition(" ")
                start.hear(words, _moment(stamp), types[function])
            found[function][name] = start
        return firsts(found)

    @contextmanager
    def results(self, streams: Sequence[str]) -> Iterator[Results]:
        command = ["kubectl", *self._relay("results", *streams)]
        pipe = subprocess.PIPE
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        with subprocess.Popen(  # noqa: S603 (our own words)
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        ) as relay:
            thread = threading.Thread(target=_forward, args=(relay, lines), daemon=True)
            thread.start()

            def fresh() -> list[Entry]:
                found = [json.loads(lines.get()) for _ in range(lines.qsize())]
                if not found and relay.poll() is not None:
                    _, *said = ["", *relay.stderr.read().strip().splitlines()]
                    raise CnapError(f"results can't be had from the cluster: {' '.join(said[-1:])}")
                return [(stream, id, body) for stream, id, body in found]

            try:
                yield Results(streams, fresh)
            finally:
                relay.stdin.close()  # by which it ends
                relay.terminate()

    def url(self, clip: Path) -> str:
        return f"{CLIPS}/{clip.name}"

    def meter(self, also: dict[int, str] | None = None) -> PodMeter:
        return PodMeter(self._namespace)

    def _put(self, text: str) -> None:
        patch = json.dumps({"data": {cameras.KEY: text}})
        self._ask("patch", "configmap", cameras.CONFIG_MAP, "--type=merge", "-p", patch)

    def _ask(self, verb: str, what: str, *words: str) -> str:
        return ask(verb, what, "-n", self._namespace, *words)

    def _items(self, kind: str, *words: str) -> list[dict[str, Any]]:
        return json.loads(self._ask("get", kind, "-o", "json", *words))["items"]

    def _relay(self, *words: str) -> list[str]:
        where = ["exec", SOURCE, "-n", self._namespace, "-i"]
        return [*where, "--", "python", "-m", "cnap.bench.relay", *words]


def _forward(relay: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str]") -> None:
    for line in relay.stdout or ():
        lines.put(line)


def _ready(pod: Mapping[str, Any]) -> float:
    """Since when, in Unix seconds; 0 where it is not, or is on its way out."""
    if "deletionTimestamp" in pod["metadata"]:
        return 0.0
    for one in pod.get("status", {}).get("conditions", ()):
        if one["type"] == "Ready" and one["status"] == "True":
            return _moment(one["lastTransitionTime"])
    return 0.0


def _moment(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
