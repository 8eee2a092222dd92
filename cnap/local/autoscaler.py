"""How many replicas a Service should have: Knative's concurrency autoscaler (KPA)."""

import math
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A revision's scaling settings; durations in seconds.

    `target` is the concurrency a replica should have at 100 % utilization; `maximum` 0 means
    no limit.
    """

    minimum: int = 0
    maximum: int = 0
    initial: int = 0
    activation: int = 1
    target: float = 100.0
    utilization: float = 0.7
    window: float = 60.0
    down_delay: float = 0.0
    retention: float = 0.0
    panic_window: float = 0.1
    panic_threshold: float = 2.0


class Autoscaler:
    """Averages concurrency over a stable and a panic window, as the KPA does.

    Times are seconds of any monotonic clock, and are given by the caller.
    """

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self._concurrency = 0.0
        self._first = -math.inf  # the first request since it was last idle for a whole window
        self._last = -math.inf  # up to here the buckets are filled
        self._last_busy = -math.inf
        # Concurrency times seconds, in pieces of time of which a panic window has ten.
        self._grain = scale.window * scale.panic_window / 10
        self._buckets: deque[list[float]] = deque()  # [number, area]
        self._panic_until = -math.inf
        self._panic_peak = 0
        self._wanted: deque[tuple[float, int]] = deque()  # for the scale-down delay

    def record(self, now: float, concurrency: float) -> None:
        """Concurrency is this much from `now` on."""
        if now - self._last_busy > self.scale.window and not self._concurrency:
            self._first = now
        self._advance(now)
        self._concurrency = concurrency
        if concurrency:
            self._last_busy = now

    def begin(self, now: float) -> None:
        """Replicas of the initial scale start now: they have a window's time to be needed."""
        self._last_busy = now

    def desired(self, now: float, ready: int) -> int:
        """The number of replicas to have at `now`, with `ready` of them ready."""
        self._advance(now)
        scale = self.scale
        stable = self._needed(now, scale.window)
        panic = self._needed(now, scale.window * scale.panic_window)
        if ready and panic / ready >= scale.panic_threshold:
            self._panic_until = now + scale.window
        if now < self._panic_until:  # in panic, only upwards
            self._panic_peak = max(self._panic_peak, panic, stable)
            wanted = self._panic_peak
        else:
            self._panic_peak = 0
            wanted = stable
        if not wanted and now - self._last_busy < scale.window + scale.retention:
            wanted = 1
        wanted = self._delayed(now, wanted)
        if wanted and not ready:
            wanted = max(wanted, scale.activation)
        wanted = max(wanted, scale.minimum)
        return min(wanted, scale.maximum) if scale.maximum else wanted

    def _needed(self, now: float, window: float) -> int:
        per_replica = self.scale.target * self.scale.utilization
        return math.ceil(self._average(now, window) / per_replica - 1e-6)

    def _average(self, now: float, window: float) -> float:
        """Over the window, or over what has passed of it since the first request."""
        start = max(now - window, self._first)
        if now <= start:
            return self._concurrency
        grain, area = self._grain, 0.0
        for number, piece in reversed(self._buckets):
            inside = min(1.0, number + 1 - start / grain)  # the oldest counts in part
            if inside <= 0:
                break
            area += piece * inside
        return area / (now - start)

    def _advance(self, now: float) -> None:
        """Fills the buckets up to `now`."""
        oldest = now - self.scale.window
        if self._concurrency:
            self._last_busy = now
            at = max(self._last, oldest)
            while at < now:
                number = math.floor(at / self._grain)
                end = min(now, (number + 1) * self._grain)
                if end <= at:  # rounding
                    number, end = number + 1, min(now, (number + 2) * self._grain)
                if not self._buckets or self._buckets[-1][0] != number:
                    self._buckets.append([number, 0.0])
                self._buckets[-1][1] += self._concurrency * (end - at)
                at = end
        self._last = now
        while self._buckets and (self._buckets[0][0] + 1) * self._grain < oldest:
            self._buckets.popleft()

    def _delayed(self, now: float, wanted: int) -> int:
        """The highest wish of the scale-down delay."""
        if not self.scale.down_delay:
            return wanted
        self._wanted.append((now, wanted))
        while self._wanted[0][0] < now - self.scale.down_delay:
            self._wanted.popleft()
        return max(count for _, count in self._wanted)
