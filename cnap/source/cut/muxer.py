"""Coded packets as the bytes of a segment, without re-encoding."""

import io
import threading
from collections.abc import Sequence

import av

from cnap.demuxer import CONTAINERS, QUICK
from cnap.errors import BadMedia

FRAGMENT = {
    "movflags": "empty_moov+frag_custom+default_base_moof+frag_discont+delay_moov",
    "use_editlist": "0",
    "avoid_negative_ts": "disabled",
}
OPTIONS = {"video/mp4": FRAGMENT, "video/quicktime": FRAGMENT, "video/x-nut": {}}
"""What segments may be, the best first: MP4 is what browsers play, QuickTime carries ProRes, DV and
the like in the same boxes, NUT nearly all the rest (VP8, WMV, HuffYUV…). All keep times exact."""


class Muxer:
    """Muxes one stream's segments: into the first of the containers that can carry its codec.

    It needs nothing of the stream afterwards, so that segments may be muxed while another thread
    reads on, or when the camera is closed.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        # A stream of a file that is never written: a copy of what is known of the camera's.
        self._template = av.open(io.BytesIO(), "w", format="null").add_stream_from_template(
            stream, opaque=True
        )
        codec = stream.codec_context
        self._time_base, self._tag = stream.time_base, codec.codec_tag
        self._codec, self._pixels = codec.name, codec.pix_fmt
        self._chosen = ""

    def choose(self, packet: av.Packet) -> str:
        """The container. Raises BadMedia where none can carry the codec; `packet` is to try."""
        self._chosen = self._chosen or self._first(packet)
        return self._chosen

    def mux(self, packets: Sequence[av.Packet]) -> bytes:
        """Uses the packets up. Raises BadMedia where they can't be put into the container."""
        try:
            return self._muxed(packets, self.choose(packets[0]))
        except (av.FFmpegError, ValueError) as error:
            raise BadMedia(f"{self._codec} video can't be cut into segments: {error}") from None

    def _first(self, packet: av.Packet) -> str:
        for datacontenttype in OPTIONS:
            try:
                trial = self._muxed([_copy(packet)], datacontenttype)
                if self._is_same(trial, datacontenttype):
                    return datacontenttype
            except (av.FFmpegError, ValueError):
                continue
        raise BadMedia(
            f"no container for segments carries {self._codec} video; what does, is: "
            "ffmpeg -i FILE -c:v libx264 FILE.mp4"
        )

    def _is_same(self, data: bytes, datacontenttype: str) -> bool:
        """Whether what reads the segment will know the video for what it is."""
        with av.open(io.BytesIO(data), format=CONTAINERS[datacontenttype], options=QUICK) as again:
            codec = again.streams.video[0].codec_context
            if codec is None or codec.name != self._codec:
                return False
            # Of raw video nothing but the container says what its bytes are.
            raw = codec.name == "rawvideo"
            return codec.pix_fmt == self._pixels or (not raw and not codec.pix_fmt)

    def _muxed(self, packets: Sequence[av.Packet], datacontenttype: str) -> bytes:
        buffer, name = io.BytesIO(), CONTAINERS[datacontenttype]
        with av.open(buffer, "w", format=name, options=OPTIONS[datacontenttype]) as output:
            # Opaque: nothing is encoded, so the decoder's own name for a codec does as well.
            stream = output.add_stream_from_template(self._template, opaque=True)
            stream.time_base = self._time_base
            if name == "nut":  # whose tags are those of AVI: some codecs have one a pixel format
                stream.codec_context.codec_tag = self._tag
            elif self._codec == "hevc":  # FFmpeg would say hev1, which Apple's browsers don't play
                stream.codec_context.codec_tag = "hvc1"
            for packet in packets:
                packet.stream = stream
                output.mux_one(packet)
        return buffer.getvalue()


class Muxed:
    """Packets that are muxed when their bytes are first asked for, from whatever thread."""

    def __init__(self, muxer: Muxer, packets: Sequence[av.Packet]) -> None:
        self._muxer = muxer
        self._packets: Sequence[av.Packet] | None = packets
        self._data = b""
        self._turn = threading.Lock()

    def __bytes__(self) -> bytes:
        with self._turn:
            if self._packets is not None:
                self._data, self._packets = self._muxer.mux(self._packets), None
            return self._data


def _copy(packet: av.Packet) -> av.Packet:
    copy = av.Packet(bytes(packet))
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
    return copy
