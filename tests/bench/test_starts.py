"""Starts of replicas, read from the log."""

from datetime import datetime

import pytest

from cnap.bench.measures.coldstart import figures
from cnap.bench.starts import local
from cnap.events import frames, segment

LOG = """\
The page:  http://127.0.0.1:1/#token=x
2026-01-01 11:59:50,000 infer-yunet-00001-1 | infer: ready 0.100 s after its start, 0.050 s of it imports
2026-01-01 11:59:50,010 infer-yunet-00001-1 is ready after 0.11 s
2026-01-01 11:59:50,500 infer-yunet-00001-1 | infer: first io.cnap.video.frames.v1 answered in 9.000 s
2026-01-01 12:00:01,000 infer-yunet-00001-2 | infer: ready 0.900 s after its start, 0.600 s of it imports
2026-01-01 12:00:01,020 infer-yunet-00001-2 is ready after 0.97 s
2026-01-01 12:00:01,030 infer-yunet-00001-2 | infer: first io.cnap.video.segment.v1 answered in 0.001 s
2026-01-01 12:00:01,200 infer-yunet-00001-2 | infer: first io.cnap.video.frames.v1 answered in 0.150 s
2026-01-01 12:00:04,000 infer-yunet-00001-3 | infer: ready 5.000 s after its start, 4.000 s of it imports
2026-01-01 12:00:05,000 transcode-00001-2 | transcode: ready 0.500 s after its start, 0.400 s of it imports
"""  # noqa: E501
NOON = datetime(2026, 1, 1, 12).timestamp()
TYPES = {"infer-yunet": frames.TYPE, "transcode": segment.TYPE}


def test_a_start_is_of_the_first_replica_since_then_and_only_whole():
    found = local(LOG.splitlines(), TYPES, NOON)
    assert list(found) == ["infer-yunet"]
    one = found["infer-yunet"]
    assert one.asked - NOON == pytest.approx(0.05, abs=1e-5)
    assert one.stages == pytest.approx(
        {"spawn": 0.05, "imports": 0.6, "warm": 0.3, "probe": 0.02, "first event": 0.15}, abs=1e-5
    )


def test_of_two_replicas_the_one_that_was_wanted_first_counts():
    again = [line.replace("yunet-00001-1 ", "yunet-00001-9 ") for line in LOG.splitlines()]
    later = [line.replace("11:59:50", "12:00:50") for line in again]
    one = local(later + LOG.splitlines(), TYPES, NOON)["infer-yunet"]
    assert one.asked - NOON == pytest.approx(0.05, abs=1e-5)


def test_only_its_own_work_is_a_functions_first_event():
    found = local(LOG.splitlines(), {"infer-yunet": segment.TYPE}, NOON)
    assert found["infer-yunet"].first == 0.001


def test_a_process_seems_never_to_have_begun_before_it_was_wanted():
    """The kernel rounds down when a process began."""
    lines = LOG.replace("is ready after 0.97 s", "is ready after 0.91 s").splitlines()
    assert local(lines, TYPES, NOON)["infer-yunet"].stages["spawn"] == 0.0


def test_figures_of_a_cold_start():
    found = local(LOG.splitlines(), TYPES, NOON)
    told = {one.name: one.values for one in figures(2.5, 1.25, found)}
    assert told["cold start"] == [1.25]
    assert told["cold start with camera"] == [2.5]
    assert told["cold start, infer-yunet: imports"] == pytest.approx([0.6], abs=1e-5)
    assert {one.name: one.values for one in figures(2.5, None, {})}["cold start"] == []
