"""What Prometheus is told of a function."""

import prometheus_client as prometheus
from prometheus_client import Counter, Histogram

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

EVENTS = Counter("cnap_events", "Events answered", ["function", "status"])
SECONDS = Histogram("cnap_event_seconds", "Time to answer an event", ["function"], buckets=BUCKETS)


def answered(function: str, status: int, seconds: float) -> None:
    EVENTS.labels(function, status).inc()
    SECONDS.labels(function).observe(seconds)


def exposition() -> tuple[str, bytes]:
    """The content type and the body of /metrics."""
    return prometheus.CONTENT_TYPE_LATEST, prometheus.generate_latest()
