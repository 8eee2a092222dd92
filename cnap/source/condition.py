"""How a stream is: its state with the reason, since when, and when its camera is tried again."""

from datetime import datetime
from typing import NamedTuple

LONGEST = 500
"""Characters of a reason, as the event's schema has it."""


class Finding(NamedTuple):
    """What was found when somebody looked."""

    state: str
    reason: str = ""
    nexttry: datetime | str = ""
    """An instant, or empty where nothing waits."""


class Condition:
    """What was found last, and since when that state holds."""

    def __init__(self, now: datetime) -> None:
        self.found, self.since = Finding("connecting"), now

    @property
    def state(self) -> str:
        return self.found.state

    @property
    def reason(self) -> str:
        return self.found.reason[:LONGEST]

    @property
    def nexttry(self) -> datetime | str:
        return self.found.nexttry

    def find(self, found: Finding, now: datetime) -> None:
        if found.state != self.state:
            self.since = now
        self.found = found
