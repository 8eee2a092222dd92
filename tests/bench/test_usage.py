"""What processes used, read from a /proc of our own making."""

import os
import subprocess
import sys
import time

import pytest

from cnap.bench.usage import Meter, Spent, Usage

TICK = os.sysconf("SC_CLK_TCK")


class Proc:
    """A folder like /proc."""

    def __init__(self, place):
        self.place = place

    def process(self, pid, user=0, system=0, read=0, written=0, pss=0, began=100, name="python"):
        """Seconds, bytes, KiB; `began` is in ticks."""
        place = self.place / str(pid)
        place.mkdir(exist_ok=True)
        numbers = ["S", 1, *[0] * 9, user * TICK, system * TICK, 7, 9, 20, 0, 5, 0, began, 0, 0]
        (place / "stat").write_text(f"{pid} ({name}) {' '.join(map(str, numbers))}\n")
        (place / "io").write_text(f"rchar: {read}\nwchar: {written}\nread_bytes: 1\n")
        (place / "smaps_rollup").write_text(
            f"00-ff ---p 00000000 00:00 0     [rollup]\nRss:   99999 kB\nPss:    {pss} kB\n"
        )

    def end(self, pid):
        for file in (self.place / str(pid)).iterdir():
            file.unlink()
        (self.place / str(pid)).rmdir()


@pytest.fixture
def proc(tmp_path):
    return Proc(tmp_path)


def test_what_is_read_of_a_process(proc):
    proc.process(7, user=3, system=2, read=10, written=20, pss=4, name="a) b (c")
    used = Usage.of({7: "infer"}, proc=proc.place)

    assert used.roles == {"infer": Spent(3.0, 2.0, 10, 20, 4096, 1)}
    assert used.total.cpu == 5.0
    assert Usage.of({7: "infer"}, memory=False, proc=proc.place).total.memory == 0


def test_processes_of_a_role_are_added_and_gone_ones_left_out(proc):
    proc.process(1, user=1, pss=1)
    proc.process(2, user=2, pss=2)
    proc.process(3, system=4)
    used = Usage.of({1: "infer", 2: "infer", 3: "redis", 4: "gone"}, proc=proc.place)

    assert list(used.roles) == ["infer", "redis"]
    assert used.roles["infer"] == Spent(3.0, 0.0, 0, 0, 3072, 2)
    assert used.total == Spent(3.0, 4.0, 0, 0, 3072, 3)


def test_what_was_used_between_two_moments(proc):
    proc.process(1, user=10, read=100, pss=8)
    before = Usage.of({1: "a"}, proc=proc.place)
    proc.process(1, user=13, read=150, pss=5)
    proc.process(2, user=2, read=7, began=900)
    spent = Usage.of({1: "a", 2: "b"}, proc=proc.place) - before

    assert spent.roles["a"] == Spent(3.0, 0.0, 50, 0, 5120, 1)
    assert spent.roles["b"].user == 2.0  # all of it: it began meanwhile
    assert spent.seconds > 0


def test_an_id_that_is_given_again_is_another_process(proc):
    proc.process(1, user=10, began=100)
    before = Usage.of({1: "a"}, proc=proc.place)
    proc.process(1, user=1, began=700)
    assert (Usage.of({1: "a"}, proc=proc.place) - before).total.user == 1.0


def test_a_meter_counts_those_that_came_and_went(proc):
    proc.process(1, user=10, pss=10)
    there = {1: "a"}
    with Meter(lambda: dict(there), every=60, proc=proc.place) as meter:
        proc.process(2, user=5, pss=30)
        there[2] = "b"
        meter.look()
        proc.end(2)
        del there[2]
        proc.process(1, user=11, pss=4)
        spent = meter.spent()

    assert spent.roles["b"] == Spent(5.0, 0.0, 0, 0, 0, 0)
    assert spent.total.user == 6.0
    assert meter.peaks == {"a": 10 * 1024, "b": 30 * 1024}


def test_a_meter_looks_by_itself(proc):
    proc.process(1)
    proc.process(2, user=5)
    there = {1: "a", 2: "b"}
    looks = []

    def processes():
        looks.append(len(there))
        return dict(there)

    with Meter(processes, every=0.01, proc=proc.place) as meter:
        until = time.monotonic() + 10
        while len(looks) < 6 and time.monotonic() < until:
            time.sleep(0.01)
    assert len(looks) >= 6
    assert meter.peaks == {"a": 0, "b": 0}


def test_a_real_process_is_measured():
    code = (
        "sum(range(20_000_000)); open('/dev/zero','rb').read(5_000_000); print(flush=True); input()"
    )
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        spent = Usage.of({process.pid: "own"}).total
        process.stdin.close()
    assert spent.cpu > 0.05
    assert spent.read > 5_000_000
    assert 1 << 20 < spent.memory < 1 << 30
