"""How long a camera that failed is left alone."""

from cnap.source.backoff import LASTED, LONGEST, Backoff


def test_twice_as_long_each_time_up_to_a_minute_and_never_twice_the_same():
    waits = [[backoff.after(0.0) for _ in range(12)] for backoff in (Backoff(), Backoff())]
    for n, wait in enumerate(waits[0]):
        usual = min(2.0**n, LONGEST)
        assert 0.75 * usual <= wait <= usual
    assert waits[0] != waits[1]


def test_a_camera_that_sent_video_for_a_while_begins_anew():
    backoff = Backoff()
    for _ in range(10):
        backoff.after(LASTED / 2)
    assert backoff.longest
    assert backoff.after(LASTED) <= 1.0
    assert not backoff.longest
