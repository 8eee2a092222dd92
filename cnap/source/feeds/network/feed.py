"""Cameras that FFmpeg speaks to by itself: RTSP, RTMP, and transport streams over UDP."""

import time
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

import av

from cnap.cameras import Camera
from cnap.demuxer import LIMITS, QUICK
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.network.failures import GONE, SILENT, broken, look_up, refusal
from cnap.source.feeds.network.livevideo import LiveVideo
from cnap.source.feeds.web.failures import PATIENCE

PROTOCOLS = {
    "rtsp": "rtsp,rtp,udp,tcp",
    "rtsps": "rtsp,rtp,udp,tcp,tls",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,rtmp,tls,tcp",
    "udp": "udp",
}
"""By scheme, what FFmpeg may speak: a camera can send it to another url, but to no file."""
RTSP = {
    "allowed_media_types": "video",
    "user_agent": "cnap",
    "fpsprobesize": "0",
}
UDP = {"reorder_queue_size": "256", "buffer_size": str(1 << 20)}
"""Packets of 1.5 kB at most that wait for an earlier one, 0.1 s; bytes that wait for us."""
RTMP = {
    "rtmp_live": "live",
    # Its header may promise sound that never comes, which would be waited for.
    "probesize": str(1 << 20),
    "analyzeduration": "500000",
}
MULTICAST = {
    "fifo_size": "8192",  # of 188 bytes
    "overrun_nonfatal": "1",
    "buffer_size": str(1 << 20),
    "probesize": str(1 << 20),
    "analyzeduration": "500000",
}
FORMATS = {"rtsp": "rtsp", "rtsps": "rtsp", "rtmp": "flv", "rtmps": "flv", "udp": "mpegts"}
SRT = (
    "srt:// can't be read here: this FFmpeg is built without it. On a machine whose ffmpeg has it: "
    "`ffmpeg -i srt://HOST:PORT -c copy -f mpegts -listen 1 http://0.0.0.0:8090/`, and give "
    "http://THAT-MACHINE:8090/ as url"
)


class NetworkFeed:
    """An RTSP, RTMP or UDP camera. The camera's times are passed on as they are."""

    live = True

    def __init__(self, camera: Camera) -> None:
        """Raises CameraFailed."""
        self._video = LiveVideo(_opened(camera), PATIENCE)
        scheme = urlsplit(camera.url).scheme.lower()
        self.waits_for_us = scheme.startswith("rtmp") or (
            scheme.startswith("rtsp") and camera.transport == "tcp"
        )

    @property
    def stream(self) -> av.VideoStream:
        return self._video.stream

    @property
    def framerate(self) -> float:
        return self._video.framerate

    @property
    def zero(self) -> float | None:
        return self._video.zero

    def packets(self) -> Iterator[av.Packet]:
        """Raises CameraFailed, since a camera never ends by itself."""
        try:
            yield from self._video.packets()
        except av.FFmpegError as error:
            raise broken(error) from None
        raise CameraFailed("the camera was closed" if self._video.closed else GONE)

    def close(self) -> None:
        """From any thread; one that reads ends with its next packet, or after PATIENCE."""
        self._video.close()


def _opened(camera: Camera) -> av.container.InputContainer:
    url = _parts(camera.url)
    scheme = url.scheme.lower()
    if scheme == "srt":
        raise Misconfigured(SRT)
    if url.hostname:
        look_up(url)
    elif scheme != "udp":
        raise Misconfigured(f"the url names no host, as in {scheme}://10.0.0.7/stream1")
    began = time.monotonic()
    # A transport stream is waited for twice: for its beginning, and for what is in it.
    patience = PATIENCE / 2 if scheme == "udp" else PATIENCE
    try:
        container = av.open(
            scheme + camera.url[len(scheme) :],  # which FFmpeg knows in small letters only
            format=FORMATS[scheme],
            options=_options(scheme, camera.transport),
            # For each packet, while FFmpeg's own limit is for each read: noise may come for ever.
            timeout=(patience, PATIENCE),
            metadata_errors="replace",  # cameras have names in all encodings
        )
    except av.FFmpegError as error:
        # What FFmpeg says of a wait that was cut off depends on what it was waiting for.
        if time.monotonic() - began >= PATIENCE:
            raise CameraFailed(SILENT) from None
        raise refusal(error, url, camera.transport) from None
    if time.monotonic() - began >= PATIENCE:
        container.close()
        raise CameraFailed(f"connected, but no picture came within {PATIENCE:g} s")
    return container


def _parts(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        if url.port != 0:  # which is read only now
            return url
    except ValueError:
        pass
    raise Misconfigured("the url can't be read: is what follows the host's : a port?")


def _options(scheme: str, transport: str) -> dict[str, str]:
    microseconds = str(round(PATIENCE * 1e6))
    if scheme.startswith("rtsp"):
        own = RTSP | {"rtsp_transport": transport, "timeout": microseconds}
        own |= UDP if transport == "udp" else {}
    elif scheme == "udp":
        own = MULTICAST | {"timeout": microseconds}
    else:
        own = RTMP | {"rw_timeout": microseconds}
    return QUICK | LIMITS | {"protocol_whitelist": PROTOCOLS[scheme]} | own
