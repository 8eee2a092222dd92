"""Video over HTTP as it comes, with ffmpeg and nginx as real peers."""

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cnap.cameras import Camera
from cnap.source.feeds import CameraFailed, Feed, Misconfigured, open_feed
from cnap.source.feeds.web import progressive
from tests import media
from tests.cameras import ffmpeg, nginx


@contextmanager
def opened(url: str, loop: bool = False) -> Iterator[Feed]:
    feed = open_feed(Camera("gate", url, loop=loop))
    try:
        yield feed
    finally:
        feed.close()


@contextmanager
def answering(chunks: Iterator[bytes], **headers: str) -> Iterator[str]:
    """The url of a server whose one answer is made of chunks."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for chunk in chunks:
                    self.wfile.write(chunk)
            except OSError:
                pass

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/live"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def films(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A real server's url and its folder."""
    folder, work = tmp_path / "films", tmp_path / "work"
    folder.mkdir()
    work.mkdir()
    with nginx.serving(folder, work) as url:
        yield url, folder


@pytest.mark.parametrize("form", ["mpegts", "flv", "matroska", "h264"])
def test_a_real_live_stream_is_read(tmp_path, form):
    clip = media.clip(tmp_path / "a.mp4", size=(160, 120), bframes=2, audio=form != "h264")
    with ffmpeg.sending(clip, "http", form=form) as url, opened(url) as feed:
        assert feed.live
        codec = feed.stream.codec_context
        assert (codec.name, codec.width, codec.height) == ("h264", 160, 120)
        packets = list(itertools.islice(feed.packets(), 40))
        assert {packet.stream.type for packet in packets} == {"video"}
        assert packets[0].is_keyframe
        times = [packet.dts for packet in packets if packet.dts is not None]
        assert times == sorted(set(times))
        assert bool(times) == (form != "h264")


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_film_on_a_real_server_is_paced_and_begins_again(films, name):
    url, folder = films
    media.clip(folder / name, size=(160, 120), frames=10, gop=5)
    with opened(f"{url}/{name}", loop=True) as feed:
        assert not feed.live
        stream = feed.stream
        packets = list(itertools.islice(feed.packets(), 25))
        assert {packet.stream is stream for packet in packets} == {True}
        assert all(packet.dts is not None and packet.pts is not None for packet in packets)
        assert [packet.is_keyframe for packet in packets] == ([True] + [False] * 4) * 5
    with opened(f"{url}/{name}") as feed:
        assert len(list(feed.packets())) == 10


def test_a_film_whose_index_is_at_its_end_needs_ranges(films):
    url, folder = films
    film = media.clip(folder / "a.mp4", size=(640, 480), frames=60)
    with opened(f"{url}/a.mp4") as feed:
        assert len(list(feed.packets())) == 60
    data = film.read_bytes()
    with (
        answering(iter([data]), **{"Content-Length": str(len(data))}) as url,
        pytest.raises(Misconfigured, match="faststart"),
        opened(url) as feed,
    ):
        list(feed.packets())


@pytest.mark.parametrize(
    "text",
    ["#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "ffconcat version 1.0\nfile /etc/passwd\n", "?"],
)
def test_what_leads_elsewhere_is_no_video(text):
    with (
        answering(iter([text.encode() * 100])) as url,
        pytest.raises(Misconfigured, match="no video that can be read"),
        opened(url),
    ):
        pass


def test_a_camera_that_goes_away_says_so(tmp_path):
    clip = media.clip(tmp_path / "a.ts", size=(160, 120))
    with (
        answering(iter([clip.read_bytes()])) as url,
        opened(url) as feed,
        pytest.raises(CameraFailed, match="ended the connection"),
    ):
        list(feed.packets())


def test_what_dribbles_is_given_up(monkeypatch):
    monkeypatch.setattr(progressive, "OPENING", 0.5)

    def dribbling() -> Iterator[bytes]:
        while True:
            yield b"\x47"
            time.sleep(0.05)

    with (
        answering(dribbling()) as url,
        pytest.raises(CameraFailed, match="no picture came"),
        opened(url),
    ):
        pass


def test_another_size_begins_another_stream(tmp_path):
    films = [
        media.clip(tmp_path / f"{width}.flv", size=(width, 120), frames=20).read_bytes()
        for width in (160, 320)
    ]
    # The second without the file's own header (9 bytes and a size of 4): FLV, annex E.2.
    with answering(iter([films[0], films[1][13:]])) as url, opened(url) as feed:
        streams = []
        with pytest.raises(CameraFailed):
            for packet in feed.packets():
                if packet.stream not in streams:
                    streams.append(packet.stream)
        first, second = (stream.codec_context for stream in streams)
        assert first.extradata != second.extradata
        assert (first.width, second.width) == (160, 320)


def test_a_camera_may_begin_to_send_sound(tmp_path):
    silent = media.clip(tmp_path / "a.flv", size=(160, 120), frames=50).read_bytes()
    loud = media.clip(tmp_path / "b.flv", size=(160, 120), frames=50, audio=True).read_bytes()
    (tmp_path / "c.flv").write_bytes(silent + loud[13:])
    program = (
        "import sys, av; from cnap.source.feeds.network.livevideo import LiveVideo\n"
        "video = LiveVideo(av.open(sys.argv[1], options={'analyzeduration': '1'}))\n"
        "assert len(list(video.packets())) == 100"
    )
    # In which memory that nobody has set is never 0: PyAV looks at some.
    filled = os.environ | {"MALLOC_PERTURB_": "90"}
    words = [sys.executable, "-c", program, str(tmp_path / "c.flv")]
    subprocess.run(words, env=filled, check=True)


def test_closing_from_another_thread_ends_the_reading(tmp_path):
    clip = media.clip(tmp_path / "a.ts", size=(160, 120)).read_bytes()

    def then_nothing() -> Iterator[bytes]:
        yield clip
        time.sleep(30)

    with answering(then_nothing()) as url:
        feed = open_feed(Camera("gate", url))
        threading.Timer(0.2, feed.close).start()
        with pytest.raises(CameraFailed, match="the camera was closed"):
            list(feed.packets())
