"""What a person wants to know when all is sent."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cnap.archive.pieces import End, Piece

KINDS = 20
"""Reasons and labels that are counted one by one; the rest together."""
SHOWN = 8
OTHERS = "others"


@dataclass
class Counts:
    """What one model made of the frames."""

    inferred: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    detections: Counter[str] = field(default_factory=Counter)

    def add(self, result: Mapping) -> None:
        self.inferred += len(result["frames"])
        for reason, count in result.get("dropped", {}).items():
            _count(self.dropped, reason, count)
        for one in result["failed"]:
            _count(self.failed, one["reason"])
        for frame in result["frames"]:
            for detection in frame["detections"]:
                _count(self.detections, detection["label"])

    def __str__(self) -> str:
        parts = [f"{self.inferred} inferred"]
        parts += [_list(n, word) for word in ("dropped", "failed") if (n := getattr(self, word))]
        found = self.detections.total()
        return (
            ", ".join(parts)
            + "; "
            + (_list(self.detections, "detections") or f"{found} detections")
        )


class Summary:
    """Grows with the models and the kinds of what they say, and not with what is sent."""

    def __init__(self, models: Sequence[str]) -> None:
        self.models = {model: Counts() for model in models}
        self.files = self.unread = self.segments = self.frames = 0
        self.seconds = 0.0
        self._bytes = self._begun = 0

    def add(self, result: Mapping) -> None:
        """Counts a model's result of a segment."""
        self.models[result["model"]].add(result)

    def passed(self, what: Piece | End) -> None:
        """Counts a segment, or a file's end, whose results are all counted."""
        if isinstance(what, End):
            self.files += 1
            self.unread += bool(what.reason)
            self._bytes, self._begun = self._bytes + what.file.size, 0
        else:
            self.segments += 1
            self.frames += what.cut.framecount
            self._begun = max(self._begun, round(what.share * what.file.size))

    @property
    def bytes(self) -> int:
        """How far into the files it has come."""
        return self._bytes + self._begun

    @property
    def inferred(self) -> int:
        """Frames, counted for each model, as in the two that follow."""
        return sum(counts.inferred for counts in self.models.values())

    @property
    def dropped(self) -> int:
        return sum(counts.dropped.total() for counts in self.models.values())

    @property
    def failed(self) -> int:
        return sum(counts.failed.total() for counts in self.models.values())

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.frames / self.seconds if self.seconds else 0.0

    def lines(self, files: int) -> Iterator[str]:
        """In words, where `files` were to be sent."""
        done = f"{self.files}" if files == self.files else f"{self.files} of {files}"
        unread = f" ({self.unread} can't be read)" if self.unread else ""
        yield (
            f"{done} {_plural('file', files)}{unread}, {self.frames} "
            f"{_plural('frame', self.frames)} in {self.seconds:.1f} s: {self.rate:.1f} frames/s"
        )
        for model, counts in self.models.items():
            yield f"{model}: {counts}"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _count(counter: Counter[str], name: str, count: int = 1) -> None:
    counter[name if name in counter or len(counter) < KINDS else OTHERS] += count


def _list(counter: Counter[str], what: str) -> str:
    """As in `12 detections (10 car, 2 person)`; empty where there is nothing."""
    if not counter:
        return ""
    named = [(name, n) for name, n in counter.most_common() if name != OTHERS][:SHOWN]
    rest = counter.total() - sum(n for _, n in named)
    kinds = [f"{n} {name}" for name, n in named] + ([f"{rest} {OTHERS}"] if rest else [])
    return f"{counter.total()} {what} ({', '.join(kinds)})"
