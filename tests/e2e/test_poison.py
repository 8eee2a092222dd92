"""What can't be decoded is refused once, ends in dead letters, and is shown with its reason."""

from pathlib import Path

from tests.e2e.cluster import Cluster, until

POISON = (Path(__file__).parent / "poison.py").read_text()


def test_a_segment_that_is_text_is_a_failure_with_its_reason(cluster: Cluster, stream: str) -> None:
    cluster.python(POISON, stream)
    until(lambda: cluster.account(stream).get("failed"), 60, "the failure")
    account = cluster.account(stream)

    assert (account["captured"], account["failed"], account["inflight"]) == (25, 25, 0)
    assert account["reasons"] == {"failed: bad input": 25}
    (failure,) = account["failures"]
    assert failure["models"] == ["yolox-nano"]
    assert "not mp4 video" in failure["message"]


def test_a_good_stream_is_not_disturbed_by_a_bad_one(cluster: Cluster, stream: str) -> None:
    cluster.film(stream, framerate=5)
    until(lambda: cluster.account(stream).get("inferred"), 120, "results")
    for number in range(5):
        cluster.python(POISON, f"{stream}-bad-{number}")
    account = cluster.ended(stream)

    assert account["failed"] == 0
    for number in range(5):
        assert cluster.account(f"{stream}-bad-{number}")["failed"] == 25
