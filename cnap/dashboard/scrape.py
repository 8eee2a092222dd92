"""What Prometheus is told of the streams: the ledger, which outlives every function.

docs/metrics.md has the table. Series are streams x models x reasons, all three bounded.
"""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from redis import Redis

from cnap.accounts import Account, Counts, accounts
from cnap.errors import Unavailable
from cnap.events.state import STATES
from cnap.measures import LATENCIES, Measures, measures
from cnap.metrics import cumulative

MOST_STREAMS = 500
"""Streams that are told apart, by name: whoever may send events may name streams."""
REASONS = {
    "dropped": {
        "sampled",
        "thinned",
        "expired",
        "behind",
        "store unavailable",
        "refused",
        "no key frame",
        "flood",
        "unfit",
        "stopped",
    },
    "failed": {
        "corrupt frame",
        "inference failed",
        "bad input",
        "bad result",
        "bytes missing",
        "busy",
        "unavailable",
        "error",
        "interrupted",
    },
}
OTHER = "other"
BY_MODEL = ["stream", "model"]


class Scrape:
    """Called for each question of Prometheus; the answer is one of its collectors."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def __call__(self) -> "Told":
        try:
            known = accounts(self._redis)
            shown = known[:MOST_STREAMS]
            return Told(len(known), shown, measures(self._redis, [one.name for one in shown]))
        except Unavailable:
            return Told(None, [], [])


class Told:
    """The ledger as it was read; without `streams`, Redis did not answer."""

    def __init__(
        self, streams: int | None, known: list[Account], measured: list[dict[str, Measures]]
    ) -> None:
        self._streams, self._known, self._measured = streams, known, measured

    def collect(self) -> Iterator[Metric]:
        up = self._streams is not None
        yield GaugeMetricFamily("cnap_ledger_up", "Whether Redis could be read", float(up))
        if up:
            yield GaugeMetricFamily("cnap_streams", "Streams known", self._streams)
            yield from self._states()
            yield from self._frames()
            yield from self._speeds()

    def _states(self) -> Iterator[Metric]:
        states = GaugeMetricFamily(
            "cnap_stream_state",
            "1 for the state a stream is in, 0 for the others",
            labels=["stream", "state"],
        )
        since = GaugeMetricFamily(
            "cnap_stream_since_timestamp_seconds",
            "When that state began, in unix time",
            labels=["stream"],
        )
        breaks = CounterMetricFamily(
            "cnap_stream_breaks", "How often the camera was offline", labels=["stream"]
        )
        starts = GaugeMetricFamily(
            "cnap_coldstart_seconds",
            "From the first segment after the last silence to its result",
            labels=["stream"],
        )
        for one in self._known:
            for state in STATES:
                states.add_metric([one.name, state], float(state == one.state))
            if one.since:
                since.add_metric([one.name], datetime.fromisoformat(one.since).timestamp())
            breaks.add_metric([one.name], one.breaks)
            if one.coldstart is not None:
                starts.add_metric([one.name], one.coldstart)
        yield from (states, since, breaks, starts)

    def _frames(self) -> Iterator[Metric]:
        captured = CounterMetricFamily(
            "cnap_frames_captured", "Frames captured for a model", labels=BY_MODEL
        )
        decided = CounterMetricFamily(
            "cnap_frames", "What became of them", labels=[*BY_MODEL, "outcome", "reason"]
        )
        inflight = GaugeMetricFamily(
            "cnap_frames_in_flight", "Frames without an outcome yet", labels=BY_MODEL
        )
        for one in self._known:
            for model, counts in one.models.items():
                captured.add_metric([one.name, model], counts.captured)
                inflight.add_metric([one.name, model], counts.inflight)
                for (outcome, reason), frames in _decided(counts).items():
                    decided.add_metric([one.name, model, outcome, reason], frames)
        yield from (captured, decided, inflight)

    def _speeds(self) -> Iterator[Metric]:
        detections = CounterMetricFamily("cnap_detections", "Detections", labels=BY_MODEL)
        spent = CounterMetricFamily(
            "cnap_stage_seconds",
            "Time that results took, by stage",
            labels=[*BY_MODEL, "stage"],
        )
        latency = HistogramMetricFamily(
            "cnap_result_latency_seconds",
            "From the capture of a segment's newest frame to its result",
            labels=BY_MODEL,
        )
        for one, models in zip(self._known, self._measured, strict=True):
            for model, found in models.items():
                labels = [one.name, model]
                detections.add_metric(labels, found.detections)
                for stage, seconds in found.stages.items():
                    spent.add_metric([*labels, stage], seconds)
                latency.add_metric(labels, cumulative(LATENCIES, found.latencies), found.latency)
        yield from (detections, spent, latency)


def _decided(counts: Counts) -> dict[tuple[str, str], int]:
    """Frames by outcome and reason; a reason in somebody's own words is `other`."""
    frames = {("inferred", ""): counts.inferred}
    for name, count in counts.reasons.items():
        outcome, _, reason = name.partition(": ")
        reason = reason.partition(":")[0]
        key = (outcome, reason if reason in REASONS[outcome] else OTHER)
        frames[key] = frames.get(key, 0) + count
    return frames
