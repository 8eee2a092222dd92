"""Coded packets as the bytes of a segment, without re-encoding."""

import io

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
    """Muxes one stream's segments: into the first of the containers that can carry its codec."""

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._chosen = ""

    @property
    def datacontenttype(self) -> str:
        """The container; chosen with the first segment."""
        return self._chosen

    def mux(self, packets: list[av.Packet]) -> bytes:
        """Raises BadMedia where no container can carry them."""
        self._chosen = self._chosen or self._choose(packets[0])
        try:
            return self._muxed(packets, self._chosen)
        except (av.FFmpegError, ValueError) as error:
            raise BadMedia(f"{self._codec} video can't be cut into segments: {error}") from None

    @property
    def _codec(self) -> str:
        return self._stream.codec_context.name

    def _choose(self, packet: av.Packet) -> str:
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
        own = self._stream.codec_context
        with av.open(io.BytesIO(data), format=CONTAINERS[datacontenttype], options=QUICK) as again:
            codec = again.streams.video[0].codec_context
            if codec is None or codec.name != own.name:
                return False
            # Of raw video nothing but the container says what its bytes are.
            return codec.pix_fmt == own.pix_fmt or (codec.name != "rawvideo" and not codec.pix_fmt)

    def _muxed(self, packets: list[av.Packet], datacontenttype: str) -> bytes:
        buffer, name = io.BytesIO(), CONTAINERS[datacontenttype]
        with av.open(buffer, "w", format=name, options=OPTIONS[datacontenttype]) as output:
            # Opaque: nothing is encoded, so the decoder's own name for a codec does as well.
            stream = output.add_stream_from_template(self._stream, opaque=True)
            stream.time_base = self._stream.time_base
            if name == "nut":  # whose tags are those of AVI: some codecs have one a pixel format
                stream.codec_context.codec_tag = self._stream.codec_context.codec_tag
            for packet in packets:
                packet.stream = stream
                output.mux_one(packet)
        return buffer.getvalue()


def _copy(packet: av.Packet) -> av.Packet:
    copy = av.Packet(bytes(packet))
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
    return copy
