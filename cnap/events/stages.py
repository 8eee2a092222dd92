"""How a result's latency came about: seconds by stage, which each event takes along.

Within a process they are of its monotonic clock. What lies between two processes is a difference of
two machines' clocks, which may be wrong: it is never below zero.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from cnap.events import attributes as read

STAGES = ("capture", "store", "broker", "queue", "decode", "infer", "publish")
MOST = 999_999.0
"""Seconds that a stage may claim, so that sums stay finite."""

Timings = Mapping[str, float]


def bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), MOST)


def plus(timings: Timings, **seconds: float) -> dict[str, float]:
    """The same with so many seconds more for each of the stages, exact to the microsecond."""
    more = {name: timings.get(name, 0.0) + bounded(one) for name, one in seconds.items()}
    return {**timings, **{name: round(bounded(one), 6) for name, one in more.items()}}


def instant(seconds: float) -> datetime:
    """A Unix time as an event says it."""
    return datetime.fromtimestamp(seconds, UTC)


def to_attributes(timings: Timings) -> dict[str, str]:
    return {f"{stage}seconds": f"{bounded(one):.6f}" for stage, one in timings.items()}


def from_attributes(given: Mapping[str, object], some: Iterable[str]) -> dict[str, float]:
    """Those of some stages that are told. Raises BadEvent."""
    names = {stage: f"{stage}seconds" for stage in some}
    return {stage: read.seconds(given, name) for stage, name in names.items() if name in given}
