"""Five-field cron schedules."""

from datetime import datetime, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_HORIZON_DAYS = 366 * 8  # the longest way to a 29 February


class Schedule:
    """When a cron line is due. Raises ValueError for a line that is none, or never due."""

    def __init__(self, line: str) -> None:
        fields = _SHORTHANDS.get(line.strip(), line).split()
        if len(fields) != 5:
            raise ValueError(f"{line!r} is not a schedule of five fields such as */5 * * * *")
        self._minutes = _values(fields[0], 0, 59)
        self._hours = _values(fields[1], 0, 23)
        self._days = _values(fields[2], 1, 31)
        self._months = _values(fields[3], 1, 12, _MONTHS)
        self._weekdays = {day % 7 for day in _values(fields[4], 0, 7, _DAYS)}
        # cron: when both are restricted, either may match
        self._either = not fields[2].startswith(("*", "?")) and not fields[4].startswith(("*", "?"))
        self.after(datetime(2000, 1, 1))

    def after(self, moment: datetime) -> datetime:
        """The first time due after `moment`, in its time zone."""
        start = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = start
        for _ in range(_HORIZON_DAYS):
            if self._due_on(day):
                for hour in sorted(self._hours):
                    for minute in sorted(self._minutes):
                        due = day.replace(hour=hour, minute=minute)
                        if due >= start:
                            return due
            day = (day + timedelta(days=1)).replace(hour=0, minute=0)
        raise ValueError("this schedule is never due")

    def _due_on(self, day: datetime) -> bool:
        if day.month not in self._months:
            return False
        by_date, by_weekday = day.day in self._days, day.isoweekday() % 7 in self._weekdays
        return (by_date or by_weekday) if self._either else (by_date and by_weekday)


def _values(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> set[int]:
    values: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            start, end = low, high
        else:
            start = _number(first, low, names)
            end = _number(last, low, names) if dash else (high if step else start)
        every = int(step or 1)
        if not low <= start <= end <= high or every < 1:
            raise ValueError(f"{part!r} is not within {low} to {high}")
        values.update(range(start, end + 1, every))
    return values


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    return names.index(text) + low if text in names else int(text)
