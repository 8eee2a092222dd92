"""What a function tells Prometheus, and that it costs its start nothing."""

import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

from cnap import metrics


def told():
    _, body = metrics.exposition()
    families = text_string_to_metric_families(body.decode())
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_events_are_counted_by_status_and_time():
    before = told()
    for status, seconds in ((200, 0.02), (200, 0.3), (503, 99.0)):
        metrics.answered("some", status, seconds)
    metrics.moved("some", 1000)
    metrics.moved("some", 500)
    after = told()

    def grown(*key):
        return after[key] - before.get(key, 0)

    assert grown("cnap_events_total", "200", "some") == 2
    assert grown("cnap_events_total", "503", "some") == 1
    assert grown("cnap_event_seconds_bucket", "0.025", "some") == 1
    assert grown("cnap_event_seconds_bucket", "0.5", "some") == 2
    assert grown("cnap_event_seconds_bucket", "+Inf", "some") == 3
    assert round(grown("cnap_event_seconds_sum", "some"), 6) == 99.32
    assert grown("cnap_frame_bytes_total", "some") == 1500


def test_the_client_is_imported_only_when_somebody_asks():
    code = "import sys, cnap.runner; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
