"""What is measured with: a clip, models, how many streams, for how long."""

import os
from dataclasses import dataclass
from pathlib import Path

from cnap import models

CLIP = "videos/car-detection.mp4"
MODEL = "fastestdet"
"""The cheapest: what the pipeline itself costs shows best beside it."""


@dataclass(frozen=True)
class Workload:
    """The defaults fit a laptop."""

    clip: Path
    models: tuple[str, ...]
    streams: int = 1
    segment: float = 1.0
    """Seconds of video in a segment, at least; 0 for a frame each."""
    framerate: float = 0
    """Frames a second that live streams ask for; 0 for all."""
    framesize: tuple[int, int] | None = None
    """The clip in another size; as it is where None."""
    seconds: float = 20
    """How long each repeat goes on, at least."""
    repeats: int = 5
    seed: int = 1


def default_models() -> tuple[str, ...]:
    """The cheapest model where it is on this machine, else any of the catalog that is here, else
    the pipeline's default. Raises ModelError where none can be had."""
    here = [name for name in models.names() if models.model(name).here]
    if here:
        return (MODEL if MODEL in here else here[0],)
    return (models.default()[0].name,)


def default_clip() -> Path:
    """The usual clip, of the folder CNAP_ASSETS; without it, one that anybody can make."""
    given = Path(os.environ.get("CNAP_ASSETS", ""), CLIP)
    if given.is_file():
        return given
    from cnap.bench.clips import pattern

    return pattern()
