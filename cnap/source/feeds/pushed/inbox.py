"""What was uploaded for one stream and not yet read, on one timeline; more than that is refused."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from cnap.errors import Busy, CnapError
from cnap.source.feeds.pushed.upload import Upload
from cnap.source.feeds.times import TIME_BASE

MOST = 8
"""Uploads that wait."""
MOST_BYTES = 32 << 20
RATE, BURST = 30.0, 60.0
"""Uploads a second: as many as a camera has pictures, and some at once."""
AHEAD = 2.0
"""Seconds by which video may be ahead of the clock: who sends a film is paced by it."""
EXACT = 0.25
"""Seconds by which a told capture time may miss the end of what came before, and follows it."""
LATE = 1.0
"""The same, where nothing is told and the network decides when an upload comes."""


class Later(Busy):
    """`after` is in how many seconds it may be tried again."""

    def __init__(self, words: str, after: float) -> None:
        super().__init__(words)
        self.after = math.ceil(max(after, 1))


class Stale(CnapError):
    """Video of another time than now, or of a time that there is video of already."""

    status = 409


class Inbox:
    """Filled by one thread and emptied by another. `fresh` is the age, in seconds, at which video
    is of no use."""

    def __init__(self, fresh: float = 20.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._fresh, self._clock = fresh, clock
        # The wall's clock may jump; who reads the stream sees to that, and opens another inbox.
        self._wall = time.time() - clock()
        self._uploads: deque[Upload] = deque()
        self._news = threading.Condition()
        self._closed = False
        self._allowed, self._counted = BURST, clock()
        self._begun = False
        self._end = 0.0
        self.zero = 0.0
        """Unix seconds of time 0 of the uploads' timeline, from the first one on."""

    def check(self) -> None:
        """Raises Later where no upload may come just now."""
        now = self._clock()
        self._allowed = min(BURST, self._allowed + (now - self._counted) * RATE)
        self._counted = now
        if self._allowed < 1:
            raise Later(f"more than {RATE:g} uploads a second: send longer ones, less often", 1)
        if self.waiting:
            raise Later("the uploads before this one are still being read", 1)
        self._allowed -= 1

    @property
    def waiting(self) -> bool:
        """Whether there are as many uploads as may wait."""
        uploads = list(self._uploads)
        return len(uploads) >= MOST or sum(one.size for one in uploads) >= MOST_BYTES

    def put(self, upload: Upload, captured: float | None = None) -> int:
        """`captured` is when its first picture was taken, in unix seconds; without it, its last one
        was taken when it came. Gives how many of its frames are taken: those before its first key
        frame are not. Raises Later, BadMedia or Stale."""
        skipped = upload.skip_to_key()
        if captured is not None:
            captured += skipped
        start = self._start(upload.seconds, captured, upload.still)
        with self._news:
            if self._closed:
                raise Later("the stream begins anew", 1)
            if not self._begun:
                self.zero = start
            self._begun, self._end = True, start + upload.seconds
            upload.move(round((start - self.zero) / TIME_BASE))
            frames = upload.frames  # who takes it may change it
            self._uploads.append(upload)
            self._news.notify()
        return frames

    def take(self, seconds: float) -> Upload | None:
        """The next upload; None where none comes in that time, or it is closed."""
        with self._news:
            self._news.wait_for(lambda: self._uploads or self._closed, seconds)
            return self._uploads.popleft() if self._uploads and not self._closed else None

    def rest(self, seconds: float) -> bool:
        """Whether it is closed, at the latest after that time."""
        with self._news:
            return self._news.wait_for(lambda: self._closed, max(0.0, seconds))

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """What was not read is given up."""
        with self._news:
            self._closed = True
            while self._uploads:
                self._uploads.popleft().close()
            self._news.notify_all()

    def _start(self, seconds: float, captured: float | None, still: bool) -> float:
        """When its first picture was taken, in unix seconds."""
        now = self._clock() + self._wall
        start = now - seconds if captured is None else captured
        if start + seconds > now + AHEAD:
            raise Stale(
                f"the upload ends {start + seconds - now:.1f} s in the future: set the clock that "
                "Cnap-Captured is told by, or leave it out"
            )
        if start + seconds < now - self._fresh:
            raise Stale(
                f"the upload is {_duration(now - start - seconds)} old, and video older than "
                f"{self._fresh:g} s is not looked at"
            )
        if not self._begun:
            return start
        if captured is not None and start < self._end - EXACT:
            raise Stale(
                f"the upload begins {self._end - start:.1f} s before the end of what came before it"
            )
        if still:
            return max(start, self._end + 0.001)
        if start - self._end > (LATE if captured is None else EXACT):
            return start
        if self._end + seconds > now + AHEAD:
            raise Later("video comes faster than time goes by", self._end + seconds - now - AHEAD)
        return self._end


def _duration(seconds: float) -> str:
    """In a unit that people count in."""
    for unit, length in (("years", 31557600), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
