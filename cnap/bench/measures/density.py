"""Density: the most real-time streams that the pipeline keeps up with."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cnap.bench.figure import Figure
from cnap.bench.measures import streams
from cnap.bench.results import Seen
from cnap.bench.workload import Workload
from cnap.errors import CnapError

if TYPE_CHECKING:
    from cnap.bench.target import LocalPipeline

RATE = 15.0
"""Frames a second of each stream, or all where the clip has fewer."""
KEPT = 0.95
IN_A_ROW, WINDOWS = 2, 3
FRESH = 2.5
"""Seconds beyond a segment's length after which a frame's result is of no use to who watches. What
grows behind, unseen in both windows, is at most the twentieth that may be lost."""
WARM_WITHIN = 60.0
SETTLE = 10.0
COOL = 5.0
MOST = 1000
"""As many cameras as a list may have."""


def measure(target: "LocalPipeline", workload: Workload) -> list[Figure]:
    """A window is `workload.seconds`; the search begins at `workload.streams`."""
    costs: dict[int, float] = {}
    tried: list[str] = []

    def holds(count: int) -> bool:
        shares, costs[count] = _tried(target, workload, count)
        good = bool(judged(shares))
        said = " ".join(f"{share:.0%}" for share in shares) or "too slow to begin"
        tried.append(f"{count}: {said}")
        if not good:
            del costs[count]
        return good

    most = search(holds, workload.streams, MOST)
    rate = streams.rate(workload, workload.framerate or RATE)
    note = f"at {rate:g} frames/s; frames kept by streams: {', '.join(tried)}"
    found = [Figure("density", "streams", "higher", [float(most)], note)]
    if costs:
        least, most = min(costs), max(costs)
        unit = "% of a core"
        found.append(Figure("CPU of a stream, few", unit, "lower", [costs[least]], f"of {least}"))
        found.append(Figure("CPU of a stream, most", unit, "lower", [costs[most]], f"of {most}"))
    return found


def search(holds: Callable[[int], bool], start: int, most: int) -> int:
    """The largest number up to `most` that holds, 0 for none: twice as many until one doesn't
    hold, then halving what lies between."""
    good, bad, number = 0, most + 1, min(max(1, start), most)
    while number < bad:
        if not holds(number):
            bad = number
        elif number == most:
            return most
        else:
            good, number = number, min(2 * number, most)
    while bad - good > 1:
        middle = (good + bad) // 2
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good


def judged(shares: Sequence[float]) -> bool | None:
    """Whether the streams held, by the share of frames that each window kept; None where more
    windows have to tell."""
    row = 0
    for share in shares:
        row = row + 1 if share >= KEPT else 0
        if row == IN_A_ROW:
            return True
    return None if WINDOWS - len(shares) >= IN_A_ROW - row else False


def kept(seen: Sequence[Seen], began: float, ended: float, fresh: float, wanted: float) -> float:
    """The share of `wanted` frames that were captured in the window and had a result in time."""
    found = sum(began <= one.captured < ended and one.latency <= fresh for one in seen)
    return min(1.0, found / wanted)


def _tried(target: "LocalPipeline", workload: Workload, count: int) -> tuple[list[float], float]:
    """What each window kept, and % of a core that each stream took."""
    framerate = workload.framerate or RATE
    rate = streams.rate(workload, framerate)
    wanted = streams.frames(workload, rate, count)
    fresh = streams.length(workload) + FRESH
    shares: list[float] = []
    with (
        streams.live(target, workload, count, framerate) as names,
        target.results(names) as results,
    ):
        try:
            first = lambda: results.all_have(workload.models)  # noqa: E731
            streams.until("a first result of each stream", first, WARM_WITHIN)
        except CnapError:
            return [], 0.0
        results.follow(time.time() + SETTLE)
        with target.meter() as meter:
            while judged(shares) is None:
                began = time.time()
                ended = began + workload.seconds
                results.follow(ended + fresh)
                shares.append(kept(results.seen, began, ended, fresh, wanted))
                results.seen.clear()
            used = meter.spent()
    time.sleep(COOL)
    return shares, 100 * used.total.cpu / used.seconds / count
