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
from cnap.source.gopframes import GopFrames
from cnap.source.keyframes import begins_gop
from cnap.source.muxer import Muxer

MAX_BYTES = 32 << 20
ROUNDING = Fraction(1, 1000)
MAX_GOP = 30.0
"""Seconds after which a GOP ends at the next key frame even if frames around it refer to both
sides of it: a few of those are lost then, and rebuilding a decoder stays affordable."""


@dataclass(frozen=True)
class Cut:
    """One segment. Times are seconds on the stream's timeline, which starts at 0."""

    data: bytes
    start: Fraction
    duration: Fraction
    gopstart: int
    gopend: bool
    heldback: int
    framecount: int
    sequence: int
    datacontenttype: str = "video/mp4"


class Cutter:
    """Takes one stream's packets in decode order. `seconds` is how long a segment is at least,
    where no GOP ends before; GOPs of less than half of it share a segment.

    `sequence` is the first segment's, and `start` (seconds) where its timeline begins: a stream
    made of several files goes on with both.
    """

    def __init__(
        self,
        stream: av.VideoStream,
        seconds: float = 1.0,
        sequence: int = 0,
        start: Fraction = Fraction(0),
    ) -> None:
        self._stream = stream
        self._muxer = Muxer(stream)
        self._scale = Fraction(stream.time_base)
        # In the stream's own ticks: fractions cost more than all else that is done for a packet.
        self._long, self._half, self._longest = (
            math.ceil((Fraction(limit) - ROUNDING) / self._scale)
            for limit in (seconds, seconds / 2, MAX_GOP)
        )
        self._reorder = stream.codec_context.reorder_depth
        self._start = round(start / self._scale)
        self._offset: int | None = None
        self._packets: list[av.Packet] = []
        self._bytes = 0
        self._shown = 0
        self._doubtful: av.Packet | None = None
        self._sequence = self._gopstart = sequence
        self._heldback = 0
        self._gop = GopFrames(self._reorder)
        self._last_dts: int | None = None

    def moment(self, packet: av.Packet) -> Fraction:
        """Seconds on the timeline at which a packet not fed yet is shown."""
        return (packet.pts + self._moved(packet)) * self._scale

    def feed(self, packet: av.Packet) -> Iterator[Cut]:
        """Takes a packet; gives the segment that ended with the one before it, if one did."""
        back = self._on_timeline(packet)
        doubtful, self._doubtful = self._doubtful, None
        if doubtful is not None:
            leads = packet.pts < doubtful.pts and not self._is_longest(doubtful)
            yield from self._add(doubtful, key=not leads)
        key = packet.is_keyframe and (
            back or self._is_longest(packet) or begins_gop(packet, self._stream.codec_context)
        )
        if key and self._reorder and self._packets:
            # Frames that follow it and are shown before it may refer to the GOP that it ends.
            self._doubtful = packet
        else:
            yield from self._add(packet, key=key)

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
        self._gop.add(packet, self._stream.codec_context.name)
        self._shown = max(self._shown, packet.pts) if self._packets else packet.pts
        self._bytes += packet.size
        self._packets.append(packet)

    def _moved(self, packet: av.Packet) -> int:
        """By how much every packet is moved: the first one decides."""
        if self._offset is None:
            self._offset = self._start - min(packet.dts, packet.pts)
        return self._offset

    def _on_timeline(self, packet: av.Packet) -> bool:
        """Moves the packet by the stream's one offset, so that no decode time is negative; and
        whether time went back with it, as where one edit of a film ends and another begins."""
        offset = self._moved(packet)
        packet.dts += offset
        packet.pts += offset
        back = self._last_dts is not None and packet.dts <= self._last_dts
        if back:
            packet.dts = self._last_dts + 1
        packet.pts = max(packet.pts, packet.dts)
        self._last_dts = packet.dts
        return back

    def _is_longest(self, packet: av.Packet) -> bool:
        """Whether the GOP before this packet is as long as one may be."""
        return max(1, self._gop.coded) * (packet.duration or 0) >= self._longest

    def _cut(self, gopend: bool) -> Cut:
        packets, self._packets, self._bytes = self._packets, [], 0
        first = min(packet.pts for packet in packets)
        duration = sum(packet.duration or 0 for packet in packets)
        cut = Cut(
            data=self._muxer.mux(packets),
            start=first * self._scale,
            duration=duration * self._scale,
            gopstart=self._gopstart,
            gopend=gopend,
            heldback=self._heldback,
            framecount=self._gop.cut(gopend),
            sequence=self._sequence,
            datacontenttype=self._muxer.datacontenttype,
        )
        self._heldback = self._gop.heldback
        self._sequence += 1
        if gopend:
            self._gopstart, self._heldback = self._sequence, 0
            self._gop = GopFrames(self._reorder)
        return cut
