"""RTSP cameras: GStreamer's server as a real one, and a fake one for what no real one does."""

import io
import itertools
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import av
import pytest

from cnap.cameras import Camera
from cnap.source.cut.muxer import Muxer
from cnap.source.feeds import CameraFailed, Feed, Misconfigured, open_feed
from cnap.source.feeds.network import failures as networkfailures
from cnap.source.feeds.network import feed as network
from tests import media
from tests.cameras import faults, gst
from tests.cameras.rtsp import FakeCamera
from tests.servers import until

QUIET = {"x265-params": "log-level=none"}
CODERS = {"h264": "libx264", "hevc": "libx265"}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return {
        (codec, size): media.clip(
            folder / f"{codec}{size[0]}.mp4",
            coder,
            size,
            gop=5,
            options=QUIET if codec == "hevc" else {},
        )
        for codec, coder in CODERS.items()
        for size in ((320, 240), (160, 120))
    }


@pytest.fixture
def clip(clips):
    return clips["h264", (320, 240)]


@contextmanager
def opened(url: str, transport: str = "tcp") -> Iterator[Feed]:
    feed = open_feed(Camera("gate", url, transport=transport))
    try:
        yield feed
    finally:
        feed.close()


def refusal(url: str, transport: str = "tcp") -> CameraFailed:
    with pytest.raises(CameraFailed) as caught, opened(url, transport):
        pass
    return caught.value


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("codec", "name"), [("h264", "h264"), ("h265", "hevc"), ("mjpeg", "mjpeg")]
)
def test_a_real_camera_is_read(codec, name, transport):
    with (
        gst.server(gst.pipeline(codec, audio=True)) as url,
        opened(f"{url}/live", transport) as feed,
    ):
        packets = list(itertools.islice(feed.packets(), 20))
        codec = feed.stream.codec_context
        assert (codec.name, codec.width, codec.height) == (name, 320, 240)
        assert {packet.stream.type for packet in packets} == {"video"}
        times = [packet.dts for packet in packets if packet.dts is not None]
        assert times == sorted(set(times))
        assert len(times) >= 19


@pytest.mark.parametrize("login", ["basic", "digest"])
def test_a_real_camera_has_a_login(login):
    with gst.server(gst.pipeline(), login=login, user="admin", password="p@ss w/rd") as url:
        place = url.partition("://")[2]
        with opened(f"rtsp://admin:p%40ss%20w%2Frd@{place}/live") as feed:
            assert next(feed.packets()).is_keyframe
        for given, words in (("admin:wrong@", "refused the login"), ("", "wants a login")):
            error = refusal(f"rtsp://{given}{place}/live")
            assert isinstance(error, Misconfigured)
            assert words in str(error)
            assert "wrong" not in str(error)


def test_a_real_camera_by_rtsps(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=camera -keyout {key}"
    subprocess.run([*words.split(" "), "-out", certificate], check=True, capture_output=True)
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    with (
        gst.server(gst.pipeline(), certificate=str(certificate)) as url,
        opened(f"{url}/live") as feed,
    ):
        assert next(feed.packets()).is_keyframe


def test_a_real_camera_has_no_such_path():
    with gst.server(gst.pipeline()) as url:
        assert "404" in str(refusal(f"{url}/nothing?password=secret"))
        assert "secret" not in str(refusal(f"{url}/nothing?password=secret"))


def test_a_real_camera_that_has_udp_only():
    with gst.server(gst.pipeline(), transport="udp") as url:
        error = refusal(f"{url}/live", "tcp")
        assert isinstance(error, Misconfigured)
        assert "461" in str(error)
        assert "transport: udp" in str(error)


@pytest.mark.parametrize("login", ["basic", "digest"])
def test_a_login_is_sent_as_the_camera_wants_it(clip, login):
    with FakeCamera(clip, login=login, realm="a, strange=realm") as camera:
        with opened(camera.url_with_login) as feed:
            assert next(feed.packets()).is_keyframe
        camera.faults.wrong_realm = True
        camera.faults.login = "digest"
        assert "refused the login" in str(refusal(camera.url_with_login))


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        ({"DESCRIBE": "403 Forbidden"}, Misconfigured, "403"),
        ({"DESCRIBE": "404 Not Found"}, Misconfigured, "404"),
        ({"SETUP": "461 Unsupported Transport"}, Misconfigured, "transport: udp"),
        ({"SETUP": "453 Not Enough Bandwidth"}, CameraFailed, "as many viewers as it can"),
        ({"PLAY": "500 Internal Server Error"}, CameraFailed, "an error of its own"),
        ({"DESCRIBE": "503 Service Unavailable"}, CameraFailed, "an error of its own"),
    ],
)
def test_what_the_camera_refuses_is_said_in_words(clip, answers, kind, words):
    with FakeCamera(clip, answers=answers) as camera:
        error = refusal(camera.url_with_login)
        assert type(error) is kind
        assert words in str(error)
        assert camera.password not in str(error)


def test_nobody_is_there(clip):
    with FakeCamera(clip) as camera:
        camera.refuse()
        assert "refuses the connection" in str(refusal(camera.url))
        camera.accept()
        with opened(camera.url) as feed:
            assert next(feed.packets())
    assert "host not found: cam7.invalid" in str(refusal("rtsp://cam7.invalid/live"))
    assert "names no host" in str(refusal("rtsp:///live"))


@pytest.mark.parametrize("url", ["rtsp://127.0.0.1:port/live", "rtsp://127.0.0.1:99999/live"])
def test_a_url_that_is_none_is_said(url):
    assert isinstance(refusal(url), Misconfigured)


def test_a_scheme_may_be_in_capitals(clip):
    with FakeCamera(clip) as camera, opened(camera.url.replace("rtsp", "RTSP")) as feed:
        assert next(feed.packets())


def test_ffmpeg_says_nothing_by_itself(clip, capfd):
    with FakeCamera(clip, login="digest", wrong_realm=True, garbage=0.5) as camera:
        refusal(camera.url_with_login)
        camera.faults.login = ""
        with suppress(CameraFailed), opened(camera.url_with_login) as feed:
            next(feed.packets())
    assert capfd.readouterr() == ("", "")


def test_srt_has_a_way_out():
    error = refusal("srt://10.0.0.7:9000?passphrase=secret")
    assert "ffmpeg -i srt://" in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize("stage", ["connect", "OPTIONS", "DESCRIBE", "SETUP", "PLAY", "media"])
def test_a_camera_that_says_nothing_is_given_up(clip, stage, monkeypatch):
    monkeypatch.setattr(network, "PATIENCE", 0.5)
    monkeypatch.setattr(networkfailures, "PATIENCE", 0.5)
    with FakeCamera(clip, hang=stage) as camera:
        error = refusal(camera.url)
        assert type(error) is CameraFailed
        assert "no answer within" in str(error) or "no picture came" in str(error)


def test_a_camera_that_says_nothing_any_more_is_given_up(clip, monkeypatch):
    monkeypatch.setattr(network, "PATIENCE", 1.0)
    with FakeCamera(clip) as camera, opened(camera.url) as feed:
        packets = feed.packets()
        next(packets)
        camera.mute()
        with pytest.raises(CameraFailed, match="no answer within"):
            list(packets)


def test_silence_is_waited_for_once_whatever_ffmpeg_had_kept(clip, monkeypatch):
    """It gives the last picture only when it has given up, as if the camera were there again."""
    monkeypatch.setattr(network, "PATIENCE", 1.0)
    with FakeCamera(clip) as camera, opened(camera.url) as feed:
        read, waited = feed._video._next, []

        def timed():
            began = time.monotonic()
            try:
                return read()
            finally:
                waited.append(time.monotonic() - began)

        monkeypatch.setattr(feed._video, "_next", timed)
        packets = feed.packets()
        next(packets)
        camera.mute()
        with pytest.raises(CameraFailed, match="no answer within"):
            list(packets)
    assert len([seconds for seconds in waited if seconds >= 0.9]) == 1


def test_a_camera_that_goes_away_says_so(clip):
    with FakeCamera(clip) as camera, opened(camera.url) as feed:
        packets = feed.packets()
        next(packets)
        camera.disconnect()
        with pytest.raises(CameraFailed, match="ended the connection"):
            list(packets)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_another_size_begins_another_stream(clips, codec):
    large, small = (clips[codec, size] for size in ((320, 240), (160, 120)))
    with FakeCamera(large) as camera, opened(camera.url) as feed:
        packets = feed.packets()
        first = next(packets).stream
        assert first is feed.stream
        camera.show(small)
        changed = next(packet for packet in packets if packet.stream is not first)
        assert changed.is_keyframe
        assert changed.stream is feed.stream
        assert _size(changed) == (160, 120)
        camera.show(large)
        smaller = feed.stream
        back = next(packet for packet in packets if packet.stream is not smaller)
        assert _size(back) == (320, 240)
        assert back.time_base == feed.stream.time_base


def _size(packet):
    """As what reads a segment of it sees it."""
    packet.pts = packet.dts = 0
    data = Muxer(packet.stream).mux([packet])
    with av.open(io.BytesIO(data)) as container:
        frame = next(container.decode(video=0))
        codec = container.streams.video[0].codec_context
        assert (codec.width, codec.height) == (frame.width, frame.height)
        return frame.width, frame.height


def test_damaged_parameter_sets_are_no_other_stream(clip):
    with FakeCamera(clip) as camera, opened(camera.url) as feed:
        packets = feed.packets()
        stream = next(packets).stream
        for damaged in (1, 2):
            camera.faults.damaged = damaged
            until(lambda: not camera.faults.damaged, "key frames without sense", 10)
            later = list(itertools.islice(packets, 10))
            assert {packet.stream is stream for packet in later} == {True}
        camera.faults.damaged = 1000
        with pytest.raises(Misconfigured, match="no parameter sets that make sense"):
            list(packets)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_parameter_sets_need_not_be_announced(clips, codec):
    with FakeCamera(clips[codec, (320, 240)], sprop=False) as camera, opened(camera.url) as feed:
        packet = next(packet for packet in feed.packets() if packet.is_keyframe)
        assert _size(packet) == (320, 240)


def test_a_huge_picture_is_refused(clip):
    with (
        FakeCamera(clip, claims=(16384, 16384), inband=False) as camera,
        pytest.raises(Misconfigured, match="36 million pixels"),
        opened(camera.url) as feed,
    ):
        list(feed.packets())


def test_a_claim_that_key_frames_disprove_is_of_no_weight(clip):
    with FakeCamera(clip, claims=(16384, 16384)) as camera, opened(camera.url) as feed:
        assert _size(next(feed.packets())) == (320, 240)


def test_the_camera_tells_the_time(clip):
    with FakeCamera(clip, report_every=0.0, ntp=faults.off(-3 * 3600)) as camera:
        with opened(camera.url) as feed:
            packet = next(packet for packet in feed.packets() if feed.zero is not None)
            captured = feed.zero + packet.pts * float(packet.time_base)
            since = captured - (camera.began - 3 * 3600)
            # That of one of the clip's pictures, not of one nearby.
            assert 0 <= since < 30
            assert abs(since * 25 - round(since * 25)) < 0.05
        camera.faults.ntp = None
        with opened(camera.url) as feed:
            assert all(feed.zero is None for _ in itertools.islice(feed.packets(), 30))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_each_picture_has_its_own_time_from_the_first_on(tmp_path, bframes, transport):
    clip = media.clip(tmp_path / "a.mp4", size=(160, 120), bframes=bframes)
    with (
        FakeCamera(clip, report_every=0.0) as camera,
        opened(camera.url, transport) as feed,
    ):
        packets = list(itertools.islice(feed.packets(), 30))
        times = [feed.zero + packet.pts / 90_000 - camera.began for packet in packets]
        decoded = [packet.dts for packet in packets]
    assert decoded == sorted(set(decoded))
    assert [round(time * 25, 1) for time in sorted(times)[:25]] == list(range(25))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"garbage": 0.3},
        {"babble": 0.1},
        {"lost": 0.2},
        {"flood": True},
        {"clock": faults.constant},
    ],
)
def test_whatever_comes_packets_come_or_words(clip, wrong, transport):
    with FakeCamera(clip, **wrong) as camera:
        try:
            with opened(camera.url, transport) as feed:
                assert len(list(itertools.islice(feed.packets(), 5))) == 5
        except CameraFailed as error:
            assert str(error)


def test_no_packet_is_held_back_for_a_key_frame(clip):
    with FakeCamera(clip) as camera, opened(camera.url) as feed:
        packets = feed.packets()
        next(packets)
        camera.faults.keyless = True
        later = list(itertools.islice(packets, 15))
        assert sum(packet.is_keyframe for packet in later) <= 1


def test_closing_from_another_thread_ends_the_reading(clip):
    with FakeCamera(clip) as camera:
        for _ in range(5):
            feed = open_feed(Camera("gate", camera.url))
            stream = feed.stream
            ended = []
            thread = threading.Thread(target=_read_to_the_end, args=(feed, ended))
            thread.start()
            time.sleep(0.1)
            feed.close()
            thread.join(10)
            assert ended == ["the camera was closed"]
            assert stream.codec_context.width == 320  # what is known of it outlives it
        until(lambda: not camera.viewers, "the end of all connections")


def _read_to_the_end(feed: Feed, ended: list[str]) -> None:
    try:
        for _ in feed.packets():
            pass
    except CameraFailed as error:
        ended.append(str(error))
