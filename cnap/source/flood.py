"""Cameras that send more than any camera should: held to what leaves room for the others."""

import math
import time
from collections.abc import Callable

PACKETS, BYTES = 500.0, 64e6
"""A second: 500 frames, or 512 Mbit/s."""
BURST = 2.0
"""Seconds of that which may come at once, as after a hiccup of the network."""


class Flood:
    """Lets a stream's packets pass, at the limits on average (by the generic cell rate algorithm of
    ITU-T I.371). After one that is over them none passes until a key frame comes and the limits
    have room again, since nothing between could be decoded."""

    def __init__(
        self,
        packets: float = PACKETS,
        size: float = BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._packet, self._byte, self._clock = 1 / packets, 1 / size, clock
        self._packets, self._limit = packets, f"{packets:g} packets/s, {size / 1e6:g} MB/s"
        self._due_packets = self._due_bytes = float("-inf")
        self._since, self._seen, self._size = clock(), 0, 0
        self._over = False

    def passes(self, size: int, key: bool) -> bool:
        """Whether a packet of that many bytes may pass."""
        now = self._clock()
        earliest = now - BURST
        if self._due_packets <= earliest and self._due_bytes <= earliest and not self._over:
            self._since, self._seen, self._size = now, 0, 0
        self._seen += 1
        self._size += size
        due_packets = max(self._due_packets, earliest) + self._packet
        due_bytes = max(self._due_bytes, earliest) + size * self._byte
        room = now - BURST / 2 if self._over else now
        if (self._over and not key) or max(due_packets, due_bytes) > room:
            self._over = True
            return False
        self._over = False
        self._due_packets, self._due_bytes = due_packets, due_bytes
        return True

    @property
    def pause(self) -> float:
        """Seconds for which not to read on after a packet that did not pass: reading costs, too."""
        return 0.5 * self._packet

    @property
    def words(self) -> str:
        """What people are told of it."""
        passed = max(self._clock() - self._since, 0.1)
        packets, megabytes = _about(self._seen / passed), _about(self._size / passed / 1e6)
        sent = f"about {packets:g} packets/s, {megabytes:g} MB/s"
        return f"the camera sends {sent}: held to {self._limit}"


def _about(number: float) -> float:
    """1, 2 or 5 with noughts: what people are told is not to change each second."""
    ten = 10 ** math.floor(math.log10(max(number, 1e-3)))
    return float(f"{max(step for step in (1, 2, 5) if step <= number / ten or step == 1) * ten:g}")
