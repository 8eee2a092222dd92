"""From which segment of a GOP a decoder may begin, to show a later one."""

from collections import deque

import av

from cnap.source.cut.keyframes import KeyFrames


class _Point:
    """A place where a decoder can begin, and what it must have seen until its pictures are right:
    so many frames that others refer to, then so many that are shown after all of those."""

    def __init__(self, sequence: int, shown: int, references: int, later: int) -> None:
        self.sequence, self._shown = sequence, shown
        self._references, self._later = references, later

    @property
    def reached(self) -> bool:
        return self._later <= 0

    def pass_by(self, packet: av.Packet, keys: KeyFrames) -> None:
        if self._references:
            if keys.is_referred_to(packet):
                self._references -= 1
                self._shown = max(self._shown, packet.pts)
        elif packet.pts > self._shown:
            self._later -= 1


class Refresh:
    """Follows one GOP, segment by segment. Within it there may be recovery points, as with intra
    refresh and open GOPs. Where there are none for `longest` ticks, a decoder has to begin
    anywhere, and its pictures may be wrong."""

    def __init__(self, keys: KeyFrames, reorder: int, longest: float) -> None:
        self._keys, self._longest = keys, longest
        self._later = reorder + 1  # so that none of the frames held back is shown earlier
        self._segments: deque[tuple[int, int]] = deque()
        """Each with the ticks before it; the first is where a decoder may begin."""
        self._points: list[_Point] = []
        self._noted = -1
        self._sure, self._hidden, self._begins = True, False, False

    def begin(self, sequence: int, before: int) -> tuple[int, bool]:
        """A segment begins, with so many ticks of video before it in the GOP: the segment from
        which a decoder may begin for it, and whether its pictures are right then."""
        self._begins = True
        self._segments.append((sequence, before))
        reached = max((one.sequence for one in self._points if one.reached), default=-1)
        if reached >= self._segments[0][0] and not self._hidden:
            self._sure = True
            while self._segments[0][0] < reached:
                self._segments.popleft()
        while before - self._segments[0][1] > self._longest and not self._hidden:
            self._segments.popleft()
            self._sure = False
        least = max(reached + 1, self._segments[0][0])
        self._points = [one for one in self._points if one.sequence >= least]
        return self._segments[0][0], self._sure

    def add(self, packet: av.Packet, sequence: int) -> None:
        """A packet of the segment that goes on."""
        first, self._begins = self._begins, False
        self._hidden |= packet.is_discard  # such frames are held back in ways of their own
        for point in self._points:
            point.pass_by(packet, self._keys)
        if (self._sure and sequence == self._segments[0][0]) or self._noted == sequence:
            return
        references = self._keys.refreshed_after(packet)
        if references is not None:
            # FFmpeg loses a first picture that refers to others, if by chance its number is 0.
            earlier = sequence - bool(references and first)
            self._noted = sequence
            self._points.append(_Point(earlier, packet.pts, references, self._later))
