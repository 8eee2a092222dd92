"""Cuts a coded video stream into segments of about a second, without re-encoding.

Each segment is an MP4 with an init section and one fragment, on the stream's own timeline. It ends
where every frame coded so far is shown before the next one, so it need not end at a key frame.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av

from cnap.events.attributes import MAX_FRAMES
from cnap.source.cut.gopframes import GopFrames
from cnap.source.cut.keyframes import KeyFrames
from cnap.source.cut.muxer import Muxed, Muxer
from cnap.source.cut.refresh import Refresh

MAX_BYTES = 32 << 20
ROUNDING = Fraction(1, 1000)
SLOWEST = 0.1
"""Seconds that a frame counts for at most, in what has to be decoded for a later one."""


@dataclass(frozen=True)
class Cut:
    """One segment. Times are seconds on the stream's timeline, which starts at 0."""

    media: bytes | Muxed
    start: Fraction
    duration: Fraction
    gopstart: int
    gopend: bool
    heldback: int
    framecount: int
    sequence: int
    datacontenttype: str = "video/mp4"
    decodefrom: int = 0
    """The segment from which a decoder may begin for this one, where that is after `gopstart`."""
    sure: bool = True
    """Whether this one's pictures are right then."""
    size: int = 0
    """Bytes of coded video."""

    @property
    def data(self) -> bytes:
        """Its bytes, muxed when they are first asked for, in whatever thread that is. Raises
        BadMedia where the packets can't be muxed."""
        return bytes(self.media)


class Cutter:
    """Takes one stream's packets in decode order. `seconds` is how long a segment is at least,
    where no GOP ends before; GOPs of less than half of it share a segment.

    `sequence` is the first segment's, and `start` (seconds) where its timeline begins: a stream
    made of several files goes on with both. Without a `start`, packets' times stay as they are.

    `longest` is how many seconds of video, at most, a decoder which lacks the ones before has to
    decode for a segment: key frames further apart leave it with pictures that may be wrong.

    Where `eager`, and where frames are not reordered, a segment doesn't wait for the frame after it
    to be known as long enough: it ends with the frame that is followed, at the pace of the last
    two, by one that is to begin the next.
    """

    def __init__(
        self,
        stream: av.VideoStream,
        seconds: float = 1.0,
        sequence: int = 0,
        start: Fraction | None = Fraction(0),
        longest: float = math.inf,
        eager: bool = False,
    ) -> None:
        codec = stream.codec_context
        self._codec = codec.name
        self._muxer = Muxer(stream)
        self._keys = KeyFrames(codec)
        self._scale = Fraction(stream.time_base)
        # In the stream's own ticks: fractions cost more than all else that is done for a packet.
        self._long, self._half = (
            math.ceil((Fraction(limit) - ROUNDING) / self._scale)
            for limit in (seconds, seconds / 2)
        )
        self._longest = longest / float(self._scale)
        self._most = round(SLOWEST / self._scale)
        self._reorder = codec.reorder_depth
        self._eager = eager and not self._reorder
        self._start = None if start is None else round(start / self._scale)
        self._offset: int | None = None if start is not None else 0
        self._packets: list[av.Packet] = []
        self._bytes = 0
        self._shown = 0
        self._doubtful: av.Packet | None = None
        self._sequence = self._gopstart = sequence
        self._heldback = 0
        self._begin_gop()
        self._last_dts: int | None = None

    @property
    def sequence(self) -> int:
        """The next segment's."""
        return self._sequence

    def feed(self, packet: av.Packet) -> Iterator[Cut]:
        """Takes a packet; gives the segment that ended with the one before it, if one did."""
        before = self._last_dts
        back = self._on_timeline(packet)
        doubtful, self._doubtful = self._doubtful, None
        if doubtful is not None:
            yield from self._add(doubtful, key=packet.pts >= doubtful.pts)
        key = packet.is_keyframe and (back or self._keys.begins_gop(packet))
        if key and self._reorder and self._packets:
            # Frames that follow it and are shown before it may refer to the GOP that it ends.
            self._doubtful = packet
        else:
            yield from self._add(packet, key=key)
        if self._eager and before is not None and self._packets:
            step = packet.dts - before
            coded = packet.dts - self._packets[0].dts + step
            if coded >= self._long - step // 2 and step <= self._half:
                yield self._cut(gopend=False)

    def end(self) -> Iterator[Cut]:
        """The last segment."""
        if self._doubtful is not None:
            yield from self._add(self._doubtful, key=True)
            self._doubtful = None
        if self._packets:
            yield self._cut(gopend=True)

    def _add(self, packet: av.Packet, key: bool) -> Iterator[Cut]:
        if self._packets:
            coded = packet.dts - self._packets[0].dts
            whole = self._sequence == self._gopstart and not packet.is_discard
            key = key and not (whole and coded < self._half)
            long = coded >= self._long and packet.pts > self._shown
            full = len(self._packets) >= MAX_FRAMES // 2 or self._bytes > MAX_BYTES
            if key or long or full or self._gop.parts(packet):
                yield self._cut(gopend=key)
        elif key and self._gop.coded:  # which the segment before did not know of when it ended
            self._end_gop()
        if not self._packets:
            self._decodefrom, self._sure = self._refresh.begin(self._sequence, self._decoded)
            self._shown = packet.pts
        self._decoded += min(packet.duration or 0, self._most)
        self._gop.add(packet, self._codec)
        self._refresh.add(packet, self._sequence)
        self._shown = max(self._shown, packet.pts)
        self._bytes += packet.size
        self._packets.append(packet)

    def _on_timeline(self, packet: av.Packet) -> bool:
        """Moves the packet by the stream's one offset, so that no decode time is negative; and
        whether time went back with it, as where one edit of a film ends and another begins."""
        if self._offset is None:
            self._offset = self._start - min(packet.dts, packet.pts)
        dts, pts = packet.dts + self._offset, packet.pts + self._offset
        back = self._last_dts is not None and dts <= self._last_dts
        if back:
            dts = self._last_dts + 1
        self._last_dts = packet.dts = dts
        packet.pts = max(pts, dts)
        return back

    def _begin_gop(self) -> None:
        self._gop = GopFrames(self._reorder)
        self._refresh = Refresh(self._keys, self._reorder, self._longest)
        self._decoded = 0

    def _cut(self, gopend: bool) -> Cut:
        packets, self._packets, size, self._bytes = self._packets, [], self._bytes, 0
        first = min(packet.pts for packet in packets)
        duration = sum(packet.duration or 0 for packet in packets)
        datacontenttype = self._muxer.choose(packets[0])
        cut = Cut(
            media=Muxed(self._muxer, packets),
            start=first * self._scale,
            duration=duration * self._scale,
            gopstart=self._gopstart,
            gopend=gopend,
            heldback=self._heldback,
            framecount=self._gop.cut(gopend),
            sequence=self._sequence,
            datacontenttype=datacontenttype,
            decodefrom=self._decodefrom,
            sure=self._sure,
            size=size,
        )
        self._heldback = self._gop.heldback
        self._sequence += 1
        if gopend:
            self._end_gop()
        return cut

    def _end_gop(self) -> None:
        self._gopstart, self._heldback = self._sequence, 0
        self._begin_gop()
