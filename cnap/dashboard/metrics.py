"""What Prometheus is told of the dashboard."""

from prometheus_client import Counter, Gauge, Histogram

from cnap.metrics import BUCKETS

REQUESTS = Counter("cnap_dashboard_requests", "Requests answered", ["path", "status"])
SECONDS = Histogram("cnap_dashboard_seconds", "Time to answer", ["path"], buckets=BUCKETS)
LISTENERS = Gauge("cnap_dashboard_listeners", "Open connections of server-sent events")
WATCHED = Gauge("cnap_dashboard_watched_streams", "Streams whose segments somebody watches")
VIDEO = Counter("cnap_dashboard_video_bytes", "Bytes of segments and pictures sent", ["stream"])

LONG = (
    "/api/events",
    "/api/streams/{name}/segments",
    "/api/streams/{name}/picture",
    "/streams/{name}/segments",
)


def answered(path: str, status: int, seconds: float) -> None:
    REQUESTS.labels(path, status).inc()
    if path not in LONG:  # these wait on purpose, or for the client
        SECONDS.labels(path).observe(seconds)
