"""An HLS camera: segments of a made clip, and a playlist that tests write."""

import io
from dataclasses import dataclass, field
from pathlib import Path

import av

from tests import media
from tests.cameras import clips, web

FRAMES, RATE = 10, 25
SECONDS = FRAMES / RATE
OPTIONS = {"muxdelay": "0", "mpegts_copyts": "1", "avoid_negative_ts": "disabled"}


def segments(
    folder: Path, count: int, start: int = 0, size: tuple[int, int] = (64, 48)
) -> list[bytes]:
    """MPEG-TS of ten frames each, of which the first is a key frame. `start` is the first time, in
    ticks of 90 kHz, beyond 33 bits modulo 33 bits."""
    clip = media.clip(folder / "clip.mp4", size=size, frames=FRAMES * count, gop=FRAMES)
    with av.open(str(clip)) as film:
        stream = film.streams.video[0]
        packets = [packet for packet in film.demux(stream) if packet.size]
        made = []
        for n in range(count):
            path = folder / f"{n}.ts"
            with av.open(str(path), "w", format="mpegts", options=OPTIONS) as output:
                copy = output.add_stream_from_template(stream)
                for packet in packets[n * FRAMES : (n + 1) * FRAMES]:
                    moved = start * stream.time_base.denominator // 90_000
                    packet.pts, packet.dts = packet.pts + moved, packet.dts + moved
                    packet.stream = copy
                    output.mux(packet)
            made.append(path.read_bytes())
        return made


@dataclass
class Playlist:
    """`/live.m3u8`, and a file for each segment."""

    files: dict[str, bytes] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    sequence: int = 0
    target: int = 1
    ended: bool = False
    fetched: list[str] = field(default_factory=list)

    def add(self, name: str, data: bytes | None, *tags: str, seconds: float = SECONDS) -> None:
        """One more segment; None: it is named and not there."""
        if data is not None:
            self.files[f"/{name}"] = data
        self.lines += [*tags, f"#EXTINF:{seconds:.3f},", name]

    @property
    def text(self) -> str:
        head = ["#EXTM3U", f"#EXT-X-TARGETDURATION:{self.target}"]
        head.append(f"#EXT-X-MEDIA-SEQUENCE:{self.sequence}")
        return "\n".join([*head, *self.lines, "#EXT-X-ENDLIST" if self.ended else ""])

    def answer(self, asked: web.Asked) -> bytes:
        self.fetched.append(asked.path)
        if asked.path == "/live.m3u8":
            return web.ok(self.text.encode(), "application/vnd.apple.mpegurl")
        data = self.files.get(asked.path)
        if data is None:
            return web.answered("404 Not Found")
        if told := asked.headers.get("range"):
            first, last = map(int, told.removeprefix("bytes=").split("-"))
            return web.answered("206 Partial Content", data[first : last + 1])
        return web.ok(data, "video/mp2t")


def claiming(segment: bytes, width: int, height: int) -> bytes:
    """The segment, with another picture's size in its parameter sets."""
    made = io.BytesIO()
    with (
        av.open(io.BytesIO(segment), format="mpegts") as film,
        av.open(made, "w", format="mpegts") as output,
    ):
        copy = output.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(film.streams.video[0]):
            if not packet.size:
                continue
            units = bytes(packet).replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
            sps = clips.claiming(width, height)
            units = [sps if unit[0] & 31 == 7 else unit for unit in units]
            other = av.Packet(b"".join(b"\0\0\0\1" + unit for unit in units))
            other.pts, other.dts, other.time_base = packet.pts, packet.dts, packet.time_base
            other.is_keyframe, other.stream = packet.is_keyframe, copy
            output.mux(other)
    return made.getvalue()
