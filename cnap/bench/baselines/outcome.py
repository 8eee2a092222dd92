"""What a baseline did, and how that is told."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import av

from cnap.bench.baselines.film import Film

WARM_UP = 40
"""Frames before the measurement: every buffer is there then, and every thread."""


@dataclass(frozen=True)
class Until:
    """For how long: so many frames, else at least so many seconds and the whole clip once."""

    frames: int | None = None
    seconds: float = 10.0

    def of(self, film: Film) -> Iterator[av.VideoFrame]:
        """Those of its frames, from the first."""
        if self.frames is not None:
            yield from islice(film.frames(), self.frames)
            return
        end = time.monotonic() + self.seconds
        for number, frame in enumerate(film.frames()):
            if film.shown_by(number) and time.monotonic() >= end:
                return
            yield frame


@dataclass(frozen=True)
class Outcome:
    """Measured after the warm-up, from before the first frame was decoded until the last one's
    result was there."""

    program: str
    clip: str
    model: str
    frames: int
    seconds: float
    cpu: Mapping[str, float]
    """Seconds of a core, by process."""
    detections: int
    """In the first pass of the clip, or in what was shown of it."""
    settings: Mapping[str, Any]

    @property
    def rate(self) -> float:
        return self.frames / self.seconds

    def as_json(self) -> dict[str, Any]:
        total = sum(self.cpu.values())
        counted = {
            "cpu": round(total, 3),
            "processes": {name: round(value, 3) for name, value in self.cpu.items()},
            "fps": round(self.rate, 2),
            "cpums": round(1000 * total / self.frames, 3),
        }
        return asdict(self) | {"seconds": round(self.seconds, 4)} | counted

    def __str__(self) -> str:
        each = 1000 * sum(self.cpu.values()) / self.frames
        return (
            f"{self.frames} frames in {self.seconds:.2f} s: {self.rate:.1f} frames/s, "
            f"{each:.2f} ms of a core each; {self.detections} detections in the clip"
        )
