"""What Prometheus is told of a function: how many events it answered, how fast, of how many bytes.

Counted in plain numbers: prometheus_client takes a tenth of a second to import, so it is imported
when Prometheus first asks, not while an event waits for the function to start.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from cnap.function import once

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Labels = tuple[str, ...]

_lock = threading.Lock()
_events: Counter[Labels] = Counter()
_seconds: Counter[Labels] = Counter()
_latencies: dict[Labels, list[int]] = {}
_frame_bytes: Counter[Labels] = Counter()


def answered(function: str, status: int, seconds: float) -> None:
    with _lock:
        _events[function, str(status)] += 1
        _seconds[function,] += seconds
        buckets = _latencies.setdefault((function,), [0] * (len(BUCKETS) + 1))
        buckets[bisect_left(BUCKETS, seconds)] += 1


def moved(function: str, size: int) -> None:
    """Bytes of a frame group, written by transcode or read by infer."""
    with _lock:
        _frame_bytes[function,] += size


def exposition(*collectors: Any) -> tuple[str, bytes]:
    """The content type and the body of /metrics: this process's, then those of the collectors."""
    import prometheus_client as prometheus

    _registered()
    body = prometheus.generate_latest(prometheus.REGISTRY)
    for collector in collectors:
        registry = prometheus.CollectorRegistry()
        registry.register(collector)
        body += prometheus.generate_latest(registry)
    return prometheus.CONTENT_TYPE_LATEST, body


def cumulative(bounds: Sequence[float], counts: Iterable[int]) -> list[tuple[str, int]]:
    """Counts of each bucket as Prometheus has them: all up to each bound, the last without one."""
    return list(zip([*map(str, bounds), "+Inf"], accumulate(counts), strict=True))


@once
def _registered() -> None:
    import prometheus_client as prometheus

    prometheus.REGISTRY.register(_Function())


class _Function:
    """https://prometheus.github.io/client_python/collector/custom/"""

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        events = CounterMetricFamily(
            "cnap_events", "Events answered", labels=["function", "status"]
        )
        seconds = HistogramMetricFamily(
            "cnap_event_seconds", "Time to answer an event", labels=["function"]
        )
        moved = CounterMetricFamily(
            "cnap_frame_bytes", "Bytes of frame groups written or read", labels=["function"]
        )
        with _lock:
            for labels, count in _events.items():
                events.add_metric(labels, count)
            for labels, counts in _latencies.items():
                seconds.add_metric(labels, cumulative(BUCKETS, counts), _seconds[labels])
            for labels, size in _frame_bytes.items():
                moved.add_metric(labels, size)
        yield from (events, seconds, moved)
