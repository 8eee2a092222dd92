"""When a camera is read, and by which thread: one that hangs is left behind for another."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cnap.cameras import Camera
from cnap.source.condition import Finding
from cnap.source.reader import Reader

HANGS, MOST_HANGING = 60.0, 3
"""Seconds without a sign, after which a reader is taken to hang for ever, and how many of a camera
may, till no other is begun."""
RECKONED = timedelta(minutes=10)
"""How long what a schedule says is believed, at most: clocks may be set."""


class Reading:
    """`make` makes a reader of the camera. `hanging` are earlier readers of it, which were told to
    stop; whoever reads it next goes on with that list."""

    def __init__(
        self, camera: Camera, make: Callable[[], Reader], hanging: list[Reader] | None
    ) -> None:
        self._camera, self._make = camera, make
        self.hanging = [] if hanging is None else hanging
        self.reader: Reader | None = None
        self._reckoned = datetime.min.replace(tzinfo=UTC)
        self._open, self._shift = True, None

    def follow(self, paused: bool, longest: float) -> Finding | None:
        """Begins or ends to read, as it should be now; returns why the camera is not read.
        `longest` is for how many seconds its frames may be apart."""
        now = datetime.now(UTC)
        self._reckon(now)
        why = Finding("paused") if paused else None
        if not paused and not self._open:
            then = f", next at {self._shift.astimezone():%a %H:%M}" if self._shift else ""
            why = Finding("paused", f"outside its schedule{then}", self._shift or "")
        if self.reader and (why or self._hangs(self.reader, longest)):
            self.end()
        if why is None and self.reader is None:
            why = self._begin()
        return why

    def end(self) -> None:
        """Tells the reader to stop, and goes on without it."""
        if self.reader:
            self.reader.stop()
            self.hanging.append(self.reader)
            self.reader = None

    def _begin(self) -> Finding | None:
        self.hanging[:] = [reader for reader in self.hanging if reader.alive]
        if len(self.hanging) >= MOST_HANGING:
            return Finding("offline", f"{MOST_HANGING} earlier connections to the camera hang")
        self.reader = self._make()
        self.reader.start()
        return None

    def _reckon(self, now: datetime) -> None:
        schedule = self._camera.schedule
        known = (
            self._reckoned <= now < min(self._shift or now + RECKONED, self._reckoned + RECKONED)
        )
        if schedule and not known:
            self._reckoned = now
            self._open, self._shift = schedule.open(now), schedule.next(now)

    def _hangs(self, reader: Reader, longest: float) -> bool:
        now = time.monotonic()
        if reader.opened is None:
            return reader.alive and not reader.failure and now - reader.began > HANGS
        silent = now - max(reader.came, reader.rests, reader.opened)
        return reader.live and not reader.waits and silent > max(HANGS, 5 * longest)
