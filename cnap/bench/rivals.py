"""The programs that the pipeline is measured beside: each does the same work in the same run."""

import json
import subprocess
import sys
from dataclasses import dataclass

from cnap.bench.workload import Workload
from cnap.errors import CnapError

LONGER = 120.0
"""Seconds that one may take beyond what it is asked for: for its start and its warm-up."""

ONE_EVENT_A_FRAME = "one event a frame"
PROGRAMS = {
    "one process": "cnap.bench.baselines.oneprocess",
    "Redis lists": "cnap.bench.baselines.redislist",
}


@dataclass(frozen=True)
class Run:
    """What was done once, by the pipeline or by another: `frames` with their results, how many a
    second, and in seconds of a core what that took; `detections` in one pass of the clip."""

    frames: int
    rate: float
    cpu: float
    detections: int


def program(module: str, workload: Workload) -> Run:
    """Runs one for as long as the pipeline is. Raises CnapError with its last words."""
    words = [str(workload.clip), workload.models[0], "--seconds", str(workload.seconds), "--json"]
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", module, *words],
            capture_output=True,
            text=True,
            timeout=workload.seconds + LONGER,
        )
        told = json.loads(done.stdout.splitlines()[-1])
        frames, seconds = int(told["frames"]), float(told["seconds"])
        return Run(frames, frames / seconds, float(told["cpu"]), int(told["detections"]))
    except subprocess.TimeoutExpired:
        raise CnapError(f"{module} had not ended after {workload.seconds + LONGER:g} s") from None
    except (OSError, LookupError, ValueError, TypeError, ZeroDivisionError):
        said = done.stderr.strip().splitlines() or ["it said nothing that can be read"]
        raise CnapError(f"{module} failed: {said[-1]}") from None
