"""Snapshots: a frame a request, whatever the camera answers, and never two requests at once."""

import itertools
import threading

import cv2
import pytest

from cnap.cameras import Camera
from cnap.decoder import Gop
from cnap.source.cut.cutter import Cutter
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.web.kind import open_web
from cnap.source.feeds.web.snapshots import SnapshotFeed
from tests import media
from tests.cameras import nginx, web

FAST = 30.0


def encoded(number: int, size: tuple[int, int] = (64, 48), kind: str = ".jpg") -> bytes:
    return cv2.imencode(kind, media.picture(number, size))[1].tobytes()


PICTURES = [encoded(number) for number in range(4)]


def opened(url: str, framerate: float = FAST) -> SnapshotFeed:
    feed = open_web(Camera("gate", url, framerate=framerate))
    assert isinstance(feed, SnapshotFeed)
    return feed


def taken(url: str, count: int) -> list[bytes]:
    feed = opened(url)
    try:
        return [bytes(packet) for packet in itertools.islice(feed.packets(), count)]
    finally:
        feed.close()


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_a_still_camera_counts_as_a_stream(tmp_path, kind):
    """nginx answers 304 from the second request on."""
    (tmp_path / f"now{kind}").write_bytes(encoded(1, kind=kind))
    with nginx.serving(tmp_path, tmp_path / "nginx") as url:
        feed = opened(f"{url}/now{kind}")
        cutter = Cutter(feed.stream, 0.2)
        cuts = (cut for packet in feed.packets() for cut in cutter.feed(packet))
        cut = next(itertools.islice(cuts, 1, None))
        feed.close()
    shown = Gop(0).show(memoryview(cut.data), cut.datacontenttype, 0, cut.framecount, True)
    assert shown
    assert all((one.frame.width, one.frame.height) == (64, 48) for one in shown)


def test_a_new_picture_is_seen(tmp_path):
    path = tmp_path / "now.jpg"
    path.write_bytes(PICTURES[0])
    with nginx.serving(tmp_path, tmp_path / "nginx") as url:
        feed = opened(f"{url}/now.jpg")
        packets = feed.packets()
        assert bytes(next(packets)) == bytes(next(packets)) == PICTURES[0]
        again = tmp_path / "next.jpg"
        again.write_bytes(encoded(7, (32, 24)))
        again.replace(path)
        newest = next(one for one in packets if bytes(one) != PICTURES[0])
        assert bytes(newest) == path.read_bytes()
        assert newest.stream is not feed.stream
        feed.close()


def test_nginxs_login(tmp_path):
    (tmp_path / "now.jpg").write_bytes(PICTURES[0])
    (tmp_path / "users").write_text("me:{PLAIN}secret\n")
    rest = f"auth_basic camera; auth_basic_user_file {tmp_path}/users;"
    with nginx.serving(tmp_path, tmp_path / "nginx", rest) as url:
        host = url.removeprefix("http://")
        assert taken(f"http://me:secret@{host}/now.jpg", 2) == [PICTURES[0]] * 2
        with pytest.raises(Misconfigured, match="401: the camera refused the login"):
            taken(f"http://me:wrong@{host}/now.jpg", 1)


def test_what_is_known_is_not_sent_again():
    def answer(asked):
        if asked.headers.get("if-none-match") == '"1"':
            return b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 0\r\n\r\n'
        return web.ok(PICTURES[0], "image/jpeg", ETag='"1"')

    with web.camera(answer) as camera:
        assert taken(camera.url, 4) == [PICTURES[0]] * 4
        assert [len(asked.headers.get("if-none-match", "")) for asked in camera.asked] == [
            0,
            3,
            3,
            3,
        ]


def test_times_are_those_of_the_answers_and_rise():
    with web.camera(lambda _: web.ok(PICTURES[0], "image/jpeg")) as camera:
        feed = opened(camera.url)
        assert feed.framerate == FAST
        times = [packet.pts for packet in itertools.islice(feed.packets(), 5)]
        feed.close()
    assert times == sorted(set(times))


def test_a_slow_camera_is_asked_once_at_a_time():
    busy = threading.Semaphore(1)
    together = []

    def answer(_):
        together.append(not busy.acquire(blocking=False))
        threading.Event().wait(0.1)
        busy.release()
        return web.ok(PICTURES[0], "image/jpeg")

    with web.camera(answer) as camera:
        taken(camera.url, 4)
    assert not any(together)


def test_a_camera_may_be_busy_for_a_moment():
    statuses = iter(["200 OK", "503 Busy", "200 OK", "500 Oh", "500 Oh", "200 OK"])

    def answer(_):
        return web.answered(next(statuses), PICTURES[0], Content_Type="image/jpeg")

    with web.camera(answer) as camera:
        assert len(taken(camera.url, 3)) == 3


@pytest.mark.parametrize(
    ("later", "words", "state"),
    [
        (web.answered("503 Busy"), "503", "offline"),
        (web.answered("404 Gone"), "404", "misconfigured"),
        (web.answered("401 No"), "wants a login", "misconfigured"),
        (web.ok(b"<html>", "image/jpeg"), "20 pictures in a row are damaged", "offline"),
        (web.begun("image/jpeg\r\nContent-Length: 50000000"), "larger than 32 MiB", "offline"),
    ],
)
def test_a_camera_that_gives_none_any_more_has_failed(later, words, state):
    answers = itertools.chain([web.ok(PICTURES[0], "image/jpeg")], itertools.repeat(later))
    with web.camera(lambda _: next(answers)) as camera:
        with pytest.raises(CameraFailed, match=words) as error:
            taken(camera.url, 99)
        assert error.value.state == state


def test_a_page_is_no_camera():
    with web.camera(lambda _: web.ok(b"<html>", "text/html")) as camera:
        with pytest.raises(Misconfigured, match="a web page"):
            open_web(Camera("gate", camera.url))
        with pytest.raises(CameraFailed, match="neither JPEG nor PNG"):
            taken(f"snapshot+{camera.url}", 1)
