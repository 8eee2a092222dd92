"""Two processes that are always there, and each frame a JPEG in a Redis list between them.

    python -m cnap.bench.baselines.redislist CLIP MODEL --seconds 10

This one decodes the clip, scales each frame and pushes it as a JPEG. The other pops one, decodes
and infers it, pushes its detections into another list, and only then pops the next. Such was the
first pipeline of this name: docs/bench-baselines.md says what is the same and what is not.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import av
import click

from cnap.bench.baselines.command import command
from cnap.bench.baselines.film import Film
from cnap.bench.baselines.inferrer import Done, Inferrer
from cnap.bench.baselines.lists import END, Lists, server
from cnap.bench.baselines.outcome import WARM_UP, Outcome, Until
from cnap.bench.baselines.requests import Settings
from cnap.models import Model
from cnap.models.family import Size
from cnap.pictures import Scaler, jpeg

MOST = 32
"""Pictures in the list; once it is full, it is let run half empty."""
PAUSE = 0.005
QUALITY = 95
"""Of a JPEG: what OpenCV takes if it isn't told."""


def run(clip: Path, model: Model, until: Until, settings: Settings, whole: bool = False) -> Outcome:
    """The clip through Redis and the model as fast as that goes; with `whole`, pictures have the
    clip's own size. Raises BadMedia, ModelError, Unavailable."""
    model.fetch()  # or it can't be had, and the other process need not be started to say so
    with Film(clip, settings.decoders) as film, server() as url:
        width, height = film.size
        size = (width & ~1, height & ~1) if whole else model.frame_size(width, height)
        lists = Lists(url, f"cnap-bench-{os.getpid()}")
        try:
            with Inferrer(lists, model, size, settings) as inferrer:
                push(Until(WARM_UP).of(film), size, lists, inferrer)
                before = used(inferrer.done(), lists)
                began = time.monotonic()
                push(until.of(film), size, lists, inferrer)
                done = inferrer.done()
                cpu = {name: cpu - before[name] for name, cpu in used(done, lists).items()}
            counts = lists.counts()[WARM_UP:]
        finally:
            lists.clear()
    settled = asdict(settings) | {"whole": whole}
    told = len(counts), done.moment - began, cpu, sum(counts[: film.length]), settled
    return Outcome("redislist", str(clip), model.name, *told)


def push(frames: Iterable[av.VideoFrame], size: Size, lists: Lists, inferrer: Inferrer) -> None:
    """All of them, as JPEGs, and then END."""
    scaler = Scaler()
    for frame in frames:
        if lists.push(jpeg(scaler.nv12(frame, size), QUALITY)) < MOST:
            continue
        while lists.waiting() > MOST // 2:
            inferrer.check()
            time.sleep(PAUSE)
    lists.push(END)


def used(done: Done, lists: Lists) -> dict[str, float]:
    """Seconds of a core, by process, up to now; the inference process's, up to when it was done."""
    return {"decode": time.process_time(), "redis": lists.cpu(), "infer": done.cpu}


main = command(
    "CLIP through MODEL in two processes, each frame a JPEG in a list of CNAP_REDIS between them.",
    Settings(hint="LATENCY", requests=1),
)(click.option("--whole", is_flag=True, help="Pictures of the clip's own size.")(run))

if __name__ == "__main__":
    main()
