"""What a report says of the machine."""

import os

from cnap.bench.machine import SAME, cores, machine, versions


def test_a_quota_counts_where_it_is_less_than_the_cores_there_are(tmp_path):
    mine = len(os.sched_getaffinity(0))
    (tmp_path / "half").write_text("50000 100000\n")
    (tmp_path / "much").write_text("99900000 100000\n")
    (tmp_path / "none").write_text("max 100000\n")

    assert cores(tmp_path / "half") == 0.5
    assert cores(tmp_path / "much") == mine
    assert cores(tmp_path / "none") == mine
    assert cores(tmp_path / "not there") == mine


def test_what_is_told_of_this_machine():
    told = machine()
    assert all(told[name] for name in SAME)
    assert told["memory"] == round(
        os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1
    )
    assert told["load"] >= 0


def test_versions_are_those_that_matter():
    told = versions()
    assert {"python", "cnap", "openvino", "av", "redis"} <= told.keys()
    assert all(told.values())
