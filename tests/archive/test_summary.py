"""What is said when all is sent."""

from pathlib import Path

from cnap.archive.pieces import End, Input
from cnap.archive.summary import KINDS, Counts, Summary


def result(*labels, failed=(), **facts):
    found = [{"label": label, "score": 1, "box": [0, 0, 1, 1]} for label in labels]
    frames = [{"index": 0, "time": "", "detections": found}] if labels else []
    reasons = [{"index": n, "reason": reason} for n, reason in enumerate(failed)]
    return {"model": "a", "sequence": 0, "frames": frames, "failed": reasons} | facts


def test_counts_in_words():
    counts = Counts()
    counts.add(result("car", "car", "dog"))
    counts.add(result(failed=["corrupt frame", "corrupt frame", "busy"]))
    counts.add(result(dropped={"sampled": 3}))

    assert str(counts) == (
        "1 inferred, 3 dropped (3 sampled), 3 failed (2 corrupt frame, 1 busy); "
        "3 detections (2 car, 1 dog)"
    )
    assert str(Counts()) == "0 inferred; 0 detections"


def test_kinds_are_bounded_and_counts_are_not():
    counts = Counts()
    for n in range(1000):
        counts.add(result(f"label {n}", failed=[f"reason {n}"]))

    assert counts.detections.total() == counts.failed.total() == 1000
    assert len(counts.detections) == len(counts.failed) == KINDS + 1
    assert str(counts).count("label") == 8
    assert "992 others" in str(counts)


def test_the_whole_in_words():
    summary = Summary(["a", "b"])
    summary.passed(End(Input(Path("x"), "x", 10), "no film"))
    summary.seconds, summary.frames = 2.0, 5

    assert list(summary.lines(1)) == [
        "1 file (1 can't be read), 5 frames in 2.0 s: 2.5 frames/s",
        "a: 0 inferred; 0 detections",
        "b: 0 inferred; 0 detections",
    ]
    assert next(summary.lines(3)).startswith("1 of 3 files (1 can't be read), 5 frames")
    assert summary.bytes == 10
