"""The best simple program for one machine: PyAV decodes, OpenVINO infers, in one process.

    python -m cnap.bench.baselines.oneprocess CLIP MODEL --seconds 10

docs/bench-baselines.md says how it was tuned.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import av
import numpy as np

from cnap.bench.baselines.command import command
from cnap.bench.baselines.film import Film
from cnap.bench.baselines.outcome import WARM_UP, Outcome, Until
from cnap.bench.baselines.requests import Requests, Settings
from cnap.models import Model
from cnap.models.family import Size
from cnap.pictures import Scaler


def run(clip: Path, model: Model, until: Until, settings: Settings) -> Outcome:
    """The clip through the model as fast as one process can. Raises BadMedia, ModelError."""
    with Film(clip, settings.decoders) as film:
        content = model.frame_size(*film.size)
        requests = Requests(model, content, settings)
        for _ in requests.detect(scaled(Until(WARM_UP).of(film), content)):
            pass
        began, used = time.monotonic(), time.process_time()
        frames = detections = 0
        for found in requests.detect(scaled(until.of(film), content)):
            detections += 0 if film.shown_by(frames) else len(found)
            frames += 1
        seconds, cpu = time.monotonic() - began, {"program": time.process_time() - used}
    told = "oneprocess", str(clip), model.name, frames, seconds, cpu, detections, asdict(settings)
    return Outcome(*told)


def scaled(frames: Iterable[av.VideoFrame], size: Size) -> Iterator[np.ndarray]:
    """The frames as NV12."""
    scaler = Scaler()
    return (scaler.nv12(frame, size) for frame in frames)


main = command("CLIP through MODEL in one process.", Settings())(run)

if __name__ == "__main__":
    main()
