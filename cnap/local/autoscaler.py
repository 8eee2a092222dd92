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
        self._steps: deque[tuple[float, float]] = deque()  # (since, concurrency from then on)
        self._last_busy = -math.inf
        self._panic_until = -math.inf
        self._panic_peak = 0
        self._wanted: deque[tuple[float, int]] = deque()  # for the scale-down delay

    def record(self, now: float, concurrency: float) -> None:
        """Concurrency is this much from `now` on."""
        busy = self._steps and self._steps[-1][1] > 0
        if concurrency > 0 or busy:
            self._last_busy = now
        if not self._steps and concurrency == 0:
            return
        self._steps.append((now, concurrency))
        horizon = now - self.scale.window
        while len(self._steps) > 1 and self._steps[1][0] <= horizon:
            self._steps.popleft()

    def desired(self, now: float, ready: int) -> int:
        """The number of replicas to have at `now`, with `ready` of them ready."""
        scale = self.scale
        per_replica = scale.target * scale.utilization
        stable = math.ceil(self._average(now, scale.window) / per_replica)
        panic = math.ceil(self._average(now, scale.window * scale.panic_window) / per_replica)
        if ready and panic / ready >= scale.panic_threshold:
            self._panic_until = now + scale.window
        if now < self._panic_until:  # in panic, only upwards
            self._panic_peak = max(self._panic_peak, panic, stable)
            wanted = self._panic_peak
        else:
            self._panic_peak = 0
            wanted = stable
        wanted = self._delayed(now, wanted)
        if wanted == 0 and self._awake(now):
            wanted = 1
        if wanted:
            wanted = max(wanted, scale.activation if not ready else 1)
        wanted = max(wanted, scale.minimum)
        return min(wanted, scale.maximum) if scale.maximum else wanted

    def _awake(self, now: float) -> bool:
        if self._steps and self._steps[-1][1] > 0:
            return True
        return now - self._last_busy < self.scale.window + self.scale.retention

    def _delayed(self, now: float, wanted: int) -> int:
        if not self.scale.down_delay:
            return wanted
        self._wanted.append((now, wanted))
        while self._wanted[0][0] < now - self.scale.down_delay:
            self._wanted.popleft()
        return max(count for _, count in self._wanted)

    def _average(self, now: float, window: float) -> float:
        """Time-weighted over the window, or over what has passed since the first request."""
        start = now - window
        total, until = 0.0, now
        for since, concurrency in reversed(self._steps):
            begin = max(since, start)
            total += concurrency * max(0.0, until - begin)
            until = begin
            if since <= start:
                break
        span = now - until
        if span <= 0:
            return self._steps[-1][1] if self._steps else 0.0
        return total / span
