"""Cold start: no function runs, a camera comes, and its first result is there."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from cnap.bench.figure import Figure
from cnap.bench.measures import streams
from cnap.bench.starts import Start
from cnap.bench.workload import Workload
from cnap.events import frames, outcome, segment

if TYPE_CHECKING:
    from cnap.bench.target import LocalPipeline

WITHIN = 60.0
TOLD_WITHIN = 5.0
T = TypeVar("T")


def measure(target: "LocalPipeline", workload: Workload) -> list[Figure]:
    """Of one camera; all the functions start for its first segment, side by side."""
    streams.rest(target)
    asked = time.time()
    with (
        streams.live(target, workload, 1, workload.framerate) as (name,),
        target.results([name]) as results,
    ):
        first = lambda: results.all_have(workload.models)  # noqa: E731
        streams.until("a first result from zero", first, WITHIN)
        committed = max(one.committed for one in results.seen)
        # The second segment's result may be there before the first one's, which is waited for.
        chain = _asked_again(lambda: target.account(name).coldstart, bool)
    types = {
        "transcode": segment.TYPE,
        **{f"infer-{model}": frames.TYPE for model in workload.models},
        "publish": outcome.RESULT,
    }
    # What a function says of its first answer is in the log a moment after it.
    found = _asked_again(lambda: target.starts(types, asked), lambda one: len(one) == len(types))
    return figures(committed - asked, chain, found)


def _asked_again(ask: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """What it is in the end, even where that is not enough."""
    until = time.monotonic() + TOLD_WITHIN
    while not enough(found := ask()) and time.monotonic() < until:
        time.sleep(streams.POLL)
    return found


def figures(whole: float, chain: float | None, found: Mapping[str, Start]) -> list[Figure]:
    """`whole` and `chain` are seconds from the camera, and from the sending of its first segment,
    to the result."""
    values = [
        Figure("cold start", "s", "lower", [chain] if chain else [], "first segment to its result"),
        Figure("cold start with camera", "s", "lower", [whole], "camera added to its first result"),
    ]
    return values + [
        Figure(f"cold start, {function}: {stage}", "s", "lower", [seconds])
        for function, start in found.items()
        for stage, seconds in start.stages.items()
    ]
