"""Scaling: a burst of streams, the replicas that come, and how all go when the streams are gone."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cnap.bench.figure import Figure
from cnap.bench.measures import streams
from cnap.bench.workload import Workload

if TYPE_CHECKING:
    from cnap.bench.target import LocalPipeline

BURST = 16
"""Streams, unless the workload has more: two cores are too slow for them."""
FIRST_WITHIN = 60.0
PATIENCE = 45.0
POLL = 0.2
Replicas = Mapping[str, int]


def measure(target: "LocalPipeline", workload: Workload) -> list[Figure]:
    """One stream, then the burst for `workload.seconds`, longer where no second replica is ready by
    then, then none."""
    count = max(BURST, workload.streams)
    seen: list[tuple[float, Replicas]] = []
    with (
        streams.live(target, workload, 1, workload.framerate) as names,
        target.results(names) as results,
    ):
        first = lambda: results.all_have(workload.models)  # noqa: E731
        streams.until("a first result", first, FIRST_WITHIN)
    began = time.monotonic()
    with streams.live(target, workload, count, workload.framerate):
        while (after := time.monotonic() - began) < workload.seconds or (
            after < PATIENCE and not grown(seen)
        ):
            seen.append((after, target.replicas()))
            time.sleep(POLL)
    return figures(seen, count, streams.rest(target))


def grown(seen: Sequence[tuple[float, Replicas]]) -> dict[str, int]:
    """The functions that had more than one replica ready at once, and how many they had."""
    most: dict[str, int] = {}
    for _, replicas in seen:
        for name, count in replicas.items():
            most[name] = max(most.get(name, 0), count)
    return {name: count for name, count in most.items() if count > 1}


def figures(seen: Sequence[tuple[float, Replicas]], streams: int, zero: float) -> list[Figure]:
    """`seen` is how many of each function were ready, by seconds after the burst."""
    most = grown(seen)
    after = [seconds for seconds, replicas in seen if any(n > 1 for n in replicas.values())]
    told = ", ".join(f"{count} of {name}" for name, count in sorted(most.items()))
    needless = f"{streams} streams needed no second replica of anything"
    return [
        Figure("scale out", "s", "lower", after[:1], told or needless),
        Figure("replicas at most", "replicas", "", [float(max(most.values(), default=1))]),
        Figure("scale to zero", "s", "lower", [zero]),
    ]
