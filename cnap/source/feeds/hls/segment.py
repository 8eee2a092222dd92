"""One HLS segment, demuxed: MPEG-TS or fragmented MP4, and nothing else."""

import io

import av

from cnap.boxes import claimed_samples
from cnap.demuxer import LIMITS, MAX_SAMPLES, QUICK, video_of
from cnap.errors import BadMedia
from cnap.events.attributes import MAX_FRAMES
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.times import dated, rescale

SYNC = 0x47
"""What each of MPEG-TS's packets begins with."""
BOXES = (b"ftyp", b"styp", b"moof", b"moov", b"sidx", b"emsg", b"prft")


class Segment:
    """Its packets, in decode order with both times, and what they are decoded with."""

    def __init__(self, data: bytes) -> None:
        """Raises CameraFailed."""
        self._file = io.BytesIO(data)
        self.format = _format(data)
        if self.format == "mov" and claimed_samples(self._file) > MAX_SAMPLES:
            raise CameraFailed(f"a segment claims to have more than {MAX_SAMPLES:,} frames")
        self._file.seek(0)
        options = QUICK if self.format == "mov" else {}
        try:
            self._container = av.open(self._file, format=self.format, options=options | LIMITS)
        except (av.FFmpegError, ValueError):
            raise CameraFailed("a segment can't be read") from None
        try:
            self.stream = self._video()
            self.framerate = float(self.stream.average_rate or self.stream.guessed_rate or 0)
            self.packets = self._read()
        except BaseException:
            self._container.close()
            raise
        # Its stream may outlive it by far, as what all others are muxed with.
        self._file.truncate(0)

    def goes_on(self, stream: av.VideoStream) -> bool:
        """Whether its packets can be decoded as the stream's."""
        mine, others = self.stream.codec_context, stream.codec_context
        if not mine.width:  # it begins in the midst of a GOP, and doesn't say
            return mine.name == others.name
        return _parameters(mine) == _parameters(others)

    def join(self, stream: av.VideoStream) -> None:
        """Makes its packets those of another segment's stream."""
        for packet in self.packets:
            packet.stream = stream
        self._container.close()

    def _video(self) -> av.VideoStream:
        try:
            return video_of(self._container, "a segment of the playlist")
        except BadMedia as error:
            raise Misconfigured(str(error)) from None

    def _read(self) -> list[av.Packet]:
        packets: list[av.Packet] = []
        try:
            for packet in dated(one for one in self._container.demux(self.stream) if one.size):
                packets.append(packet)
                if len(packets) > MAX_FRAMES:
                    raise CameraFailed(f"a segment has more than {MAX_FRAMES} frames")
        except av.FFmpegError:
            pass  # cut short: what came before counts
        if not packets:
            raise CameraFailed("a segment has no frames in it")
        rescale(self.stream, packets)
        return packets


def _format(data: bytes) -> str:
    if data[4:8] in BOXES:
        return "mov"
    if data[:1] == bytes([SYNC]):
        return "mpegts"
    raise CameraFailed("a segment is neither MPEG-TS nor MP4")


def _parameters(codec: av.VideoCodecContext) -> tuple[object, ...]:
    """Start codes are three or four bytes long, and zeros may follow: that changes nothing."""
    extradata = (codec.extradata or b"").replace(b"\0\0\0\1", b"\0\0\1").rstrip(b"\0")
    return codec.name, codec.width, codec.height, extradata
