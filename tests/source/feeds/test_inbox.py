"""Uploads on one timeline, and which are refused."""

import time

import pytest

from cnap.errors import BadMedia
from cnap.source.feeds.pushed.inbox import BURST, MOST, Inbox, Later, Stale
from cnap.source.feeds.pushed.upload import Upload
from tests import media


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return media.clip(tmp_path_factory.mktemp("film") / "two.mp4", frames=50).read_bytes()


@pytest.fixture
def upload(film):
    return lambda: Upload(film, "video/mp4")


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def inbox(clock):
    return Inbox(20.0, clock)


def begins(upload):
    return min(packet.pts for packet in upload.packets) / 90_000


def taken(inbox):
    return begins(inbox.take(0))


def test_uploads_that_follow_each_other_are_continuous_however_late_they_come(inbox, clock, upload):
    starts = []
    for late in (0.0, 0.4, 0.9, 0.1, 0.0):
        clock.now += 2.0
        at = clock.now
        clock.now += late
        inbox.put(upload())
        clock.now = at
        starts.append(taken(inbox))

    assert starts == pytest.approx([0, 2, 4, 6, 8])


def test_the_last_frame_was_taken_when_it_came(inbox, clock, upload):
    inbox.put(upload())

    assert inbox.zero == pytest.approx(time.time() - 2.0, abs=5)


def test_an_upload_that_is_lost_is_a_gap(inbox, clock, upload):
    for _ in range(2):
        inbox.put(upload())
        clock.now += 4.0

    assert [taken(inbox), taken(inbox)] == pytest.approx([0, 4])


def test_told_times_are_kept(inbox, clock, upload):
    now = time.time()
    starts = [now - 9.0, now - 7.1, now - 4.6]
    for start in starts:
        inbox.put(upload(), start)

    assert inbox.zero == starts[0]
    # What nearly fits is the same second by another reckoning; what does not is a gap.
    assert [taken(inbox) for _ in starts] == pytest.approx([0, 2, 4.4], abs=0.001)


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (5, "in the future"),
        (-60, "58 s old"),
        (-7200 - 60, "2 hours old"),
        (-217583634, "7 years old"),
    ],
)
def test_told_times_that_are_not_now(inbox, upload, offset, words):
    with pytest.raises(Stale, match=words) as refused:
        inbox.put(upload(), time.time() + offset)
    assert refused.value.status == 409


def test_what_was_there_already_is_refused(inbox, upload):
    start = time.time() - 5
    inbox.put(upload(), start)
    with pytest.raises(Stale, match=r"begins 2\.0 s before the end"):
        inbox.put(upload(), start)


def test_a_film_is_paced(inbox, clock, upload):
    inbox.put(upload())
    inbox.put(upload())
    with pytest.raises(Later, match="faster than time") as refused:
        inbox.put(upload())
    assert (refused.value.status, refused.value.after) == (429, 2)
    clock.now += refused.value.after
    inbox.put(upload())

    assert [taken(inbox) for _ in range(3)] == pytest.approx([0, 2, 4])


def test_pictures_are_taken_when_they_come(inbox, clock):
    for _ in range(3):
        inbox.put(Upload(media.jpeg(media.picture(0, (64, 48))), "image/jpeg"))
        clock.now += 0.5

    assert [taken(inbox) for _ in range(3)] == pytest.approx([0, 0.5, 1.0])


def test_an_upload_stands_alone(inbox, clock, upload):
    cut, lost = upload(), upload()
    del cut.packets[:3]
    start = time.time() - 5
    assert inbox.put(cut, start) == 38  # from its next key frame
    assert inbox.zero == pytest.approx(start + 9 / 25)
    del lost.packets[:1], lost.packets[11:]
    with pytest.raises(BadMedia, match="no key frame"):
        inbox.put(lost)


def test_too_many_wait(inbox, clock, upload):
    for _ in range(MOST):
        inbox.check()
        inbox.put(upload())
        clock.now += 2
    with pytest.raises(Later, match="before this one"):
        inbox.check()
    inbox.take(0)
    inbox.check()


def test_too_many_a_second(inbox, clock):
    for _ in range(int(BURST)):
        inbox.check()
    with pytest.raises(Later, match="uploads a second"):
        inbox.check()
    clock.now += 1
    inbox.check()


def test_a_closed_one_takes_nothing(inbox, upload):
    inbox.put(upload())
    inbox.close()

    assert inbox.take(5) is None
    with pytest.raises(Later):
        inbox.put(upload())
