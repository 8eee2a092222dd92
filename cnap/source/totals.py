"""What a source knows of its own stream: its state, and where each captured frame is."""

import threading
from datetime import UTC, datetime

from cnap.cameras import Camera
from cnap.events.attributes import rfc3339
from cnap.events.state import StreamState

LONGEST = 500
"""Characters of a reason, as the event's schema has it."""


class Totals:
    """One epoch's counts and the stream's state. Safe to use from several threads."""

    def __init__(self, camera: Camera, epoch: int, framerate: float) -> None:
        self.epoch = epoch
        self._camera, self._framerate = camera, framerate
        self._lock = threading.Lock()
        self._captured = 0
        self._outstanding: dict[int, int] = {}
        self._dropped: dict[str, int] = {}
        self._state, self._reason, self._since = "connecting", "", datetime.now(UTC)
        self._revision = 0
        self.changed = True
        """Whether there is something that `told` has not given yet."""

    def capture(self, frames: int) -> int:
        """Counts frames as captured; returns how many that makes."""
        with self._lock:
            self._captured += frames
            return self._captured

    def send(self, sequence: int, frames: int) -> None:
        with self._lock:
            self._outstanding[sequence] = frames

    def settle(self, sequence: int) -> None:
        """The pipeline has taken the segment: its outcome is counted there."""
        with self._lock:
            self._outstanding.pop(sequence, None)

    def give_up(self) -> None:
        """Nobody waits for what is outstanding any more: without an outcome it is interrupted."""
        with self._lock:
            self._outstanding.clear()

    def drop(self, reason: str, frames: int) -> None:
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + frames
            self.changed = True

    @property
    def outstanding(self) -> int:
        """Segments sent whose outcome is not known yet."""
        return len(self._outstanding)

    @property
    def oldest(self) -> int | None:
        """The first segment that is outstanding."""
        with self._lock:
            return min(self._outstanding, default=None)

    def say(self, state: str, reason: str = "") -> bool:
        """Takes a state with its reason; returns whether people should be told at once: of another
        state, or of another reason to fail, since no segment comes with which to tell it."""
        reason = reason[:LONGEST]
        with self._lock:
            changed = (state, reason) != (self._state, self._reason)
            another = state != self._state
            self.changed |= changed
            if another:
                self._since = datetime.now(UTC)
            self._state, self._reason = state, reason
            return another or (changed and state in ("offline", "misconfigured"))

    def told(self) -> StreamState:
        """All of it, for an event; each call is a newer revision."""
        with self._lock:
            self._revision += 1
            self.changed = False
            return StreamState(
                stream=self._camera.name,
                epoch=self.epoch,
                state=self._state,
                reason=self._reason,
                since=rfc3339(self._since),
                models=self._camera.models,
                captured=self._captured,
                outstanding=sum(self._outstanding.values()),
                dropped=dict(self._dropped),
                revision=self._revision,
                framerate=round(self._framerate, 3),
            )
