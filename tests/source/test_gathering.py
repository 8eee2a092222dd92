"""Packets are fetched late, and many at once, only where that costs nobody anything."""

import threading
import time

import pytest

from cnap.cameras import Camera
from cnap.source.around import Around
from cnap.source.feeds.network.feed import NetworkFeed
from cnap.source.gathering import WAITED, gathered
from cnap.source.losses import Losses
from cnap.source.reader import Reader
from cnap.source.references import References
from cnap.source.sending.sink import Sink
from cnap.source.stream import REST, UNSEEN_REST, Stream
from tests import media
from tests.broker import until
from tests.cameras.rtsp import FakeCamera


def test_it_rests_after_a_packet_that_was_waited_for_and_not_while_more_is_there():
    done = []

    def packets():
        for number in range(6):
            if number in (2, 5):
                time.sleep(2 * WAITED)
            yield number

    for number in gathered(packets(), lambda: done.append("rest")):
        done.append(number)

    assert [one for one in done if one != "rest"] == [0, 1, 2, 3, 4, 5]
    assert done.index("rest") == done.index(2) + 1
    assert done[done.index(5) + 1] == "rest"


def test_the_consumers_own_time_is_no_waiting():
    rests = []
    for _ in gathered(range(4), lambda: rests.append(1)):
        time.sleep(2 * WAITED)

    assert not rests


async def test_streams_that_nobody_has_use_for_rest_longest_and_short_segments_hardly(folder_store):
    around = Around(folder_store, Sink(None, ""))
    unseen = Stream(Camera("a", "rtsp://a/", models=()), around)
    assert unseen.rest == UNSEEN_REST
    unseen.watch(30)
    assert unseen.rest == REST < UNSEEN_REST
    assert Stream(Camera("b", "rtsp://a/", models=("m",)), around).rest == REST
    short = Stream(Camera("c", "rtsp://a/", models=("m",), segment=0.2), around)
    assert short.rest == pytest.approx(0.01)


def test_only_what_a_camera_sends_by_tcp_may_be_read_late(tmp_path):
    with FakeCamera(media.clip(tmp_path / "clip.mp4")) as camera:
        for transport, late in (("tcp", True), ("udp", False)):
            feed = NetworkFeed(Camera("gate", camera.url, transport=transport))
            assert feed.waits_for_us is late
            threading.Thread(target=feed.close).start()


class Taker:
    def __init__(self):
        self.losses, self.rests, self.cuts = Losses(), 0, []

    @property
    def rest(self):
        self.rests += 1
        return 0.05

    def begin(self, reader, epoch, framerate): ...

    def take(self, reader, cut):
        self.cuts.append(cut)

    def leave_out(self, reader, reason, frames): ...

    def changed(self): ...


async def test_a_reader_rests_between_the_pictures_of_a_live_camera(tmp_path):
    with FakeCamera(media.clip(tmp_path / "clip.mp4", frames=50, rate=25, gop=10)) as camera:
        taker = Taker()
        reader = Reader(Camera("gate", camera.url, segment=0.4), References(), None, taker)
        reader.start()
        await until(lambda: len(taker.cuts) > 2)
        reader.stop()

    assert taker.rests
    numbers = [cut.sequence for cut in taker.cuts]
    assert numbers == list(range(len(numbers)))
