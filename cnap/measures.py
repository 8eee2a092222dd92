"""What of results is measured and added up in Redis, per stream and model: how long they took, and
how much was seen. It's kept as long as the stream, so that functions may go to zero.

    cnap:measures:<stream>  hash  <model>:<name>
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from redis import Redis

from cnap.events.outcome import Outcome
from cnap.events.stages import STAGES, bounded
from cnap.redis import said_plainly

LATENCIES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds; one more bucket has the rest."""


@dataclass
class Measures:
    """Of one model's results of one stream, all since the stream was first seen."""

    detections: int = 0
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds by stage, added up, as in their `timings`."""
    latency: float = 0.0
    """Seconds from a segment's newest frame to its result, added up."""
    latencies: list[int] = field(default_factory=lambda: [0] * (len(LATENCIES) + 1))
    """Results by latency, in the buckets of LATENCIES."""


def of(outcome: Outcome, latency: float | None) -> dict[str, float]:
    """What an outcome adds, by name; `latency` in seconds."""
    if not outcome.data:
        return {}
    timings = outcome.data["timings"]
    adds = {stage: timings.get(stage, 0.0) for stage in STAGES}
    adds["detections"] = sum(len(frame["detections"]) for frame in outcome.data["frames"])
    if latency is not None:
        latency = bounded(latency)
        adds |= {"latency": latency, f"latency {bisect_left(LATENCIES, latency)}": 1}
    return {name: amount for name, amount in adds.items() if amount}


def measures(redis: Redis, streams: list[str]) -> list[dict[str, Measures]]:
    """For each stream, by model. Raises Unavailable."""
    with said_plainly(), redis.pipeline(transaction=False) as pipe:
        for stream in streams:
            pipe.hgetall(f"cnap:measures:{stream}")
        return [_parsed(entries) for entries in pipe.execute()]


def _parsed(entries: Mapping[str, str]) -> dict[str, Measures]:
    models: dict[str, Measures] = {}
    for key, value in entries.items():
        model, _, name = key.partition(":")
        found = models.setdefault(model, Measures())
        kind, _, bucket = name.partition(" ")
        if bucket:
            found.latencies[int(bucket)] = int(value)
        elif kind == "detections":
            found.detections = int(value)
        elif kind == "latency":
            found.latency = float(value)
        else:
            found.stages[kind] = float(value)
    return models
