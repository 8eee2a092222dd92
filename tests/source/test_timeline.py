"""When frames were captured, whatever clocks and networks do: simulated, and checked against the
truth."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cnap.source.clock.liveclock import LiveClock
from cnap.source.clock.timeline import ClockJumped, Timeline
from tests.source.simulated import NOON, TICK, Camera, Clock, Packet

FRAME = 1 / 25


def stamped(camera: Camera) -> tuple[Timeline, list[Packet], list[float]]:
    """The packets, and for each by how many seconds its time is later than the truth."""
    timeline = Timeline(camera, camera.clock.wait, camera.clock)
    packets = list(timeline.packets())
    errors = [timeline.epoch / 1000 + float(p.pts * TICK) - p.truth for p in packets]
    return timeline, packets, errors


def assert_rising(packets: list[Packet]) -> None:
    assert packets[0].dts >= 0
    assert all(after.dts > before.dts for before, after in itertools.pairwise(packets))
    assert all(one.pts >= one.dts and one.duration > 0 for one in packets)
    shown = sorted(packets, key=lambda one: one.truth)
    assert all(after.pts > before.pts for before, after in itertools.pairwise(shown))


def assert_slewed(packets: list[Packet]) -> None:
    """Nothing but what was slow: steps of a frame's length, a tenth more or less."""
    steps = [after.dts - before.dts for before, after in itertools.pairwise(packets)]
    assert all(0.89 * 3600 <= step <= 1.11 * 3600 for step in steps)


def test_a_perfect_camera_without_a_clock_is_timed_by_arrival():
    timeline, packets, errors = stamped(Camera(Clock(), latency=0.08))

    assert_rising(packets)
    assert packets[0].dts < 90
    assert all(error == pytest.approx(0.08, abs=0.001) for error in errors)
    assert (timeline.epoch / 1000, timeline.note) == (pytest.approx(NOON + 0.08, abs=0.001), "")


def test_a_camera_that_tells_the_time_at_once_is_right_from_the_first_frame_on():
    timeline, packets, errors = stamped(Camera(Clock(), latency=1.5, jitter=0.3, told=0))

    assert_rising(packets)
    assert all(abs(error) < 0.002 for error in errors)
    assert timeline.note == ""


CAMERAS = some.fixed_dictionaries(
    {
        "latency": some.floats(0, 2),
        "jitter": some.floats(0, 0.15),
        "loss": some.floats(0, 0.2),
        "drift": some.floats(-200e-6, 200e-6),
        "begins": some.sampled_from([0, 1, 12_345, 2**32 - 90_000 * 15, 2**32 - 1]),
        "bits": some.sampled_from([32, 33, 64]),
        "bframes": some.booleans(),
        "told": some.sampled_from([None, 0, 0.3, 5.1, 9.1]),
        "wrong": some.sampled_from([0.0, -2.0, 3.0, 3600.0, -86400.0 * 400, 7.0]),
        "claims": some.sampled_from([0.0, 25.0]),
        "seed": some.integers(0, 1000),
    }
)


@given(CAMERAS)
@settings(max_examples=40, deadline=None)
def test_times_are_within_a_frame_of_the_truth(how):
    """After what is known late has been put right slowly; before, they never go back."""
    camera = Camera(Clock(), seconds=60, **how)
    timeline, packets, errors = stamped(camera)
    believed = camera.told is not None and abs(camera.wrong - camera.latency) < 5
    truth = camera.wrong if believed else camera.latency

    assert_rising(packets)
    assert all(abs(error - truth) < FRAME for error in errors[-100:])
    assert bool(timeline.note) == (camera.told is not None and not believed)
    if not camera.jitter and not camera.loss and not camera.bframes:
        assert_slewed(packets)


@pytest.mark.parametrize("bframes", [False, True])
def test_what_is_known_late_is_put_right_slowly(bframes):
    camera = Camera(Clock(), latency=1.0, told=8, bframes=bframes)
    _, packets, errors = stamped(camera)

    assert_rising(packets)
    if not bframes:
        assert_slewed(packets)
    assert errors[150] == pytest.approx(1.0, abs=0.01)
    assert abs(errors[-1]) < 0.002


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (-(2 * 3600 + 59 * 60), "the camera's clock is 2 h 59 min behind: this machine's is used"),
        (3600.0, "the camera's clock is 1 h ahead: this machine's is used"),
        (-86400 * 3 - 7200, "the camera's clock is 3 d 2 h behind: this machine's is used"),
        (9.2, "the camera's clock is 9.2 s ahead: this machine's is used"),
    ],
)
def test_a_clock_that_is_wrong_is_said_and_not_used(wrong, said):
    timeline, _, errors = stamped(Camera(Clock(), latency=0.0, told=0, wrong=wrong))

    assert timeline.note == said
    assert all(abs(error) < 0.002 for error in errors)


def test_a_heap_of_older_packets_at_the_beginning_is_older():
    """As where a server gives a new viewer the GOP that goes on."""
    camera = Camera(Clock(), latency=0, comes=lambda sent: max(sent, NOON + 2))
    _, packets, errors = stamped(camera)

    assert_rising(packets)
    assert all(abs(error) < 0.002 for error in errors)


@pytest.mark.parametrize("ahead", [3600.0, -3600.0, 30.0, -30.0, 2.0, -2.0, -0.3])
def test_a_clock_that_jumps_is_jumped_after(ahead):
    def jump(n, time):
        time += round(ahead * 90_000) if n >= 250 else 0
        return time, time

    timeline, packets, errors = stamped(Camera(Clock(), jitter=0.01, ticks=jump, begins=10**9))

    assert_rising(packets)
    assert all(abs(error - 0.05) < FRAME for error in errors)
    way = "ahead" if ahead > 0 else "back"
    said = f"the camera's clock jumped {way} by " if abs(ahead) > 0.5 else ""
    assert timeline.note.startswith(said) and bool(timeline.note) == bool(said)


def test_one_packet_with_an_absurd_time_changes_nothing_else():
    timeline, packets, errors = stamped(
        Camera(Clock(), ticks=lambda n, t: (t + 10**8, t + 10**8) if n == 250 else (t, t))
    )

    assert_rising(packets)
    assert all(abs(error - 0.05) < 0.005 for error in errors)
    assert timeline.note == ""


@pytest.mark.parametrize(
    ("ticks", "said"),
    [
        (lambda n, t: (None, None), "the camera gives no times of its own: pictures are taken as"),
        (lambda n, t: (0, 0), "the camera gives no times of its own: pictures are taken as"),
        (lambda n, t: (-t, -t), "the camera gives no times of its own: pictures are taken as"),
        (lambda n, t: (n, n), "the camera's clock runs too slow: pictures are taken as they come"),
        (lambda n, t: (t * 90, t * 90), "the camera gives no times of its own: pictures are taken"),
        (lambda n, t: (t * 3 // 2,) * 2, "the camera's clock runs too fast: pictures are taken as"),
        (lambda n, t: (t * 2 // 3,) * 2, "the camera's clock runs too slow: pictures are taken as"),
    ],
    ids=["none", "constant", "backwards", "hardly moving", "milliseconds", "fast", "slow"],
)
def test_times_that_are_none_are_made_of_arrival(ticks, said):
    camera = Camera(Clock(), latency=0, jitter=0.02, seconds=90, ticks=ticks, begins=0, claims=0)
    timeline, packets, errors = stamped(camera)

    assert timeline.note.startswith(said)
    assert_rising(packets)
    assert all(abs(error) < FRAME for error in errors[-100:])


def test_decode_times_that_are_missing_follow_from_those_of_showing():
    camera = Camera(Clock(), bframes=True, jitter=0.02, ticks=lambda n, t: (None, t))
    timeline, packets, errors = stamped(camera)

    assert_rising(packets)
    assert timeline.note == ""
    assert all(abs(error - errors[-1]) < FRAME for error in errors)


def test_a_camera_that_is_quiet_for_a_while_keeps_its_times():
    """What was sent meanwhile comes late, all at once."""
    camera = Camera(Clock(), comes=lambda sent: NOON + 13 if 10 < sent - NOON < 13 else sent)
    _, packets, errors = stamped(camera)

    assert_rising(packets)
    assert all(abs(error - 0.05) < 0.005 for error in errors)


def test_a_frame_every_ten_seconds_is_given_at_once():
    camera = Camera(Clock(), fps=0.1, claims=0.1, seconds=300)
    for packet in Timeline(camera, camera.clock.wait, camera.clock).packets():
        assert camera.clock.now == pytest.approx(packet.truth + 0.05)


@pytest.mark.parametrize(
    ("comes", "reason"),
    [
        (lambda sent: sent + 3600 if sent > NOON + 10 else sent, "nothing came for 1 h: "),
        (lambda sent: sent + 20 if sent > NOON + 10 else sent, "video comes 20 s late: "),
    ],
)
def test_what_is_too_late_begins_an_epoch_of_its_own(comes, reason):
    camera = Camera(Clock(), comes=comes)
    with pytest.raises(ClockJumped, match=reason):
        stamped(camera)


def test_an_epoch_is_later_than_the_one_before():
    camera = Camera(Clock(), told=0, wrong=-4.0, seconds=60)
    before = round(NOON * 1000) - 1000
    timeline = Timeline(camera, camera.clock.wait, camera.clock, after=before)
    packets = list(timeline.packets())
    late = timeline.epoch / 1000 + packets[-1].pts / 90_000 - packets[-1].truth

    assert timeline.epoch == before + 1
    assert_rising(packets)
    assert late == pytest.approx(-4, abs=0.01)


def test_what_waits_at_the_beginning_is_given_when_the_feed_breaks_off():
    camera = Camera(Clock(), seconds=0.2)

    assert len(stamped(camera)[1]) == 5


def test_a_stream_with_other_ticks_goes_on_with_the_same_times():
    camera = Camera(Clock(), told=5, latency=0.6)
    other = Camera(Clock()).stream
    other.time_base = TICK * 9

    def packets():
        for packet in Camera.packets(camera):
            if packet.truth > NOON + 9:
                packet.stream = other
                packet.pts, packet.dts, packet.duration = packet.pts // 9, packet.dts // 9, 400
            yield packet

    camera.packets = packets
    timeline = Timeline(camera, camera.clock.wait, camera.clock)
    found = list(timeline.packets())
    times = [one.pts * one.stream.time_base for one in found]

    assert len({one.stream.time_base for one in found}) == 2
    assert all(0.03 < float(b - a) < 0.05 for a, b in itertools.pairwise(times))
    assert timeline.epoch / 1000 + float(times[-1]) == pytest.approx(found[-1].truth, abs=0.005)


@pytest.mark.parametrize(("wrong", "late"), [(-19.8, 20.0), (2.0, 0.0)])
def test_a_feed_that_says_how_late_it_is_may_be_so(wrong, late):
    """HLS: what a playlist's dates say is long ago by then."""
    camera = Camera(Clock(), told=0, wrong=wrong)
    camera.late = late
    timeline, _, errors = stamped(camera)

    assert timeline.note == ""
    assert all(error == pytest.approx(wrong, abs=0.01) for error in errors)


def test_times_of_uploads_are_not_doubted():
    camera = Camera(Clock(), fps=0.01, seconds=1000, told=0, wrong=-60.0)
    camera.placed = True
    _, packets, errors = stamped(camera)

    assert_rising(packets)
    assert all(error == pytest.approx(-60, abs=0.001) for error in errors)


def film(clock: Clock, steps: list[float], **how: float) -> Camera:
    camera = Camera(clock, **how)
    camera.live = False
    time = itertools.accumulate(steps, initial=0)
    camera.packets = lambda: (
        Packet(round(t * 90_000) + 777, round(t * 90_000) + 777, camera.stream) for t in time
    )
    return camera


def test_films_are_paced():
    clock = Clock()
    camera = film(clock, [0.5] * 10)
    timeline = Timeline(camera, clock.wait, clock)
    for number, packet in enumerate(timeline.packets()):
        assert clock.now == pytest.approx(NOON + 0.5 * number)
        assert packet.pts == round(45_000 * number)
    assert timeline.epoch == round(NOON * 1000)


def test_a_film_ends_when_it_is_told_to():
    clock = Clock()
    timeline = Timeline(film(clock, [0.5] * 10), lambda _: clock.now > NOON or clock.wait(1), clock)

    assert len(list(timeline.packets())) == 1


def test_a_film_whose_times_jump_goes_on():
    clock = Clock()
    timeline = Timeline(film(clock, [0.5, 90, 3600, 0.5, -3600, 0.5]), clock.wait, clock)
    times = [packet.pts / 90_000 for packet in timeline.packets()]

    assert times == pytest.approx([0, 0.5, 90.5, 90.54, 91.04, 91.08, 91.58])


def test_a_film_is_not_caught_up_with_after_the_machine_slept():
    clock = Clock()
    packets = Timeline(film(clock, [0.5] * 10), clock.wait, clock).packets()
    next(packets)
    next(packets)
    asleep = Timeline(film(clock, [0.5] * 10), lambda s: clock.wait(s + 10), clock).packets()

    with pytest.raises(ClockJumped, match="slept"):
        list(asleep)


def test_a_film_begins_anew_when_the_clock_was_set_ahead_and_goes_on_when_it_was_set_back():
    for step, goes_on in ((3600.0, False), (-3600.0, True)):
        steady, was_set = Clock(), 0.0
        timeline = Timeline(
            film(steady, [0.5] * 10),
            steady.wait,
            lambda: steady.now + was_set,  # noqa: B023
            steady=steady,
        )
        packets = timeline.packets()
        next(packets)
        was_set = step
        if goes_on:
            assert len(list(packets)) == 10
            assert steady.now == pytest.approx(NOON + 5)
        else:
            with pytest.raises(ClockJumped, match="set"):
                next(packets)


def test_a_store_that_is_slow_is_no_jump():
    clock = Clock()
    timeline, count = Timeline(film(clock, [0.5] * 40), clock.wait, clock), 0
    for _ in timeline.packets():
        count += 1
        if count == 5:
            clock.now += 12
    assert count == 41
    assert clock.now == pytest.approx(NOON + 20)


def test_a_machine_that_slept_begins_an_epoch_of_its_own():
    """Its clock goes on, and the steady one stands still meanwhile."""
    camera = Camera(Clock())
    slept = 0.0
    clock = LiveClock(camera, lambda: camera.clock.now + slept, camera.clock, 0)
    with pytest.raises(ClockJumped, match="this machine slept, or its clock was set, by 1 h"):
        for number, packet in enumerate(camera.packets()):
            slept = 3600.0 if number > 200 else 0.0
            clock.take(packet)
    assert number == 201
