"""Where the time of a cold start goes, pod by pod."""

import json
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from datetime import datetime

from cnap.events import frames, outcome, segment
from tests.e2e.cluster import FUNCTIONS, NAMESPACE, Cluster

READY = re.compile(r"(\S+) \w+: ready ([\d.]+) s after its start, ([\d.]+) s of it imports")
FIRST = r"(\S+) \w+: first {} answered in ([\d.]+) s"
TYPES = {
    "transcode": segment.TYPE,
    "infer-yolox-nano": frames.TYPE,
    "publish": outcome.RESULT,
}


@dataclass
class Start:
    """One pod's way to its first answer, in Unix seconds."""

    function: str
    asked: float
    scheduled: float
    started: float
    imported: float
    ready: float
    answered: float
    first: float
    """Seconds that the first event took."""

    HEAD = (
        f"{'function':<18}{'asked':>8}{'scheduled':>11}{'container':>11}{'imports':>9}"
        f"{'model':>8}{'first':>8}{'answered':>10}"
    )

    def row(self, began: float) -> str:
        """The first and last column are seconds since `began`, the others of that stage."""
        return (
            f"{self.function:<18}{self.asked - began:>8.2f}{self.scheduled - self.asked:>11.2f}"
            f"{self.started - self.scheduled:>11.2f}{self.imported - self.started:>9.2f}"
            f"{self.ready - self.imported:>8.2f}{self.first:>8.2f}{self.answered - began:>10.2f}"
        )


class Watch:
    """Notes when pods appear and are scheduled, which the API server says by whole seconds."""

    def __init__(self) -> None:
        command = ["kubectl", "-n", NAMESPACE, "get", "pods", "--watch-only", "-o", "json"]
        self._kubectl = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._seen: dict[str, dict[str, float]] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self._kubectl.kill()
        self._kubectl.wait()

    def starts(self, cluster: Cluster) -> list[Start]:
        """The first start of each function."""
        return [min(self._of(cluster, name), key=lambda one: one.asked) for name in FUNCTIONS]

    def _of(self, cluster: Cluster, function: str) -> list[Start]:
        found = []
        for pod in cluster.pods(function):
            name = pod["metadata"]["name"]
            log = cluster.kubectl("logs", name, "-c", "function", "--timestamps")
            ready, first = READY.search(log), re.search(FIRST.format(TYPES[function]), log)
            if name not in self._seen or not ready or not first:
                continue
            moment, age, imports = ready.groups()
            started = _seconds(moment) - float(age)
            seen = self._seen[name]
            found.append(
                Start(
                    function,
                    seen["asked"],
                    seen["scheduled"],
                    started,
                    started + float(imports),
                    _seconds(moment),
                    _seconds(first[1]),
                    float(first[2]),
                )
            )
        assert found, f"no start of {function} was seen"
        return found

    def _read(self) -> None:
        assert self._kubectl.stdout
        decoder, text = json.JSONDecoder(), ""
        while line := self._kubectl.stdout.readline():
            text += line
            if line != "}\n":
                continue
            pod, _ = decoder.raw_decode(text)
            text, now = "", time.time()
            seen = self._seen.setdefault(pod["metadata"]["name"], {"asked": now})
            if pod["spec"].get("nodeName"):
                seen.setdefault("scheduled", now)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment[:26].rstrip("Z") + "+00:00").timestamp()
