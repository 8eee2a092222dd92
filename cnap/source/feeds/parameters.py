"""Parameter sets (SPS, PPS, VPS) that a camera changes while it sends, as when somebody chooses
another size: from then on the video belongs to another stream."""

import io
from collections.abc import Iterator

import av

from cnap.demuxer import LIMITS, MAX_PIXELS, QUICK
from cnap.source.feeds.feed import Misconfigured

SETS = {"h264": range(7, 9), "hevc": range(32, 35)}
"""NAL unit types: ITU-T H.264, table 7-1; ITU-T H.265, table 7-1."""
SLICES = {"h264": range(1, 6), "hevc": range(32)}
HEAD = 4096
"""Bytes of a key frame in which its parameter sets are."""
REMEMBERED = 4
"""Streams of a camera that changes to and fro."""
START = b"\0\0\0\1"
ONE_PICTURE = QUICK | LIMITS | {"skip_loop_filter": "all", "threads": "1"}
SENSELESS = (
    "the camera sends no parameter sets that make sense, or a picture of more than "
    f"{MAX_PIXELS // 1_000_000} million pixels: try another stream or size of it"
)


class Parameters:
    """Of a stream: `stream` is a copy of it."""

    def __init__(self, stream: av.VideoStream) -> None:
        self.stream = copied(stream)
        self._codec = stream.codec_context.name
        self._first = stream
        extradata = stream.codec_context.extradata or b""
        # Where they are length-prefixed, the container says by itself when they change.
        self._inband = self._codec in SETS and extradata[:1] != b"\1"
        self._known = dict(self._sets(extradata)) if self._inband else {}
        self._streams: dict[bytes, av.VideoStream] = {}

    def of(self, packet: av.Packet) -> av.VideoStream:
        """The stream that the packet belongs to. Raises Misconfigured for pictures too large."""
        if not packet.is_keyframe:
            return self.stream
        if self._inband:
            self._look_into(packet)
        elif packet.has_sidedata("new_extradata"):
            self._take_over(packet)
        if not self.stream.codec_context.width:
            raise Misconfigured(SENSELESS)
        return self.stream

    def _look_into(self, packet: av.Packet) -> None:
        sets = dict(self._sets(bytes(memoryview(packet)[:HEAD])))
        if sets.items() <= self._known.items():
            return
        self._known |= sets
        extradata = b"".join(START + self._known[place] for place in sorted(self._known))
        self.stream = self._stream(extradata, extradata + bytes(packet))

    def _take_over(self, packet: av.Packet) -> None:
        extradata = bytes(packet.get_sidedata("new_extradata"))
        if extradata != self.stream.codec_context.extradata:
            self.stream = self._stream(extradata, b"")

    def _sets(self, data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Parameter sets, by their type and place among those of that type, before the first
        slice of a stream with start codes."""
        units = data.split(b"\0\0\1")[1:]
        seen: dict[int, int] = {}
        for number, unit in enumerate(units, 1):
            kind = _type(unit, self._codec)
            if kind in SLICES[self._codec] or (number == len(units) and len(data) == HEAD):
                return
            if kind in SETS[self._codec]:
                seen[kind] = seen.get(kind, -1) + 1
                yield (kind, seen[kind]), unit.rstrip(b"\0")

    def _stream(self, extradata: bytes, picture: bytes) -> av.VideoStream:
        known = self._streams.pop(extradata, None)
        if known is None:
            known = self._probed(picture) if picture else copied(self.stream, extradata)
            known.time_base = self._first.time_base
        self._streams[extradata] = known  # the newest last
        if len(self._streams) > REMEMBERED:
            del self._streams[next(iter(self._streams))]
        return known

    def _probed(self, picture: bytes) -> av.VideoStream:
        """What FFmpeg makes of the sets and the key frame that follows them."""
        try:
            with av.open(io.BytesIO(picture), format=self._codec, options=ONE_PICTURE) as probe:
                codec = probe.streams.video[0].codec_context
                if codec.width and codec.width * codec.height <= MAX_PIXELS:
                    return copied(probe.streams.video[0])
        except (av.FFmpegError, IndexError):
            pass
        raise Misconfigured(SENSELESS)


def copied(stream: av.VideoStream, extradata: bytes | None = None) -> av.VideoStream:
    """A stream with the same parameters that needs no connection: of a file never written."""
    output = av.open(io.BytesIO(), "w", format="null")
    copy = output.add_stream_from_template(stream, opaque=True)
    copy.codec_context.codec_tag = stream.codec_context.codec_tag
    if extradata is not None:
        copy.codec_context.extradata = extradata
        output.start_encoding()  # what takes it over from the codec into the stream
    copy.time_base = stream.time_base
    return copy


def _type(unit: bytes, codec: str) -> int:
    if not unit:
        return -1
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F
