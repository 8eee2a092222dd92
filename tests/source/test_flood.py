"""A camera that sends too much is held, and one that sends much is not."""

import pytest

from cnap.source.flood import BURST, BYTES, PACKETS, Flood


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def sent(flood, clock, rate, seconds, size=1000, gop=50):
    """Which packets passed, of so many a second."""
    passed = []
    for n in range(int(rate * seconds)):
        passed.append(flood.passes(size, n % gop == 0))
        clock.now += 1 / rate
    return passed


@pytest.mark.parametrize(("rate", "size"), [(25, 1_000_000), (240, 100_000), (PACKETS * 0.99, 100)])
def test_what_a_camera_may_send_passes(clock, rate, size):
    assert all(sent(Flood(clock=clock), clock, rate, 20, size))


def test_a_hiccup_of_the_network_passes(clock):
    flood = Flood(clock=clock)
    assert all(sent(flood, clock, 1e9, PACKETS * BURST * 0.9 / 1e9))
    assert all(sent(flood, clock, 25, 5))


@pytest.mark.parametrize(("rate", "size"), [(900, 1000), (5000, 100), (200, 1_000_000)])
def test_a_flood_is_held_to_the_limit_in_whole_gops(clock, rate, size):
    flood = Flood(clock=clock)
    sent(flood, clock, rate, 10, size)
    passed = sent(flood, clock, rate, 60, size)

    most = min(PACKETS, BYTES / size)
    assert 0.5 * most < sum(passed) / 60 <= 1.1 * most
    for n in range(1, len(passed)):
        assert not passed[n] or passed[n - 1] or n % 50 == 0, "what passes begins with a key frame"
    assert "packets/s" in flood.words and "held to 500" in flood.words


def test_people_are_not_told_each_small_change(clock):
    flood, said = Flood(clock=clock), set()
    for second in range(60):
        sent(flood, clock, 700 + 2 * second, 1)
        said.add(flood.words)
    assert said == {
        "the camera sends about 500 packets/s, 0.5 MB/s: held to 500 packets/s, 64 MB/s"
    }


def test_when_the_flood_is_over_all_passes_again(clock):
    flood = Flood(clock=clock)
    sent(flood, clock, 5000, 10)
    sent(flood, clock, 25, 5)
    assert all(sent(flood, clock, 25, 10))
