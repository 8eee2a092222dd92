"""The pipeline's processes, found by descent, and their roles."""

import pytest

from cnap.bench.processes import tree


@pytest.fixture
def proc(tmp_path):
    def process(pid, parent, command="python", environment="", name="python"):
        place = tmp_path / str(pid)
        place.mkdir()
        (place / "stat").write_text(f"{pid} (a) b) S {parent} 0 0\n")
        (place / "cmdline").write_bytes("\0".join(command.split()).encode() + b"\0")
        (place / "environ").write_bytes("\0".join(environment.split()).encode() + b"\0")
        (place / "comm").write_text(name + "\n")

    process.place = tmp_path
    return process


def test_roles_of_all_that_descends_from_the_runtime(proc):
    proc(10, 1, "python cnap up", "CNAP_FUNCTION=odd")
    proc(11, 10, "/bin/sh -c x", name="sh")
    proc(12, 10, "valkey-server *:0", name="valkey-server")
    proc(13, 10, "python -m cnap.source", "CNAP_STORE=x")
    proc(14, 10, "python -m cnap.dashboard", "CNAP_FUNCTION=")
    proc(15, 10, "python -m cnap.runner", "A=1 CNAP_FUNCTION=transcode CNAP_MODEL=")
    proc(16, 10, "python -m cnap.runner", "CNAP_MODEL=yunet CNAP_FUNCTION=infer")
    proc(17, 16, "python worker", "CNAP_MODEL=yunet CNAP_FUNCTION=infer")
    (proc.place / "self").mkdir()
    assert tree(10, proc.place) == {
        10: "runtime",
        11: "sh",
        12: "redis",
        13: "source",
        14: "dashboard",
        15: "transcode",
        16: "infer-yunet",
        17: "infer-yunet",
    }


def test_others_are_none_of_ours(proc):
    proc(10, 1)
    proc(20, 1, "python -m cnap.runner", "CNAP_FUNCTION=publish")
    proc(21, 20, "python -m cnap.source")
    assert tree(10, proc.place) == {10: "runtime"}


def test_one_that_ends_meanwhile_is_left_out(proc):
    proc(10, 1)
    proc(11, 10, "python -m cnap.source")
    (proc.place / "11" / "cmdline").unlink()
    assert tree(10, proc.place) == {10: "runtime"}
