"""Time that passes only when a test says so."""

import threading
from collections.abc import Callable


class Clock:
    """In place of the module `time`. It is wrong by `wrong` seconds, as a machine's own may be."""

    def __init__(self, now: float) -> None:
        self.now, self.wrong = now, 0.0
        self.asked = 0
        """How often perf_counter has been called."""
        self._asking = threading.Condition()

    def time(self) -> float:
        return self.now + self.wrong

    def time_ns(self) -> int:
        return round(self.time() * 1e9)

    def perf_counter(self) -> float:
        with self._asking:
            self.asked += 1
            self._asking.notify_all()
        return self.now

    def monotonic(self) -> float:
        return self.now

    def wait_for(self, asked: int) -> None:
        """Till perf_counter has been called so often."""
        with self._asking:
            assert self._asking.wait_for(lambda: self.asked >= asked, 20)

    def taking(self, seconds: float, work: Callable) -> Callable:
        """The same work, which takes so long."""

        def slow(*arguments: object) -> object:
            self.now += seconds
            return work(*arguments)

        return slow
