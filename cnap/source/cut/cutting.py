"""One camera's segments, also where its video goes on with other parameters."""

from collections.abc import Iterator

import av

from cnap.source.cut.cutter import Cut, Cutter

LONGEST = 30.0
"""Seconds of video to be decoded, at most, to show a segment."""
PATIENCE = 12.0
"""Seconds for which a first key frame is waited for; cameras that refresh pictures bit by bit may
have none."""


class Cutting:
    """Cuts packets of one epoch, whose times are right, into segments of `seconds` at least. What
    comes before the first key frame is left out: no decoder can begin with it.

    Where `packet.stream` is another one than before (the next film of a folder, a camera that was
    told to send another picture), a GOP ends, and sequence and timeline go on.
    """

    def __init__(self, seconds: float = 1.0, eager: bool = False) -> None:
        """`eager`: segments of what is live end as early as can be; see Cutter."""
        self._seconds, self._eager = seconds, eager
        self._stream: av.VideoStream | None = None
        self._cutter: Cutter | None = None
        self._sequence = 0
        self._waiting: int | None = None
        self._blind = self._unsure = False

    @property
    def begun(self) -> bool:
        """Whether the last packet is one of a segment: not, before the first key frame."""
        return self._cutter is not None

    @property
    def note(self) -> str:
        """What is odd about the camera's key frames, for people, else empty."""
        if self._unsure:
            return f"no key frame for {LONGEST:g} s: pictures are wrong where decoding begins anew"
        if self._blind:
            return "no key frame to begin with: the first pictures are wrong"
        return ""

    def feed(self, packet: av.Packet) -> Iterator[Cut]:
        """Takes a packet; gives the segments that ended before it."""
        if packet.stream is not self._stream:
            yield from self.end()
            self._stream, self._waiting = packet.stream, packet.dts
        if self._cutter is None and self._may_begin(packet):
            self._blind = not packet.is_keyframe
            self._cutter = Cutter(
                self._stream, self._seconds, self._sequence, None, LONGEST, self._eager
            )
        if self._cutter is not None:
            for cut in self._cutter.feed(packet):
                self._unsure = not cut.sure
                self._blind &= not cut.gopend
                yield cut

    def end(self) -> Iterator[Cut]:
        """The last segment."""
        if self._cutter is not None:
            yield from self._cutter.end()
            self._sequence, self._cutter = self._cutter.sequence, None

    def _may_begin(self, packet: av.Packet) -> bool:
        waited = (packet.dts - self._waiting) * self._stream.time_base
        return packet.is_keyframe or waited > PATIENCE
