"""Segments through transcode, and what came out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from cloudevents.http import CloudEvent

from cnap.events.frames import FramesEvent
from cnap.events.segment import SegmentEvent
from cnap.frames import FrameGroup
from cnap.stores import Store
from cnap.transcode import Options
from tests import media
from tests.segments import EPOCH, segments

MODEL = "yolox-nano"
SMALL = Options(size=(32, 24))
UNEVEN = [0, 10, 50, 200, 210, 220, 600, 1000, 1001, 1003] + [1100 + 3 * i * i for i in range(30)]


def cutting(folder: Path, store: Store) -> Callable[..., list[SegmentEvent]]:
    """Makes the segment events of a clip made for the test."""

    def cut(
        seconds: float = 0.4, models: tuple[str, ...] = (MODEL,), **how: object
    ) -> list[SegmentEvent]:
        path = media.clip(folder / "clip.mp4", **how)
        return [one.event for one in segments(path, store, seconds, models=models)]

    return cut


def group_of(store: Store, reply: CloudEvent) -> tuple[FramesEvent, FrameGroup]:
    about = FramesEvent.from_event(reply)
    group = FrameGroup.read(store.get(store.key(about.dataref)))
    assert about.framecount == len(group)
    return about, group


def times(group: FrameGroup) -> np.ndarray:
    """Seconds since the epoch's beginning, to the microsecond."""
    return (group.records["time"].astype("i8") - EPOCH * 1000) / 1e6
