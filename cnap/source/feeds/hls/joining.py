"""HLS segments on one timeline: their clocks begin again, wrap around and jump."""

from collections import deque

import av

from cnap.source.feeds.hls.following import Fetched
from cnap.source.feeds.hls.segment import Segment
from cnap.source.feeds.times import TIME_BASE

WRAP = 1 << 33
"""MPEG-TS: ticks after which times begin again, at 0."""
BACK, AHEAD = -0.5, 10.0
"""Seconds by which a segment may begin beside the end of the one before, and is believed."""
LONGEST_GAP = 3600.0
NEAR, OLDEST = -5.0, 60.0
"""Seconds after the last frame's capture, by the playlist's dates, at which a segment appears; else
the dates are those of another clock, or of another day."""
STEADY = 0.005
"""Seconds: dates are written in milliseconds, and wander."""
SLEW = 0.02
NEWEST = 10
"""Segments of which the one that came soonest says when they were captured."""


class Joining:
    """Puts one segment after the other, and knows when they were captured."""

    def __init__(self, live: bool) -> None:
        self._live = live
        self._shift = 0
        self._end: int | None = None
        self._last: int | None = None
        self._estimates: deque[float] = deque(maxlen=NEWEST)
        self.zero: float | None = None
        self.note = ""

    def add(self, segment: Segment, fetched: Fetched) -> float:
        """Moves the segment's packets; the seconds at which its first one is now."""
        packets = segment.packets
        self._shift = self._placed(segment, fetched)
        for packet in packets:
            self._move(packet)
        self._end = packets[-1].dts + (packets[-1].duration or 1)
        if self._live:
            self._tell(float(packets[0].pts * TIME_BASE), fetched)
        return float(packets[0].dts * TIME_BASE)

    def _placed(self, segment: Segment, fetched: Fetched) -> int:
        first = segment.packets[0]
        if self._end is None:
            return -min(one.dts for one in segment.packets)
        step = first.dts + self._shift - self._end
        if segment.format == "mpegts":
            step = (step + WRAP // 2) % WRAP - WRAP // 2
        far = (AHEAD + fetched.lost) / TIME_BASE
        if fetched.breaks or not BACK / TIME_BASE <= step <= far:
            step = self._gap(first, fetched)
        return self._end + step - first.dts

    def _gap(self, first: av.Packet, fetched: Fetched) -> int:
        """Ticks between two segments whose clocks have nothing to do with each other."""
        gap = fetched.lost
        if self._live and self.zero is not None:
            ahead = float((first.pts - first.dts + self._end) * TIME_BASE)
            gap = self._captured(fetched) - self.zero - ahead
        return round((gap if 0 <= gap <= LONGEST_GAP else 0) / TIME_BASE)

    def _move(self, packet: av.Packet) -> None:
        packet.pts += self._shift
        packet.dts += self._shift
        if self._last is not None:
            packet.dts = max(packet.dts, self._last + 1)
            packet.pts = max(packet.pts, packet.dts)
        self._last = packet.dts

    def _tell(self, start: float, fetched: Fetched) -> None:
        zero = self._captured(fetched) - start
        if self._by_date(fetched):
            if self.zero is None or abs(zero - self.zero) > STEADY:
                self.zero = zero
            self._estimates.clear()
            return
        self._estimates.append(zero)
        if self.zero is None:
            self.zero = zero
        most = SLEW * fetched.piece.seconds
        self.zero += max(-most, min(most, min(self._estimates) - self.zero))

    def _captured(self, fetched: Fetched) -> float:
        """When the first frame was: by the playlist's date, else as if the last frame was captured
        when the segment appeared."""
        if self._by_date(fetched):
            return fetched.piece.date
        return fetched.appeared - fetched.piece.seconds

    def _by_date(self, fetched: Fetched) -> bool:
        date = fetched.piece.date
        if date is None:
            return False
        age = fetched.appeared - date - fetched.piece.seconds
        wrong = not NEAR <= age <= OLDEST
        self.note = f"the playlist's dates are {age:.0f} s behind the time here" if wrong else ""
        return not wrong
