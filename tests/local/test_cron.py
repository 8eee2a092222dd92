from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cnap.local.cron import Schedule

NOW = datetime(2026, 5, 1, 8, 30, 20, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("line", "due"),
    [
        ("* * * * *", (2026, 5, 1, 8, 31)),
        ("*/15 * * * *", (2026, 5, 1, 8, 45)),
        ("30 8 * * *", (2026, 5, 2, 8, 30)),
        ("0 9-17/4 * * *", (2026, 5, 1, 9, 0)),
        ("5,40 8 * * *", (2026, 5, 1, 8, 40)),
        ("0 0 1 jan *", (2027, 1, 1, 0, 0)),
        ("0 0 * * mon-tue", (2026, 5, 4, 0, 0)),
        ("0 0 * * 7", (2026, 5, 3, 0, 0)),
        ("0 0 10 * sun", (2026, 5, 3, 0, 0)),
        ("0 0 29 2 *", (2028, 2, 29, 0, 0)),
        ("@hourly", (2026, 5, 1, 9, 0)),
        ("@yearly", (2027, 1, 1, 0, 0)),
    ],
)
def test_due(line, due):
    assert Schedule(line).after(NOW) == datetime(*due, tzinfo=UTC)


def test_time_zone():
    berlin = ZoneInfo("Europe/Berlin")
    due = Schedule("0 11 * * *").after(NOW.astimezone(berlin))
    assert due.astimezone(UTC) == datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "line", ["", "* * * *", "* * * * * *", "60 * * * *", "* 5-2 * * *", "*/0 * * * *", "x * * * *"]
)
def test_what_is_no_schedule(line):
    with pytest.raises(ValueError):
        Schedule(line)


def test_never_due():
    with pytest.raises(ValueError, match="never due"):
        Schedule("0 0 31 2 *")
