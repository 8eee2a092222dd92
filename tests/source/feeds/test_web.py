"""HTTP: logins go where they belong, everything has an end, and what fails is told in words."""

import gzip
import itertools
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time

import pytest

from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.web import client as web_module
from cnap.source.feeds.web.client import Web
from tests.cameras import web
from tests.cameras.faults import Faults
from tests.cameras.login import admitted, challenge
from tests.servers import free_ports


def fetched(url: str, most: int = 1 << 20) -> bytes:
    client = Web(url)
    try:
        answer = client.run(client.get(client.url))
        return client.run(client.read(answer, most, "the answer"))
    finally:
        client.close()


def failed(url: str, most: int = 1 << 20) -> CameraFailed:
    with pytest.raises(CameraFailed) as error:
        fetched(url, most)
    assert "secret" not in str(error.value)
    return error.value


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(web_module, "PATIENCE", 0.5)


@pytest.mark.parametrize("kind", ["basic", "digest"])
def test_the_login_that_is_asked_for_is_given(kind):
    faults = Faults(login=kind)

    def answer(asked):
        given = asked.headers.get("authorization", "")
        if admitted(faults, "GET", given, "me", "se:cret/@"):
            return web.ok(b"in")
        return web.answered("401 No", WWW_Authenticate=challenge(faults))

    with web.camera(answer) as camera:
        client = Web(camera.with_login("me:se%3Acret%2F%40") + "/a%20b?c=d%2Fe")
        for _ in range(3):
            answered = client.run(client.get(client.url))
            assert client.run(client.read(answered, 99, "it")) == b"in"
        client.close()
        assert len(camera.asked) == 4  # from the second time on at once

        refused = failed(camera.with_login("me:secret"))
        assert isinstance(refused, Misconfigured)
        assert str(refused) == "401: the camera refused the login"
        assert "wants a login" in str(failed(camera.url))


@pytest.mark.parametrize("place", ["http://localhost:{port}/", "//localhost:{port}/x"])
@pytest.mark.parametrize("kind", ["basic", "digest"])
def test_another_host_never_gets_the_login(place, kind):
    faults = Faults(login=kind)
    with web.camera(lambda _: web.answered("401 No", WWW_Authenticate=challenge(faults))) as other:
        to = place.format(port=other.port)
        with web.camera(lambda _: web.answered("302 Found", Location=to)) as camera:
            assert "wants a login" in str(failed(camera.with_login("me:secret")))
        assert other.asked
        assert all("authorization" not in asked.headers for asked in other.asked)


def test_a_redirect_on_the_same_host_keeps_the_login():
    faults = Faults(login="digest")

    def answer(asked):
        if asked.path == "/":
            return web.answered("302 Found", Location="/video")
        if admitted(faults, "GET", asked.headers.get("authorization", ""), "me", "secret"):
            return web.ok(b"in")
        return web.answered("401 No", WWW_Authenticate=challenge(faults))

    with web.camera(answer) as camera:
        assert fetched(camera.with_login("me:secret")) == b"in"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("/again", "redirects more than 5 times"),
        ("file:///etc/passwd", "only http and https"),
        ("ftp://127.0.0.1/", "only http and https"),
        ("http://[", "no url"),
    ],
)
def test_redirects_have_an_end_and_stay_on_the_web(place, words):
    with web.camera(lambda _: web.answered("302 Found", Location=place)) as camera:
        assert words in str(failed(camera.url))
        assert len(camera.asked) <= 6


@pytest.mark.parametrize(
    ("status", "words", "state"),
    [
        ("403 Forbidden", "403:", "misconfigured"),
        ("404 Not Found", "404: 127.0.0.1 has nothing at /cam", "misconfigured"),
        ("503 Busy", "503: the camera has an error of its own", "offline"),
        ("418 Teapot", "418:", "offline"),
    ],
)
def test_statuses_are_told_in_words(status, words, state):
    with web.camera(lambda _: web.answered(status)) as camera:
        error = failed(camera.url + "/cam?token=secret")
        assert words in str(error)
        assert error.state == state


def test_what_can_not_be_reached_is_told_in_words():
    (port,) = free_ports(1)
    assert str(failed("http://camera.invalid/")) == "host not found: camera.invalid"
    assert f"127.0.0.1:{port} refuses" in str(failed(f"http://me:secret@127.0.0.1:{port}/"))
    for url in ("http://", "http://me:secret@:80/", "ftp://host/", "http://[::1/"):
        assert isinstance(failed(url), Misconfigured)
    with web.camera(lambda _: web.ok(b"")) as camera:
        assert "doesn't speak https" in str(failed(camera.url.replace("http", "https")))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "ended the connection"),
        (b"SSH-2.0-OpenSSH\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, "more than HTTP allows"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n", "larger than 1 MiB"),
        (web.ok(gzip.compress(b"0" * 99), Content_Encoding="gzip"), "compresses"),
    ],
)
def test_answers_that_are_none_are_told_in_words(sent, words):
    with web.camera(lambda _: [sent]) as camera:
        assert words in str(failed(camera.url))


def test_a_certificate_is_checked_and_may_be_one_of_ones_own(tmp_path):
    program = shutil.which("openssl") or pytest.skip("no openssl here to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    )
    subprocess.run([program, *words.split()], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with web.camera(lambda _: web.ok(b"in"), tls) as camera:
        url = camera.url.replace("http", "https")
        error = failed(url)
        assert isinstance(error, Misconfigured)
        assert "certificate can't be trusted: self-signed certificate" in str(error)
        assert "SSL_CERT_FILE" in str(error)
        script = (
            "import sys; from tests.source.feeds.test_web import *; print(fetched(sys.argv[1]))"
        )
        trusting = subprocess.run(
            [sys.executable, "-c", script, url],
            env=os.environ | {"SSL_CERT_FILE": str(certificate)},
            capture_output=True,
            text=True,
        )
        assert trusting.stdout.strip() == "b'in'", trusting.stderr


def test_headers_without_end_are_not_kept(impatient):
    def answer(_):
        yield b"HTTP/1.1 200 OK\r\n"
        for number in itertools.count():
            yield b"X-%d: y\r\n" % number

    with web.camera(answer) as camera:
        failed(camera.url)


def test_bodies_without_end_are_not_kept():
    with web.camera(
        lambda _: itertools.chain([web.begun("a/b")], itertools.repeat(b"0" * 9999))
    ) as c:
        assert "larger than 1 MiB" in str(failed(c.url))


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", web.begun("a/b")])
def test_a_byte_now_and_then_is_not_waited_for(impatient, head):
    def answer(_):
        yield head
        for letter in itertools.cycle(b"HTTP/1.1 200 OK\r\nX: y"):
            yield bytes([letter])
            time.sleep(0.05)

    with web.camera(answer) as camera:
        assert failed(camera.url).state == "offline"


def test_another_thread_ends_the_wait():
    def answer(_):
        yield web.begun("a/b")
        camera.ended.wait(60)

    with web.camera(answer) as camera:
        client = Web(camera.url)
        answered = client.run(client.get(client.url))
        threading.Timer(0.1, client.close).start()
        with pytest.raises(CameraFailed, match="closed"):
            client.run(client.read(answered, 99, "it"))
        with pytest.raises(CameraFailed, match="closed"):
            client.run(client.get(client.url))
