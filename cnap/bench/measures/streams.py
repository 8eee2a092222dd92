"""Live streams, which most measures need: the clip as cameras, at its own pace."""

import math
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import av

from cnap.bench.workload import Workload
from cnap.cameras import Camera
from cnap.errors import BadMedia, CnapError

if TYPE_CHECKING:
    from cnap.bench.target import LocalPipeline

SHORTEST = 0.1
"""Seconds: a camera's segments are never shorter, even where a frame each is asked for."""
POLL = 0.05
SETTLED = 60.0
"""Seconds in which functions that have nothing to do are at zero."""


@contextmanager
def live(
    target: "LocalPipeline", workload: Workload, count: int, framerate: float = 0
) -> Iterator[list[str]]:
    """The names of so many cameras that show the clip over and over; they are gone afterwards.

    They are new ones each time, so that nothing is counted that others left in flight, and begin
    one after another within a segment's time: real cameras don't end their segments together.
    """
    run = secrets.token_hex(3)
    wanted = [
        Camera(
            name=f"bench-{run}-{number}",
            url=target.url(workload.clip),
            models=workload.models,
            framerate=framerate or None,
            segment=length(workload),
        )
        for number in range(1, count + 1)
    ]
    try:
        for number in range(1, count + 1):
            target.cameras(wanted[:number])
            if number < count:
                time.sleep(length(workload) / count)
        yield [camera.name for camera in wanted]
    finally:
        target.cameras(())


def length(workload: Workload) -> float:
    """Seconds of video in a segment of a camera."""
    return max(workload.segment, SHORTEST)


def rate(workload: Workload, wanted: float) -> float:
    """Frames a second that a camera gives when `wanted` are asked for; 0 for all.
    Raises BadMedia."""
    try:
        with av.open(str(workload.clip)) as film:
            has = float(film.streams.video[0].average_rate or 0)
    except (av.FFmpegError, IndexError) as error:
        raise BadMedia(f"{workload.clip} can't be shown as a camera: {error}") from None
    return min(wanted or has, has or wanted)


def frames(workload: Workload, rate: float, count: int) -> int:
    """How many frames so many streams have looked at within `workload.seconds`, at least: where
    the window begins decides on one more of each."""
    return max(1, math.floor(rate * workload.seconds)) * count * len(workload.models)


def until(what: str, condition: Callable[[], object], seconds: float) -> float:
    """For how many seconds it was waited. Raises CnapError where it does not come true."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise CnapError(f"not within {seconds:g} s: {what}; see `cnap doctor`")
        time.sleep(POLL)
    return time.monotonic() - began


def rest(target: "LocalPipeline") -> float:
    """Waits until no function runs; gives for how many seconds."""
    none = lambda: not any(target.replicas(ready=False).values())  # noqa: E731
    return until("every function at zero", none, SETTLED)
