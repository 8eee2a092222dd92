"""A camera's own times, put right: whatever they do, one timeline at the pace of arrival."""

import heapq
from fractions import Fraction

import av

from cnap.source.clock.leastdelay import LeastDelay

EARLY = 1.0
"""Seconds by which a packet may seem to come before it was captured, as drift and jitter make it
seem; more is a clock that jumped."""
WRAPS = (1 << 32, 1 << 33)
"""Ticks after which RTP's and MPEG-TS's clocks begin anew: RFC 3550, 5.1; ISO/IEC 13818-1, 2.4.3.6.
"""
SURE = 3
"""Packets that agree on it, till a clock is taken to have jumped: a single one may be wrong."""
STILL = 25
"""Packets without a usable time of their own, one after the other, till people are told."""
FAR = 4
"""Frames by which a packet comes beside its time, that jitter and reordering do not explain."""
LONGEST_REORDER = 5.0
"""Seconds between decoding and showing a picture that no coder needs."""
LONGEST = 60.0
"""Seconds between frames of the slowest camera."""
USUAL_RATE = 25.0


class CameraTimes:
    """Reads packets' times in ticks of `tick` seconds; `framerate` is what the camera claims."""

    def __init__(self, tick: Fraction, framerate: float, reorder: int) -> None:
        self._tick, self._reorder = tick, reorder
        self._far = FAR * (1 + reorder)
        self.delay = LeastDelay(tick)
        """From when packets should be decoded to when they come."""
        self.shift = 0
        """What is added to the camera's own times."""
        self.jumps = 0
        self.jumped = 0.0
        """Seconds by which its clock jumped last."""
        self.taken = ""
        """Why its times are not used at all, for people."""
        self._claimed = framerate
        self.usual = self._step = max(1, round(1 / (framerate or USUAL_RATE) / tick))
        """Ticks from frame to frame, as seen last."""
        self._early = round(EARLY / tick)
        self._latest = round(LONGEST_REORDER / tick)
        self._last: int | None = None
        self._away: int | None = None
        self._agreed = self._guessed = 0
        self._pace: float | None = None
        self._reference = 0
        self._shown: list[int] = []

    def read(self, packet: av.Packet, arrived: int) -> tuple[int, int]:
        """The times of decoding and of presentation, on a timeline whose decode times rise."""
        dts, pts = packet.dts, packet.pts
        if self._last is None and not self._claimed and packet.duration:
            self.usual = self._step = min(packet.duration, round(LONGEST / self._tick))
        if dts is None and pts is not None:
            dts = self._decoded(pts)
        elif pts is None:
            pts = dts
        time = self._on_timeline(dts, arrived)
        if self._last is not None and self._pace is None:
            step = time - self._last
            self.usual, self._step = min(step, self._step), step  # of which one may be a gap
        self._last = time
        if self.delay.add(arrived, arrived - time) and self.delay.wrong and not self.taken:
            self._give_up("slow" if self.delay.wrong > 0 else "fast")
        return time, time + (self._ahead(pts - dts) if dts is not None else 0)

    def _ahead(self, ticks: int) -> int:
        """For how long a frame waits to be shown; 0 where that is absurd."""
        if ticks < 0:  # it is shown when the clock has begun anew
            ticks = next((ticks + wrap for wrap in WRAPS if ticks + wrap > 0), 0)
        return ticks if ticks <= self._latest else 0

    def _decoded(self, pts: int) -> int:
        """When a packet is decoded that says only when it is shown: as many frames are shown after
        it as the codec may reorder."""
        if not self._shown:
            self._shown = [pts - n * self.usual for n in range(self._reorder, 0, -1)]
        return heapq.heappushpop(self._shown, pts) if self._reorder else pts

    def _on_timeline(self, dts: int | None, arrived: int) -> int:
        last = self._last
        if dts is None or self.taken:
            return self._guess(arrived)
        if last is None:
            return dts
        time = dts + self.shift
        if self._may_be(time, arrived):
            self._away, self._guessed, self._pace = None, 0, None
            return time
        if self._away is not None and self._may_be(dts + self._away, arrived):
            time = dts + self._away
            self._agreed += 1
            if self._agreed >= SURE:
                self._move(self._away)
                self._guessed, self._pace = 0, None
            return time
        for wrap in WRAPS:
            if self._may_be(time + wrap, arrived) and time + wrap - last < self._early:
                self.shift += wrap
                return time + wrap
        time = self._guess(arrived)
        self._away, self._agreed = time - dts, 1
        return time

    def _may_be(self, time: int, arrived: int) -> bool:
        """Whether a packet that has come may have this time."""
        return time > self._last and arrived - time >= self.delay.ticks - self._early

    def _move(self, shift: int) -> None:
        self.jumped = float((self.shift - shift) * self._tick)
        self.jumps += 1
        self.shift, self._away = shift, None

    def _guess(self, arrived: int) -> int:
        """By arrival and the camera's usual pace."""
        self._guessed += 1
        if self._guessed == STILL and not self.taken:
            self.taken = "the camera gives no times of its own"
        if self._last is None:
            return 0
        if self._pace is None:
            self._pace = float(self.usual)
            self._reference = self.delay.ticks
        expected = self._last + self._pace
        off = arrived - self._reference - expected
        if abs(off) > self._far * self._pace:  # some are missing, or come in a heap
            return max(self._last + 1, arrived - self._reference)
        self._pace = max(1.0, self._pace + off / 64)
        return max(self._last + 1, round(expected + off / 8))

    def _give_up(self, pace: str) -> None:
        """Packets are taken as they come from now on."""
        self.taken, self._pace = f"the camera's clock runs too {pace}", None

    def rescale(self, ratio: Fraction) -> None:
        """From now on ticks are another unit, of which `ratio` make an old one."""
        for name in ("shift", "usual", "_step", "_early", "_latest", "_last", "_reference"):
            value = getattr(self, name)
            setattr(self, name, None if value is None else round(value * ratio))
        self._tick, self._away, self._pace, self._shown = self._tick / ratio, None, None, []
        self.delay.rescale(ratio)
