"""When a camera is looked at: `mon-fri 07:00-19:00`, `22:00-06:00`, `sat,sun`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY = frozenset(range(7))
TIMES = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")
WHOLE = 24 * 60
AHEAD = 16
"""Days in which a schedule changes if it ever does, though clocks may skip its hour once."""


@dataclass(frozen=True)
class Span:
    """From a minute of each of the days (0 is Monday) to another, which may be the next day's."""

    days: frozenset[int]
    start: int
    end: int


@dataclass(frozen=True)
class Schedule:
    when: tuple[str, ...]
    timezone: str = ""
    """By its IANA name; else it is the clock of this machine."""

    def __post_init__(self) -> None:
        """Raises ValueError, with what was meant."""
        for text in self.when:
            span(text)
        if self.timezone:
            _zone(self.timezone)

    def plain(self) -> Any:
        """As it is written in YAML and JSON."""
        when = self.when[0] if len(self.when) == 1 else list(self.when)
        return {"when": when, "timezone": self.timezone} if self.timezone else when

    def open(self, moment: datetime) -> bool:
        """Whether it is looked at then. `moment` must be aware."""
        return any(start <= moment < end for start, end in self._hours(moment))

    def next(self, moment: datetime) -> datetime | None:
        """When that next changes, in UTC; None where it never does."""
        until = None
        for start, end in self._hours(moment):
            if end <= (until or moment):
                continue
            if start > (until or moment):
                # Shut now: it opens then. Open now: nothing goes on where `until` is.
                return until or start
            until = end
        far = moment + timedelta(days=AHEAD - 2)
        return until if until and until <= far else None

    def _hours(self, moment: datetime) -> list[tuple[datetime, datetime]]:
        """In UTC and in order, from before `moment` on."""
        zone = _zone(self.timezone) if self.timezone else None
        today = moment.astimezone(zone).date()
        return sorted(
            (start, end)
            for text in self.when
            for start, end in _on(span(text), today, zone)
            if end > start
        )


def _on(of: Span, today: date, zone: tzinfo | None) -> Iterator[tuple[datetime, datetime]]:
    for ahead in range(-2, AHEAD):
        day = today + timedelta(days=ahead)
        if day.weekday() in of.days:
            later = of.end + (WHOLE if of.end <= of.start else 0)
            yield _instant(day, of.start, zone), _instant(day, later, zone)


def _instant(day: date, minute: int, zone: tzinfo | None) -> datetime:
    """A time that clocks show twice is its first; one that they skip is as if they had not been
    set: RFC 5545, 3.3.5."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return (wall.replace(tzinfo=zone) if zone else wall).astimezone(UTC)


@cache
def span(text: str) -> Span:
    """Raises ValueError, with what was meant."""
    match = TIMES.search(text)
    days = text[: match.start()] if match else text
    if match and text[match.end() :].strip():
        raise ValueError(f"{text!r}: the times end it; another span is another entry of a list")
    start, end = _times(match, text) if match else (0, WHOLE)
    if not match and re.search("[0-9]", text):
        raise ValueError(f"{text!r} must be like mon-fri 07:00-19:00, with a time it ends at")
    return Span(_days(days, text), start, end)


def _times(match: re.Match[str], text: str) -> tuple[int, int]:
    hours, minutes, last_hours, last_minutes = map(int, match.groups())
    start, end = hours * 60 + minutes, last_hours * 60 + last_minutes
    if max(minutes, last_minutes) > 59 or start >= WHOLE or end > WHOLE:
        raise ValueError(f"{text!r}: times are from 00:00 to 24:00")
    if start == end:
        raise ValueError(f"{text!r} ends as it begins; a whole day is 00:00-24:00")
    return start, end


def _days(words: str, text: str) -> frozenset[int]:
    words = words.strip().lower()
    if words in ("", "daily"):
        return EVERY if words or TIMES.search(text) else _refuse("", text)
    found: set[int] = set()
    for part in filter(None, re.split(r"[,\s]+", re.sub(r"\s*-\s*", "-", words))):
        first, _, last = part.partition("-")
        begin, end = _day(first, text), _day(last or first, text)
        found.update((begin + n) % 7 for n in range((end - begin) % 7 + 1))
    return frozenset(found)


def _day(word: str, text: str) -> int:
    for names in (DAYS, LONG):
        if word in names:
            return names.index(word)
    return _refuse(word, text)


def _refuse(word: str, text: str) -> Any:
    about = f"{word!r} in {text!r} is no day" if word else f"{text!r} says no time"
    raise ValueError(f"{about}; write {', '.join(DAYS)}, as in mon-fri 07:00-19:00")


@cache
def _zone(name: str) -> tzinfo:
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        pass
    from difflib import get_close_matches

    names = {known.lower(): known for known in zoneinfo.available_timezones()}
    word = name.lower().replace(" ", "_")
    cities = {known.rpartition("/")[2]: known for known in names}
    near = get_close_matches(word, names, 1) or [
        cities[city] for city in get_close_matches(word.rpartition("/")[2], cities, 1)
    ]
    hint = f"; did you mean {names[near[0]]}?" if near else "; write it as in Europe/Berlin"
    raise ValueError(f"no timezone is called {name!r}{hint}")
