"""How a stream is: its state with the reason, since when, and when its camera is tried again."""

from datetime import datetime
from typing import NamedTuple

LONGEST = 500
"""Characters of a reason, as the event's schema has it."""
SAME = 1.0
"""Seconds by which this machine's clock may have been set, that no event is due for."""


class Finding(NamedTuple):
    """What was found when somebody looked."""

    state: str
    reason: str = ""
    nexttry: datetime | str = ""
    """An instant, or empty where nothing waits."""
    retryevery: float = 0.0
    """Seconds from that to the try after it, and so on; 0 where the next one is told anew."""

    def follows(self, earlier: "Finding | None") -> bool:
        """Whether it says nothing that could not be known from an earlier one."""
        if not earlier or not self.retryevery or earlier[:2] != self[:2]:
            return False
        if earlier.retryevery != self.retryevery:
            return False
        apart = (self.nexttry - earlier.nexttry).total_seconds() % self.retryevery
        return min(apart, self.retryevery - apart) < SAME

    def tried(self) -> "Finding":
        """While the camera is being tried again; no news where that is so at equal intervals."""
        if self.retryevery or not self.nexttry:
            return self
        return self._replace(reason=f"{self.reason}; being tried again now", nexttry="")


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

    @property
    def retryevery(self) -> float:
        return self.found.retryevery

    def find(self, found: Finding, now: datetime) -> None:
        if found.state != self.state:
            self.since = now
        self.found = found
