"""Pictures that show when they were captured, from the camera to the decoded frame: what is said of
a frame's time is what is to be seen on it, within a frame."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import av
import pytest

from cnap.cameras import Camera
from cnap.events.identity import SegmentId
from cnap.events.segment import SegmentEvent
from cnap.gops import Gops
from cnap.source.clock.timeline import Timeline
from cnap.source.cut.cutting import Cutting
from cnap.source.feeds import FileFeed, open_feed
from cnap.source.feeds.machine.picture import Picture
from tests import stamps
from tests.cameras.rtsp import FakeCamera
from tests.source.simulated import NOON, Clock

RATE = 25
BEGAN = Fraction(round(NOON))


def film(path, seconds, bframes):
    """Its first picture shows the time NOON."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.gop_size = 320, 180, 40
        stream.codec_context.options = {"preset": "veryfast", "bf": str(bframes), "b-adapt": "0"}
        picture = Picture((320, 180))
        for number in range(seconds * RATE):
            frame = picture.at(BEGAN + Fraction(number, RATE), number)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


class Live:
    """The film as a camera sends it, whose clock drifts and begins anew in its midst."""

    live, framerate = True, float(RATE)

    def __init__(self, path, clock: Clock, knows_time: bool, drift: float) -> None:
        self._film = FileFeed(str(path), loop=False)
        self._clock, self._knows_time, self._drift = clock, knows_time, drift
        self.stream, self.zero = self._film.stream, None

    def packets(self) -> Iterator[av.Packet]:
        chance, tick = random.Random(1), self.stream.time_base
        packets = list(self._film.packets())
        first = min(packet.pts for packet in packets)
        shown = 0.0
        for number, packet in enumerate(packets):
            captured = float((packet.pts - first) * tick)
            shown = max(shown, captured)
            came = NOON + shown + 0.02 + chance.uniform(0, 0.06)
            self._clock.now = max(self._clock.now, came)
            if number % 40 >= 37:  # the last of a GOP are lost, which no other needs
                continue
            jump = 10**7 if number > 100 else 0
            packet.dts += jump + round(captured * self._drift / tick)
            packet.pts += jump + round(captured * self._drift / tick)
            if self._knows_time:
                self.zero = NOON + captured - float(packet.pts * tick)
            yield packet


def through(feed, timeline, store, most=10**6):
    """Each frame's time, as events and groups say it, and what is to be seen on it."""
    cutting, gops, captured = Cutting(1.0), Gops(store), 0
    cuts = (cut for packet in timeline.packets() for cut in cutting.feed(packet))
    for cut in itertools.islice(itertools.chain(cuts, cutting.end()), most):
        captured += cut.framecount
        event = SegmentEvent.of(
            SegmentId("gate", timeline.epoch, cut.sequence), cut, "", capturedframes=captured
        )
        event = replace(event, dataref=store.uri(event.key()))
        store.put(event.key(), cut.data)
        for one in gops.show(event)[0] if cut.framecount else ():
            told = stamps.of(one.frame) if one.frame else None
            if told:
                yield event.time.timestamp() + float(one.offset), told[0]


@pytest.mark.parametrize("bframes", [0, 3])
@pytest.mark.parametrize("knows_time", [False, True])
def test_frames_say_the_time_that_they_show(tmp_path, folder_store, bframes, knows_time):
    clock = Clock()
    feed = Live(film(tmp_path / "film.mp4", 8, bframes), clock, knows_time, drift=200e-6)
    timeline = Timeline(feed, clock.wait, clock)
    found = list(through(feed, timeline, folder_store))

    assert len(found) > 8 * RATE * 0.9
    late = [said - shown for said, shown in found]
    assert all(abs(one) < 1 / RATE for one in late)
    assert timeline.note.startswith("the camera's clock jumped ahead by ")


@pytest.mark.parametrize("bframes", [0, 3])
def test_frames_of_an_rtsp_camera_say_the_time_that_they_show(tmp_path, folder_store, bframes):
    """By its sender reports."""
    with FakeCamera(film(tmp_path / "film.mp4", 20, bframes)) as camera:
        feed = open_feed(Camera("gate", camera.url))
        try:
            timeline = Timeline(feed, lambda seconds: False)
            found = list(through(feed, timeline, folder_store, most=3))
        finally:
            feed.close()
    shift = camera.began - NOON

    assert len(found) > 2 * RATE
    assert timeline.note == ""
    assert all(abs(said - shown - shift) < 1 / RATE for said, shown in found)
