"""Which frames of a GOP each of its segments accounts for, by the packets alone."""

import av

from cnap.demuxer import shows


class GopFrames:
    """Counts one GOP's packets in decode order. A decoder holds back as many frames as the codec
    may reorder (`reorder`), until the GOP ends.

    Edit lists hide frames at a GOP's beginning or end, in display order. The first are as if an
    earlier event had accounted for them; so a segment ends with a hidden packet (`parts`), and
    what is hidden at its end is held back for ever.
    """

    def __init__(self, reorder: int) -> None:
        self._reorder = reorder
        self._coded = self._before = self._after = 0
        self._passed = self._counted = 0
        self._last: int | None = None
        self._hidden = False

    @property
    def coded(self) -> int:
        return self._coded

    def parts(self, packet: av.Packet) -> bool:
        """Whether a segment ends before this packet, since it follows hidden ones."""
        return self._hidden and not packet.is_discard

    def add(self, packet: av.Packet, codec: str) -> None:
        if not shows(packet, codec):
            return
        self._coded += 1
        self._hidden = packet.is_discard and (self._last is None or packet.pts < self._last)
        if self._hidden:
            self._before += 1
        elif packet.is_discard:
            self._after += 1
        else:
            self._last = packet.pts if self._last is None else max(self._last, packet.pts)

    def cut(self, gopend: bool) -> int:
        """Ends a segment: the frames that its event accounts for."""
        passed = self._coded - self._after
        if not gopend:
            passed = min(passed, self._coded - self._reorder)
        self._passed = max(passed, self._before + self._counted)
        framecount = self._passed - self._before - self._counted
        self._counted += framecount
        return framecount

    @property
    def heldback(self) -> int:
        """Frames coded so far that no event has accounted for."""
        return self._coded - self._passed
