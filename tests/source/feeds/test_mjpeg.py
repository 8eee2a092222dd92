"""MJPEG over HTTP: every picture that came whole is a packet, however its camera writes parts."""

import io
import itertools
import time

import av
import cv2
import pytest

from cnap.cameras import Camera
from cnap.decoder import Gop
from cnap.source.cut.cutter import Cutter
from cnap.source.feeds.feed import CameraFailed
from cnap.source.feeds.web import mjpeg as mjpeg_module
from cnap.source.feeds.web.kind import open_web
from cnap.source.feeds.web.mjpeg import MjpegFeed
from tests import media
from tests.cameras import ffmpeg, web

START = b"\xff\xd8\xff"


def jpeg(number: int = 0, size: tuple[int, int] = (64, 48)) -> bytes:
    return cv2.imencode(".jpg", media.picture(number, size))[1].tobytes()


PICTURES = [jpeg(number) for number in range(4)]


def refused(answer: web.Answer, words: str, count: int = 2) -> None:
    with web.camera(answer) as camera, pytest.raises(CameraFailed, match=words):
        received(camera, count)


def received(camera: web.WebCamera, count: int) -> list[av.Packet]:
    feed = open_web(Camera("gate", camera.url))
    try:
        return list(itertools.islice(feed.packets(), count))
    finally:
        feed.close()


def written(form: str, boundary: str = "b0undary") -> bytes:
    """All pictures, and the beginning of one more part."""
    told = [
        form.encode().replace(b"LENGTH", b"%d" % len(one)).replace(b"JPEG", one) for one in PICTURES
    ]
    head = web.begun(f"multipart/x-mixed-replace; boundary={boundary}")
    return head + b"".join(told) + form.encode().partition(b"\n")[0] + b"\r\n\r\n"


TYPE = "Content-Type: image/jpeg\r\n"
FORMS = {
    "usual": ("b0undary", f"--b0undary\r\n{TYPE}Content-Length: LENGTH\r\n\r\nJPEG\r\n"),
    "no length": ("b0undary", f"--b0undary\r\n{TYPE}\r\nJPEG\r\n"),
    "quoted": ('"b0undary"', f"--b0undary\r\n{TYPE}\r\nJPEG\r\n"),
    "dashes told": ("--b0undary", f"--b0undary\r\n{TYPE}\r\nJPEG\r\n"),
    "dashes twice": ("--b0undary", f"----b0undary\r\n{TYPE}\r\nJPEG\r\n"),
    "dashes missing": ("b0undary", f"b0undary\r\n{TYPE}\r\nJPEG\r\n"),
    "short boundary": ("b", f"--b\r\n{TYPE}\r\nJPEG\r\n"),
    "no boundary told": ("", f"--b0undary\r\n{TYPE}\r\nJPEG\r\n"),
    "bare newlines": ("b0undary", "--b0undary\nContent-Type: image/jpeg\n\nJPEG\n"),
    "no headers": ("b0undary", "--b0undary\r\n\r\nJPEG\r\n"),
    "no blank line": ("b0undary", f"--b0undary\r\n{TYPE}JPEG\r\n"),
    "a blank line before": ("b0undary", f"--b0undary\r\n\r\n{TYPE}\r\nJPEG\r\n"),
    "two blank lines": ("b0undary", f"--b0undary\r\n{TYPE}\r\n\r\nJPEG\r\n"),
    "length too long": ("b0undary", f"--b0undary\r\n{TYPE}Content-Length: 1LENGTH\r\n\r\nJPEG\r\n"),
    "length too short": ("b0undary", f"--b0undary\r\n{TYPE}Content-Length: 99\r\n\r\nJPEG\r\n"),
    "length of nothing": ("b0undary", f"--b0undary\r\n{TYPE}Content-Length: -1\r\n\r\nJPEG\r\n"),
    "padded": ("b0undary", f"--b0undary\r\n{TYPE}\r\nJPEG{chr(0) * 500}\r\n"),
}


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize(("boundary", "form"), FORMS.values(), ids=FORMS)
def test_parts_may_be_written_in_many_ways(boundary, form, step):
    sent = written(form, boundary)
    head, _, body = sent.partition(b"\r\n\r\n")
    pieces = [body[n : n + step] for n in range(0, len(body), step)]
    with web.camera(lambda _: [head + b"\r\n\r\n", *pieces]) as camera:
        packets = received(camera, len(PICTURES))
    assert [bytes(packet) for packet in packets] == PICTURES
    assert all(packet.is_keyframe for packet in packets)
    times = [packet.pts for packet in packets]
    assert times == sorted(set(times))


def test_what_is_no_whole_picture_is_left_out_and_counted():
    damaged = [b"", b"nothing", PICTURES[1][:200], START + b"\0" * 99 + b"\xff\xd9"]
    sent = [PICTURES[0], *damaged, PICTURES[2]]
    with web.camera(lambda _: web.parts(sent)) as camera:
        feed = open_web(Camera("gate", camera.url))
        packets = list(itertools.islice(feed.packets(), 2))
        feed.close()
    assert [bytes(packet) for packet in packets] == [PICTURES[0], PICTURES[2]]
    assert feed.note == "4 pictures came damaged"


def test_a_camera_that_sends_nothing_else_has_failed():
    sent = [PICTURES[0], *[b"nothing"] * 99]
    refused(lambda _: web.parts(sent), "20 pictures in a row are damaged")


def test_the_end_is_a_failure():
    refused(lambda _: web.parts(PICTURES[:1]), "ended the connection")


@pytest.mark.parametrize("endless", ["picture", "headers", "nothing"])
def test_parts_without_end_are_not_kept(endless, monkeypatch):
    monkeypatch.setattr("cnap.source.feeds.web.parts.MOST_BYTES", 1 << 20)

    def answer(_):
        yield web.begun("multipart/x-mixed-replace; boundary=b0undary")
        if endless != "nothing":
            yield b"--b0undary\r\nX: y\r\n" + (b"\r\n" if endless == "picture" else b"")
        yield from itertools.repeat(b"0" * 99_999)

    with (
        web.camera(answer) as camera,
        pytest.raises(CameraFailed, match=r"larger|more than 16 KiB"),
    ):
        received(camera, 1)


def test_a_picture_that_comes_byte_by_byte_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(mjpeg_module, "PATIENCE", 0.5)

    def answer(_):
        yield from web.parts(PICTURES[:1])
        for letter in PICTURES[0]:
            yield bytes([letter])
            time.sleep(0.05)

    refused(answer, "no whole picture")


def test_another_size_is_another_stream():
    sizes = [(64, 48), (64, 48), (128, 96)]
    sent = [jpeg(number, size) for number, size in enumerate(sizes)]
    with web.camera(lambda _: web.parts(sent)) as camera:
        feed = open_web(Camera("gate", camera.url))
        packets = list(itertools.islice(feed.packets(), 3))
        streams = [packet.stream for packet in packets]
        assert streams[0] is feed.stream is streams[1] is not streams[2]
        assert [one.codec_context.width for one in streams] == [64, 64, 128]
        feed.close()


def test_a_picture_that_claims_too_much_is_refused_before_it_is_decoded():
    huge = bytearray(jpeg())
    place = huge.index(b"\xff\xc0")
    huge[place + 5 : place + 9] = b"\xff\xff\xff\xff"
    refused(lambda _: web.parts([bytes(huge)]), "65535x65535", 1)


def test_stamps_are_the_time_where_they_can_be_true():
    captured = [time.time() - 1 + n / 10 for n in range(4)]

    def answer(_):
        for number, moment in enumerate(captured):
            head, part = web.parts([PICTURES[number]], X_Timestamp=f"{moment:.6f}")
            yield part if number else head + part

    with web.camera(answer) as camera:
        feed = open_web(Camera("gate", camera.url))
        packets = list(itertools.islice(feed.packets(), 4))
        feed.close()
    told = [feed.zero + float(packet.pts * packet.time_base) for packet in packets]
    assert told == pytest.approx(captured, abs=0.001)


@pytest.mark.parametrize("stamp", ["0.000000", "86400.5", "", "soon", "nan"])
def test_stamps_of_another_clock_are_none(stamp):
    with web.camera(lambda _: web.parts(PICTURES, X_Timestamp=stamp)) as camera:
        feed = open_web(Camera("gate", camera.url))
        times = [packet.pts for packet in itertools.islice(feed.packets(), 4)]
        feed.close()
    assert feed.zero is None
    assert times == sorted(set(times))


def test_ffmpegs_own_is_cut_into_segments_that_are_decoded(tmp_path):
    clip = media.clip(tmp_path / "a.mp4", size=(128, 96), frames=20, rate=20)
    with ffmpeg.sending(
        clip, "http", "-c:v", "mjpeg", "-an", form="mpjpeg", rest="/camera.mjpg"
    ) as url:
        feed = open_web(Camera("gate", "mjpeg+" + url))
        assert isinstance(feed, MjpegFeed)
        cutter = Cutter(feed.stream, 0.5)
        cuts = (cut for packet in feed.packets() for cut in cutter.feed(packet))
        first, second = itertools.islice(cuts, 2)
        feed.close()
    for cut in (first, second):
        shown = Gop(0).show(memoryview(cut.data), cut.datacontenttype, 0, cut.framecount, True)
        assert shown
        assert all(one.frame.width == 128 for one in shown)
    assert second.start > first.start


def test_a_thumbnails_end_is_not_the_pictures():
    """A JPEG with a thumbnail has an end of its own in its midst."""
    thumbnail = START + b"\xe1\x00\x06\xff\xd9\0\0" + jpeg()[2:]
    with web.camera(lambda _: web.parts([thumbnail] * 2)) as camera:
        packets = received(camera, 2)
    assert [bytes(packet) for packet in packets] == [thumbnail] * 2
    assert av.open(io.BytesIO(bytes(packets[0])), format="mjpeg").streams.video
