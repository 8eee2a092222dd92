"""Cuts a coded video stream into segments of about a second, without re-encoding.

Each segment is an MP4 with an init section and one fragment, on the stream's own timeline. It ends
where every frame coded so far is shown before the next one, so it need not end at a key frame.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av

from cnap.errors import BadMedia
from cnap.events.attributes import MAX_FRAMES
from cnap.source.keyframes import begins_gop

MUXER = {
    "movflags": "empty_moov+frag_custom+default_base_moof+frag_discont+delay_moov",
    "use_editlist": "0",
    "avoid_negative_ts": "disabled",
}
MAX_BYTES = 32 << 20
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


class Cutter:
    """Takes one stream's packets in decode order. `seconds` is how long a segment is at least.

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
        self._seconds = seconds
        self._scale = Fraction(stream.time_base)
        self._reorder = stream.codec_context.reorder_depth
        self._start = round(start / self._scale)
        self._offset: int | None = None
        self._packets: list[av.Packet] = []
        self._bytes = 0
        self._shown = 0
        self._doubtful: av.Packet | None = None
        self._sequence = self._gopstart = sequence
        self._gopframes = self._owned = 0
        self._last_dts: int | None = None

    def moment(self, packet: av.Packet) -> Fraction:
        """Seconds on the timeline at which a packet not fed yet is shown."""
        return (packet.pts + self._moved(packet)) * self._scale

    def feed(self, packet: av.Packet) -> Iterator[Cut]:
        """Takes a packet; gives the segment that ended with the one before it, if one did."""
        self._on_timeline(packet)
        doubtful, self._doubtful = self._doubtful, None
        if doubtful is not None:
            leads = packet.pts < doubtful.pts and self._gop_seconds(doubtful) < MAX_GOP
            yield from self._add(doubtful, key=not leads)
        old = packet.is_keyframe and self._gop_seconds(packet) >= MAX_GOP
        key = old or begins_gop(packet, self._stream.codec_context)
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
            coded = (packet.dts - self._packets[0].dts) * self._scale
            long = coded >= self._seconds - Fraction(1, 1000) and packet.pts > self._shown
            if key or long or len(self._packets) >= MAX_FRAMES // 2 or self._bytes > MAX_BYTES:
                yield self._cut(gopend=key)
        self._shown = max(self._shown, packet.pts) if self._packets else packet.pts
        self._bytes += packet.size
        self._packets.append(packet)

    def _moved(self, packet: av.Packet) -> int:
        """By how much every packet is moved: the first one decides."""
        if self._offset is None:
            self._offset = self._start - min(packet.dts, packet.pts)
        return self._offset

    def _on_timeline(self, packet: av.Packet) -> None:
        """Moves the packet by the stream's one offset, so that no decode time is negative."""
        offset = self._moved(packet)
        packet.dts += offset
        packet.pts += offset
        if self._last_dts is not None and packet.dts <= self._last_dts:
            packet.dts = self._last_dts + 1
        packet.pts = max(packet.pts, packet.dts)
        self._last_dts = packet.dts

    def _gop_seconds(self, packet: av.Packet) -> float:
        frames = max(1, self._gopframes + len(self._packets))
        return float(frames * (packet.duration or 0) * self._scale)

    def _cut(self, gopend: bool) -> Cut:
        packets, self._packets, self._bytes = self._packets, [], 0
        heldback = self._gopframes - self._owned
        self._gopframes += len(packets)
        # A decoder holds back as many frames as the codec may reorder, until the GOP ends.
        owned = self._gopframes if gopend else max(0, self._gopframes - self._reorder)
        first = min(packet.pts for packet in packets)
        duration = sum(packet.duration or 0 for packet in packets)
        cut = Cut(
            data=self._mux(packets),
            start=first * self._scale,
            duration=duration * self._scale,
            gopstart=self._gopstart,
            gopend=gopend,
            heldback=heldback,
            framecount=owned - self._owned,
            sequence=self._sequence,
        )
        self._owned = owned
        self._sequence += 1
        if gopend:
            self._gopstart, self._gopframes, self._owned = self._sequence, 0, 0
        return cut

    def _mux(self, packets: list[av.Packet]) -> bytes:
        buffer = io.BytesIO()
        try:
            with av.open(buffer, "w", format="mp4", options=MUXER) as output:
                # Opaque: nothing is encoded, so the decoder's own name for a codec does as well.
                stream = output.add_stream_from_template(self._stream, opaque=True)
                stream.time_base = self._scale
                for packet in packets:
                    packet.stream = stream
                    output.mux_one(packet)
        except (av.FFmpegError, ValueError) as error:
            codec = self._stream.codec_context.name
            raise BadMedia(f"{codec} video can't be put into MP4 segments: {error}") from None
        return buffer.getvalue()
