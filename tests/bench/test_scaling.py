"""What is told of replicas that come and go, and of a pipeline at rest."""

import pytest

from cnap.bench.measures import idle, scaling
from cnap.bench.usage import Spent, Usage


def test_scale_out_is_the_first_time_that_two_of_anything_are_ready():
    seen = [
        (0.0, {"transcode": 1, "infer-yunet": 1}),
        (1.5, {"transcode": 1, "infer-yunet": 2}),
        (2.0, {"transcode": 3, "infer-yunet": 1, "publish": 1}),
    ]
    out, most, zero = scaling.figures(seen, 16, 11.5)
    assert (out.values, out.note) == ([1.5], "2 of infer-yunet, 3 of transcode")
    assert (most.values, zero.values) == ([3.0], [11.5])


def test_a_burst_that_one_replica_carries_has_no_time_of_scaling_out():
    out, most, _ = scaling.figures([(0.0, {"transcode": 1}), (9.0, {"transcode": 1})], 16, 11.5)
    assert (out.values, most.values) == ([], [1.0])
    assert out.note == "16 streams needed no second replica of anything"


def test_an_idle_pipeline_is_told_by_role():
    lives = {
        (1, 0.0): ("runtime", Spent(user=0.02, system=0.01, memory=50_000_000)),
        (2, 0.0): ("redis", Spent(user=0.01, memory=4_000_000)),
    }
    cpu, memory, processes = idle.figures(Usage(0.0, lives, seconds=10.0), 0)
    assert (cpu.values, cpu.note) == ([pytest.approx(0.4)], "redis 0.10, runtime 0.30")
    assert (memory.values, memory.note) == ([54.0], "redis 4, runtime 50")
    assert processes.values == [0.0]
