"""What became of the frames of one epoch, as far as the source knows."""

import threading

from cnap.cameras import Camera
from cnap.events.attributes import rfc3339
from cnap.events.state import StreamState
from cnap.source.condition import Condition


class Totals:
    """captured = settled + dropped + outstanding, at every moment. Safe to use from several
    threads."""

    def __init__(self, camera: Camera, epoch: int, framerate: float = 0.0) -> None:
        self.epoch, self.framerate = epoch, framerate
        self._camera = camera
        self._lock = threading.Lock()
        self._captured = self._settled = 0
        self._dropped: dict[str, int] = {}
        self._revision = 0
        self._told: StreamState | None = None

    def capture(self, frames: int) -> int:
        """Counts frames as captured; returns how many that makes."""
        with self._lock:
            self._captured += frames
            return self._captured

    def settle(self, frames: int) -> None:
        """The pipeline has taken the frames, and counts their outcome; or nobody wants one."""
        with self._lock:
            self._settled += frames

    def drop(self, reason: str, frames: int) -> None:
        """The source itself leaves them out."""
        if frames:
            with self._lock:
                self._dropped[reason] = self._dropped.get(reason, 0) + frames

    def give_up(self) -> None:
        """Nobody waits for what is outstanding any more: without an outcome it is interrupted."""
        with self._lock:
            self._settled += self._left()

    @property
    def outstanding(self) -> int:
        """Frames that wait here or are on their way, and whose outcome nobody else counts yet."""
        with self._lock:
            return self._left()

    def news(self, reading: bool) -> bool:
        """Whether the ledger lacks something that no later segment will bring: frames that were
        dropped or, when nothing is read any more (`reading`), the last of the others."""
        with self._lock:
            told = self._told
            if told is None or dict(told.dropped) != self._dropped:
                return True
            now = (self._captured, self._left() > 0)
            return not reading and now != (told.captured, told.outstanding > 0)

    def told(self, condition: Condition) -> StreamState:
        """All of it, for an event; each call is a newer revision."""
        with self._lock:
            self._revision += 1
            self._told = StreamState(
                stream=self._camera.name,
                epoch=self.epoch,
                state=condition.state,
                reason=condition.reason,
                since=rfc3339(condition.since),
                models=self._camera.models,
                captured=self._captured,
                outstanding=self._left(),
                dropped=dict(self._dropped),
                revision=self._revision,
                framerate=round(self.framerate, 3),
                nexttry=condition.nexttry and rfc3339(condition.nexttry),
                retryevery=round(condition.retryevery, 3),
            )
            return self._told

    def _left(self) -> int:
        return self._captured - self._settled - sum(self._dropped.values())
