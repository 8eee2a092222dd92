"""Parameter sets (SPS, PPS, VPS) that a camera changes while it sends, as when somebody chooses
another size: from then on the video belongs to another stream."""

import io
from collections.abc import Iterator

import av
from av.bitstream import BitStreamFilterContext

from cnap.demuxer import LIMITS, MAX_PIXELS, QUICK
from cnap.pictures import Size
from cnap.source.feeds.feed import Misconfigured

SETS = {"h264": range(7, 9), "hevc": range(32, 35)}
"""NAL unit types: ITU-T H.264, table 7-1; ITU-T H.265, table 7-1."""
SLICES = {"h264": range(1, 6), "hevc": range(32)}
HEAD = 4096
"""Bytes of a key frame in which its parameter sets are."""
REMEMBERED = 4
"""Streams of a camera that changes to and fro."""
SURE = 3
"""Key frames in a row whose parameter sets make no sense, till that is believed."""
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
        extradata = stream.codec_context.extradata or b""
        # Where they are length-prefixed, the container says by itself when they change.
        self._inband = self._codec in SETS and extradata[:1] != b"\1"
        self._known = dict(self._sets(extradata)) if self._inband else {}
        self._doubted = 0
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
            self._doubted = 0
            return
        known = self._known | sets
        extradata = b"".join(START + known[place] for place in sorted(known))
        try:
            self.stream = self._streams.get(extradata) or self._probed(extradata + bytes(packet))
        except Misconfigured:
            # Damaged on their way, most often; but a camera may mean it.
            self._doubted += 1
            if self._doubted == SURE or not self.stream.codec_context.width:
                raise
            return
        self._known, self._doubted = known, 0
        self._remember(extradata)

    def _take_over(self, packet: av.Packet) -> None:
        extradata = bytes(packet.get_sidedata("new_extradata"))
        if extradata == self.stream.codec_context.extradata:
            return
        self.stream = self._streams.get(extradata) or self._converted(extradata, packet)
        self._remember(extradata)

    def _remember(self, extradata: bytes) -> None:
        self._streams.pop(extradata, None)
        self._streams[extradata] = self.stream  # the newest last
        if len(self._streams) > REMEMBERED:
            del self._streams[next(iter(self._streams))]

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

    def _probed(self, picture: bytes) -> av.VideoStream:
        """What FFmpeg makes of the sets and the key frame that follows them, with start codes."""
        try:
            with av.open(io.BytesIO(picture), format=self._codec, options=ONE_PICTURE) as probe:
                codec = probe.streams.video[0].codec_context
                if codec.width and codec.width * codec.height <= MAX_PIXELS:
                    return self._timed(copied(probe.streams.video[0]))
        except (av.FFmpegError, IndexError):
            pass
        raise Misconfigured(SENSELESS)

    def _converted(self, extradata: bytes, packet: av.Packet) -> av.VideoStream:
        """The stream as it is, but for the sets, and the size that they say."""
        if self._codec not in SETS:
            return self._timed(copied(self.stream, extradata))
        bare = BitStreamFilterContext(
            f"{self._codec}_mp4toannexb", copied(self.stream, extradata)
        ).filter(av.Packet(bytes(packet)))
        seen = self._probed(b"".join(map(bytes, bare))).codec_context
        return self._timed(copied(self.stream, extradata, (seen.width, seen.height)))

    def _timed(self, stream: av.VideoStream) -> av.VideoStream:
        stream.time_base = self.stream.time_base
        return stream


def copied(
    stream: av.VideoStream, extradata: bytes | None = None, size: Size | None = None
) -> av.VideoStream:
    """A stream with the same parameters that needs no connection: of a file never written."""
    output = av.open(io.BytesIO(), "w", format="null")
    copy = output.add_stream_from_template(stream, opaque=True)
    codec = copy.codec_context
    codec.codec_tag = stream.codec_context.codec_tag
    if extradata is not None:
        codec.extradata = extradata
        codec.width, codec.height = size or (codec.width, codec.height)
        output.start_encoding()  # what takes it over from the codec into the stream
    copy.time_base = stream.time_base
    return copy


def _type(unit: bytes, codec: str) -> int:
    if not unit:
        return -1
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F
