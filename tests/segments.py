"""A file's segments in a store, and their events, as a source would have sent them."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from cnap.decoder import Shown
from cnap.events.identity import SegmentId
from cnap.events.segment import SegmentEvent
from cnap.gops import Gops
from cnap.source.cut.cutter import Cut, Cutter
from cnap.source.feeds import FileFeed
from cnap.stores import Store
from tests import media

EPOCH = 1_777_777_777_000


@dataclass(frozen=True)
class Segment:
    """An event, and the exact time (seconds of the stream) of its segment's first frame."""

    event: SegmentEvent
    start: Fraction


def cuts(path: Path, seconds: float = 1.0, longest: float = math.inf) -> list[Cut]:
    camera = FileFeed(str(path), loop=False)
    try:
        cutter = Cutter(camera.stream, seconds, longest=longest)
        found = [cut for packet in camera.packets() for cut in cutter.feed(packet)]
        return found + list(cutter.end())
    finally:
        camera.close()


def segments(
    path: Path,
    store: Store,
    seconds: float = 1.0,
    stream: str = "gate",
    longest: float = math.inf,
    **facts: object,
) -> list[Segment]:
    """Those that a source sends: the ones that show no frame are in the store only."""
    found, captured = [], 0
    for cut in cuts(path, seconds, longest):
        place = SegmentId(stream, EPOCH, cut.sequence)
        captured += cut.framecount
        event = SegmentEvent.of(place, cut, "", capturedframes=captured, **facts)
        event = replace(event, dataref=store.uri(event.key()))
        store.put(event.key(), cut.data)
        if cut.framecount:
            found.append(Segment(event, cut.start))
    return found


Frames = list[tuple[Fraction, np.ndarray]]


def frames(segment: Segment, shown: list[Shown]) -> Frames:
    """Each frame's exact time and its planes; every one must have a picture."""
    assert [one.index for one in shown] == list(range(segment.event.framecount))
    assert all(one.frame is not None for one in shown)
    return [(segment.start + one.offset, media.planes(one.frame)) for one in shown]


def show(gops: Gops, segment: Segment) -> Frames:
    return frames(segment, gops.show(segment.event)[0])


def assert_same(got: Frames, wanted: Frames) -> None:
    """The same frames at the same times; the stream's own start is what differs."""
    assert len(got) == len(wanted)
    assert [time - got[0][0] for time, _ in got] == [time - wanted[0][0] for time, _ in wanted]
    for number, ((_, one), (_, other)) in enumerate(zip(got, wanted, strict=True)):
        assert np.array_equal(one, other), f"frame {number} has other pixels"
