"""What a source asks for while the pipeline is slower than the camera, alone and among others."""

from collections import deque
from dataclasses import dataclass, field

import pytest

from cnap.events.attributes import rate as read_rate
from cnap.source.sending.pace import BLOCKED, LEAST_RATE, MOST_OUTSTANDING, QUICK, SLOW, Pace


def test_all_frames_while_there_is_room():
    pace = Pace(25.0)
    for second in range(20):
        assert pace.lets(25, 1, QUICK, second)
        pace.took(QUICK, second)
    assert pace.asked is None


def test_fewer_frames_before_no_frames():
    pace = Pace(25.0)
    rates = []
    for second in range(10):
        assert pace.lets(25, 1, SLOW + 0.1, second)
        rates.append(pace.asked)

    assert rates == sorted(rates, reverse=True)
    assert rates[0] < 25 and rates[-1] == LEAST_RATE
    assert not pace.lets(25, 1, BLOCKED, 11)
    assert not pace.lets(1, MOST_OUTSTANDING, 0.0, 12)


def test_all_frames_again_after_a_while_and_soon_after_an_outage():
    pace = Pace(25.0)
    for second in range(20):
        pace.took(SLOW + 1, second)
    asked = []
    for second in range(20, 60):
        pace.took(0.1, second)
        asked.append(pace.asked)

    rates = [rate for rate in asked if rate]
    assert rates[0] == pytest.approx(LEAST_RATE, abs=1)
    assert rates == sorted(rates)
    assert asked[-1] is None
    assert rates[5] > 25 / 4


def test_where_nothing_is_thinned_segments_are_left_out_to_the_same_rate():
    pace = Pace(25.0, thins=False)
    for second in range(3):
        pace.took(SLOW + 1, second)
    rate = pace.rate
    sent = sum(pace.lets(25, 0, 0.0, second) for second in range(3, 103))

    assert pace.asked is None
    assert sent * 25 / 100 == pytest.approx(rate, rel=0.2)


@pytest.mark.parametrize("framerate", [0.0, 0.5, 1.0, 12.5, 29.97002997, 240.0, 90000.0])
def test_a_rate_is_one_that_an_event_may_say(framerate):
    pace = Pace(framerate)
    for second in range(100):
        pace.took(5.0 if second < 50 else 0.1, second)
        if (asked := pace.asked) is not None:
            assert read_rate({"thinnedrate": str(asked)}, "thinnedrate") == asked
            assert asked >= LEAST_RATE


@dataclass
class Simulated:
    """A stream whose segments wait in the pipeline's one queue."""

    framerate: float
    length: float = 1.0
    thins: bool = True
    done: float = 0.0
    """Frames that were looked at."""
    left_out: int = 0
    sent: deque[float] = field(default_factory=deque)
    waiting: deque[float] = field(default_factory=deque)

    def __post_init__(self):
        self.pace = Pace(self.framerate, self.length, self.thins)
        self.next = self.length

    def send(self, now, queue):
        frames = self.framerate * self.length
        while self.waiting:
            oldest = now - self.sent[0] if self.sent else 0.0
            if not self.pace.lets(frames, len(self.sent), oldest, now):
                break
            self.waiting.popleft()
            asked = self.pace.asked
            wanted = frames if asked is None else min(frames, asked * self.length)
            self.sent.append(now)
            queue.append([self, wanted, wanted])


def simulate(streams, capacity, seconds=240, warm=60):
    """Frames a second of each stream, from a pipeline that does `capacity` frames a second."""
    queue, step = deque(), 0.05
    for n in range(round(seconds / step)):
        now = n * step
        if n == round(warm / step):
            for stream in streams:
                stream.done = stream.left_out = 0
        for stream in streams:
            if now >= stream.next:
                stream.next += stream.length
                stream.waiting.append(now)
                if len(stream.waiting) > max(1, 4 / stream.length):
                    stream.waiting.popleft()
                    stream.left_out += 1
                stream.send(now, queue)
        left = capacity * step
        while queue and left > 0:
            stream, frames, todo = queue[0]
            left, queue[0][2] = left - todo, todo - left
            if queue[0][2] <= 1e-9:
                queue.popleft()
                stream.done += frames
                stream.pace.took(now - stream.sent.popleft(), now)
                stream.send(now, queue)
    return [stream.done / (seconds - warm) for stream in streams]


def fair(streams, capacity):
    """Of equal shares, each what it can use; what others don't use is shared again."""
    shares, left = {}, capacity
    for n, stream in enumerate(sorted(streams, key=lambda one: one.framerate)):
        shares[id(stream)] = min(stream.framerate, left / (len(streams) - n))
        left -= shares[id(stream)]
    return [shares[id(stream)] for stream in streams]


@pytest.mark.parametrize(
    ("capacity", "framerate"), [(3, 30.0), (5, 25.0), (12, 25.0), (20, 25.0), (30, 25.0)]
)
def test_it_settles_near_what_the_pipeline_can_do(capacity, framerate):
    stream = Simulated(framerate)
    (used,) = simulate([stream], capacity)

    assert stream.left_out <= 2  # of 180
    assert used > 0.75 * min(capacity, framerate)


RATES, LENGTHS = (5.0, 12.5, 25.0, 60.0), (0.5, 1.0, 2.0, 4.0)
CROWDS = {
    "alike": [(25.0, 1.0)] * 20,
    "other rates": [(RATES[n % 4], 1.0) for n in range(20)],
    "other lengths": [(25.0, LENGTHS[n % 4]) for n in range(20)],
    "both": [(RATES[n % 4], LENGTHS[n // 4 % 4]) for n in range(20)],
}


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("together", [False, True])
def test_twenty_streams_share_a_pipeline_and_none_starves(crowd, together):
    """Cameras that began together end their segments in the same instants, which is worse."""
    streams = [Simulated(*facts) for facts in CROWDS[crowd]]
    for n, stream in enumerate(streams):
        stream.next = stream.length * (1.0 if together else n * 0.618 % 1)
    got = simulate(streams, capacity=100)

    shares = [had / share for had, share in zip(got, fair(streams, 100), strict=True)]
    assert min(shares) > (0.4 if together else 0.5)
    assert sum(got) > 85


def test_one_that_comes_late_gets_its_share():
    streams = [Simulated(25.0) for _ in range(20)]
    streams[-1].next = 50.0

    assert simulate(streams, capacity=100)[-1] > 0.5 * 100 / 20


def test_who_leaves_out_whole_segments_does_not_starve_among_those_who_thin():
    streams = [Simulated(25.0, thins=n % 3 == 0) for n in range(20)]

    assert min(simulate(streams, capacity=100)) > 0.5 * 100 / 20
