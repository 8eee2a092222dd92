"""When a camera is looked at, by whose clock, and when that changes."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cnap.cameras import Schedule

BERLIN = "Europe/Berlin"


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "inside", "outside"),
    [
        # 23 November 2026 is a Monday.
        (["mon-fri 07:00-19:00"], ["2026-11-23 07:00", "2026-11-27 18:59"], ["2026-11-23 19:00"]),
        (["mon-fri 7:00 - 19:00"], ["2026-11-23 07:00"], ["2026-11-28 12:00", "2026-11-23 06:59"]),
        (["22:00-06:00"], ["2026-11-23 23:00", "2026-11-23 05:59"], ["2026-11-23 06:00"]),
        (["fri 22:00-06:00"], ["2026-11-27 22:00", "2026-11-28 05:59"], ["2026-11-27 05:00"]),
        (["sun 22:00-06:00"], ["2026-11-30 05:00"], ["2026-11-29 05:00"]),
        (["sat, sun"], ["2026-11-28 00:00", "2026-11-29 23:59"], ["2026-11-27 23:59"]),
        (["Sat-Mon"], ["2026-11-28 00:00", "2026-11-30 12:00"], ["2026-12-01 00:00"]),
        (["monday 00:00-24:00"], ["2026-11-23 00:00"], ["2026-11-24 00:00"]),
        (["mon 08:00-09:00", "mon 08:30-10:00"], ["2026-11-23 09:30"], ["2026-11-23 10:00"]),
    ],
)
def test_it_is_open_when_it_says(when, inside, outside):
    schedule = Schedule(tuple(when), "UTC")
    assert all(schedule.open(at(moment)) for moment in inside)
    assert not any(schedule.open(at(moment)) for moment in outside)


@pytest.mark.parametrize(
    ("when", "now", "then"),
    [
        (["mon-fri 07:00-19:00"], "2026-11-23 06:00", "2026-11-23 07:00"),
        (["mon-fri 07:00-19:00"], "2026-11-23 07:00", "2026-11-23 19:00"),
        (["mon-fri 07:00-19:00"], "2026-11-27 19:00", "2026-11-30 07:00"),
        (["mon-fri"], "2026-11-23 12:00", "2026-11-28 00:00"),
        (["22:00-06:00"], "2026-11-23 03:00", "2026-11-23 06:00"),
        (["22:00-24:00", "00:00-06:00"], "2026-11-23 23:00", "2026-11-24 06:00"),
        (["08:00-12:00", "09:00-10:00", "11:00-13:00"], "2026-11-23 09:30", "2026-11-23 13:00"),
        (["sun 03:00-04:00"], "2026-11-29 04:00", "2026-12-06 03:00"),
        (["daily 00:00-24:00"], "2026-11-23 12:00", None),
        (["mon-sun"], "2026-11-23 12:00", None),
    ],
)
def test_it_knows_when_that_changes(when, now, then):
    schedule = Schedule(tuple(when), "UTC")
    assert schedule.next(at(now)) == (then and at(then))


def test_the_clock_of_a_timezone_counts_in_summer_and_in_winter():
    schedule = Schedule(("07:00-19:00",), BERLIN)
    assert schedule.next(at("2026-07-01 00:00")) == at("2026-07-01 05:00")
    assert schedule.next(at("2026-12-01 00:00")) == at("2026-12-01 06:00")
    # The night in which an hour is skipped, 02:00 to 03:00, and the one in which it comes twice.
    assert schedule.next(at("2026-03-28 20:00")) == at("2026-03-29 05:00")
    assert schedule.next(at("2026-10-24 20:00")) == at("2026-10-25 06:00")


def test_an_hour_that_clocks_skip_or_show_twice_is_one_hour():
    night = Schedule(("02:30-04:00",), BERLIN)
    assert night.next(at("2026-03-29 00:00")) == at("2026-03-29 01:30")
    assert night.next(at("2026-03-29 01:30")) == at("2026-03-29 02:00")
    assert night.next(at("2026-10-25 00:00")) == at("2026-10-25 00:30")
    assert night.next(at("2026-10-25 00:30")) == at("2026-10-25 03:00")
    skipped = Schedule(("sun 02:00-02:59",), BERLIN)
    assert skipped.next(at("2026-03-27 00:00")) is not None


@pytest.fixture
def in_new_york(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_without_a_timezone_the_machines_own_clock_counts(in_new_york):
    assert Schedule(("07:00-19:00",)).next(at("2026-12-01 00:00")) == at("2026-12-01 12:00") or (
        Schedule(("07:00-19:00",)).open(at("2026-11-30 23:30"))
    )
    assert Schedule(("07:00-19:00",)).next(at("2026-12-01 06:00")) == at("2026-12-01 12:00")
    assert os.environ["TZ"] == "America/New_York"


spans = some.builds(
    lambda days, start, end: (
        f"{days} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    ),
    some.sampled_from(["", "mon-fri", "sat,sun", "sun", "wed-mon"]),
    some.integers(0, 1439),
    some.integers(0, 1440),
).filter(lambda text: len(set(text.split()[-1].split("-"))) == 2)


@settings(max_examples=60, deadline=None)
@given(
    some.lists(spans, min_size=1, max_size=3),
    some.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    some.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe"]),
)
def test_nothing_changes_before_it_says(when, now, zone):
    schedule, now = Schedule(tuple(when), zone), now.replace(tzinfo=UTC)
    then = schedule.next(now)
    end = then or now + timedelta(days=8)
    steps = [now + (end - now) * share / 50 for share in range(50)]
    assert {schedule.open(moment) for moment in steps} == {schedule.open(now)}
    assert then is None or schedule.open(then) != schedule.open(now)
