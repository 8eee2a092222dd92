"""Transport streams over UDP, and SRT by a relay, with ffmpeg as a real peer."""

import itertools
import shutil
import socket
import subprocess

import pytest

from cnap.cameras import Camera
from cnap.source.feeds import CameraFailed, open_feed
from cnap.source.feeds.network import feed as network
from tests import media
from tests.cameras import ffmpeg
from tests.servers import free_ports, until

SENT = ("-re", "-stream_loop", "-1", "-i")


@pytest.mark.parametrize("host", ["127.0.0.1", "@239.255.42.42"])
def test_a_real_sender_is_read(tmp_path, host):
    clip = media.clip(tmp_path / "a.mp4", size=(160, 120), bframes=2, audio=True)
    (port,) = free_ports(1)
    to = f"udp://{host.strip('@')}:{port}?pkt_size=1316&ttl=0&localaddr=127.0.0.1"
    with ffmpeg.running(*SENT, str(clip), "-c", "copy", "-f", "mpegts", to):
        feed = open_feed(Camera("gate", f"udp://{host}:{port}?localaddr=127.0.0.1"))
        packets = list(itertools.islice(feed.packets(), 30))
        feed.close()
    codec = feed.stream.codec_context
    assert (codec.name, codec.width, codec.height) == ("h264", 160, 120)
    assert {packet.stream.type for packet in packets} == {"video"}
    times = [packet.dts for packet in packets]
    assert times == sorted(set(times))


def test_nobody_sends(monkeypatch):
    monkeypatch.setattr(network, "PATIENCE", 0.5)
    (port,) = free_ports(1)
    with pytest.raises(CameraFailed, match="no answer within"):
        open_feed(Camera("gate", f"udp://127.0.0.1:{port}"))


def test_two_waits_for_a_transport_stream_are_together_no_longer_than_one(monkeypatch):
    monkeypatch.setattr(network, "PATIENCE", 0.6)
    asked, open_ = [], network.av.open
    monkeypatch.setattr(
        network.av, "open", lambda *a, **facts: asked.append(facts["timeout"]) or open_(*a, **facts)
    )
    (port,) = free_ports(1)
    with pytest.raises(CameraFailed, match="no answer within"):
        open_feed(Camera("gate", f"udp://127.0.0.1:{port}"))
    assert asked == [(0.3, 0.6)]


def test_srt_is_read_by_the_relay_that_is_named(tmp_path):
    program = shutil.which("ffmpeg")
    has = program and subprocess.run([program, "-protocols"], capture_output=True, text=True).stdout
    if not has or " srt\n" not in has:
        pytest.skip("no ffmpeg with SRT here")
    clip = media.clip(tmp_path / "a.mp4", size=(160, 120))
    camera, relay = free_ports(2)
    to = f"srt://127.0.0.1:{camera}?mode=listener"
    words = network.SRT.split("`")[1].replace("srt://HOST:PORT", f"srt://127.0.0.1:{camera}")
    words = words.replace("0.0.0.0:8090", f"127.0.0.1:{relay}").removeprefix("ffmpeg ")
    with ffmpeg.running(*SENT, str(clip), "-c", "copy", "-f", "mpegts", to):
        until(lambda: _is_taken(camera), "the SRT camera")  # or the relay ends at once
        with ffmpeg.running(*words.split(" ")) as process:
            ffmpeg.listening(relay, process)
            feed = open_feed(Camera("gate", f"http://127.0.0.1:{relay}/"))
            assert next(feed.packets()).is_keyframe
            feed.close()


def _is_taken(port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
