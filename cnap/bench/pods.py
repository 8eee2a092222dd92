"""What a pipeline's pods have used, as the kubelets tell it."""

import json
import re
import time
from datetime import datetime
from typing import Any

from cnap.bench.usage import Life, Meter, Spent, Usage
from cnap.cli.kubectl import ask
from cnap.errors import CnapError

EVERY = 5.0
LOOK_WITHIN = 30.0
NAME = re.compile(
    r"^(?P<service>.+)-\d{5}-deployment-|^(?P<owner>.+?)(-[a-z0-9]{6,10})?-[a-z0-9]+$"
)


class PodMeter(Meter):
    """A Meter of all pods of a namespace, with what is beside a function in its pod. A kubelet
    looks about every ten seconds: what is measured should go on for a minute. It tells no bytes,
    and no memory but all of what a pod holds."""

    def __init__(self, namespace: str) -> None:
        super().__init__(dict, EVERY)
        self._namespace = namespace

    def spent(self) -> Usage:
        """Up to when the kubelets looked last; where they have not yet, it waits for them."""
        until = time.monotonic() + LOOK_WITHIN
        while not (used := super().spent()).seconds:
            if time.monotonic() > until:
                raise CnapError("the kubelets tell nothing new of what pods use")
            time.sleep(1)
        return used

    def usage(self, memory: bool) -> Usage:
        nodes = json.loads(ask("get", "nodes", "-o", "json"))["items"]
        names = [node["metadata"]["name"] for node in nodes]
        told = [json.loads(ask("get", "--raw", _path(name))) for name in names]
        return summed(told, self._namespace, memory)


def summed(summaries: list[dict[str, Any]], namespace: str, memory: bool = True) -> Usage:
    """One Usage of what each node tells; its moment is the newest that any pod was looked at."""
    lives: dict[Life, tuple[str, Spent]] = {}
    newest = 0.0
    for pod in (pod for one in summaries for pod in one.get("pods", ())):
        about, cpu = pod["podRef"], pod.get("cpu", {})
        if about["namespace"] != namespace or "usageCoreNanoSeconds" not in cpu:
            continue
        held = pod.get("memory", {}).get("workingSetBytes", 0) if memory else 0
        spent = Spent(user=cpu["usageCoreNanoSeconds"] / 1e9, memory=held)
        began = datetime.fromisoformat(pod["startTime"]).timestamp()
        lives[hash(about["uid"]), began] = (role(about["name"]), spent)
        newest = max(newest, datetime.fromisoformat(cpu["time"]).timestamp())
    return Usage(newest, lives)


def role(pod: str) -> str:
    """The function of a pod, or the Deployment, by its name."""
    match = NAME.match(pod)
    if not match:
        return pod
    name = match["service"] or match["owner"]
    return "source" if name == "cameras" else name


def _path(node: str) -> str:
    return f"/api/v1/nodes/{node}/proxy/stats/summary"
