"""Latency of live frames, from capture to the committed result, and what it is made of."""

import time
from collections.abc import Sequence
from statistics import mean
from typing import TYPE_CHECKING

from cnap.bench.figure import Figure
from cnap.bench.measures import streams
from cnap.bench.results import FILLING, Seen, percentile
from cnap.bench.workload import Workload
from cnap.events.stages import STAGES

if TYPE_CHECKING:
    from cnap.bench.target import LocalPipeline

FIRST_WITHIN = 60.0
SETTLE = 5.0
"""Seconds after the first results: what start-up kept waiting is over."""
LATE = 10.0
"""Seconds after which a frame that was captured is taken to be lost."""


def measure(target: "LocalPipeline", workload: Workload) -> list[Figure]:
    """Of all frames that were captured within `workload.seconds`."""
    rate = streams.rate(workload, workload.framerate)
    with (
        streams.live(target, workload, workload.streams, workload.framerate) as names,
        target.results(names) as results,
    ):
        first = lambda: results.all_have(workload.models)  # noqa: E731
        streams.until("a first result of each stream", first, FIRST_WITHIN)
        results.follow(time.time() + SETTLE)
        began = time.time()
        ended = began + workload.seconds
        results.follow(ended)
        until = time.time() + LATE
        while time.time() < until and not results.all_have(workload.models, ended):
            time.sleep(streams.POLL)
    found = [one for one in results.seen if began <= one.captured < ended]
    return figures(found, streams.frames(workload, rate, workload.streams))


def figures(found: Sequence[Seen], wanted: float) -> list[Figure]:
    """`wanted` is how many frames there should be."""
    if not found:
        return [Figure("latency p50", "ms", "lower", [], "no frame had a result")]
    kept = 100 * min(1.0, len(found) / wanted)
    note = "" if kept >= 95 else f"overloaded: {kept:.0f} % of the frames have a result"
    values = [
        Figure(
            f"latency p{share}",
            "ms",
            "lower",
            [1000 * percentile((one.latency for one in found), share / 100)],
            note,
        )
        for share in (50, 95, 99)
    ]
    values.append(Figure("frames kept", "%", "higher", [kept]))
    return values + staged(found)


def staged(found: Sequence[Seen]) -> list[Figure]:
    """The means by stage, of which the sum is the mean latency (medians have no sum), and what no
    stage tells of."""
    names = [name for name in (FILLING, *STAGES) if any(name in one.stages for one in found)]
    means = {name: mean(one.stages.get(name, 0.0) for one in found) for name in names}
    all_of_it = mean(one.latency for one in found)
    means["untold"] = all_of_it - sum(means.values())
    values = [Figure("latency mean", "ms", "lower", [1000 * all_of_it])]
    return values + [
        Figure(f"latency in {name}", "ms", "lower", [1000 * seconds])
        for name, seconds in means.items()
    ]
