"""`cnap discover`: what cameras say of themselves, true or not."""

import json
import re
from datetime import timedelta

import pytest
from click.testing import CliRunner

from cnap.cameras import parse
from cnap.cli import discover as command
from cnap.cli.discover import discover
from cnap.errors import CnapError
from cnap.onvif import xml
from cnap.onvif.device import _without_login
from cnap.onvif.xml import BadAnswer
from tests.cameras.onvif import ENVELOPE, FakeCamera, running


def run(camera, *options, stdin="s3cret&more\n", environment=None):
    """Asks one camera."""
    arguments = ["--seconds", "0.3", "--to", f"127.0.0.1:{camera.udp}", *options]
    return CliRunner().invoke(discover, arguments, input=stdin, env=environment)


LOGIN = ("--username", "admin", "--password-stdin")


def streams(camera, *options, **keywords):
    """What is known of the camera, as JSON."""
    result = run(camera, *(options or LOGIN), "--json", **keywords)
    assert result.exit_code == 0, result.output
    (one,) = json.loads(result.stdout)
    return one


def test_a_camera_is_found_without_a_login():
    with running(FakeCamera()) as camera:
        result = run(camera)
    assert result.stdout.splitlines() == [
        "camera          address    service",
        f"Front Door X-1  127.0.0.1  {camera.service}",
    ]
    assert camera.questions == []


def test_a_camera_is_found_by_multicast(monkeypatch):
    group = "239.255.255.249"
    with running(FakeCamera(), group) as camera:
        monkeypatch.setattr(command, "GROUP", (group, camera.udp))
        options = ["--seconds", "0.3", "--interface", "127.0.0.1", "--json"]
        result = CliRunner().invoke(discover, options)
        by_name = CliRunner().invoke(discover, ["--seconds", "0.3", "--interface", "lo", "--json"])
    for one in (result, by_name):
        assert [found["found"]["service"] for found in json.loads(one.stdout)] == [camera.service]


@pytest.mark.parametrize("wants", ["token", "digest", "nothing"])
@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=-300)])
def test_a_camera_is_asked_for_its_streams(wants, ahead):
    with running(FakeCamera(wants=wants, ahead=ahead)) as camera:
        told = streams(camera)
    assert told["problem"] == ""
    assert [(p["name"], p["url"], p["codec"], p["size"]) for p in told["profiles"]] == [
        (name, f"rtsp://127.0.0.1:554/{name}", "H264", [1920, 1080]) for name in ("main", "sub")
    ]
    assert b"s3cret" not in b"".join(camera.seen)


def test_entries_are_a_cameras_yaml_without_a_password(monkeypatch):
    with running(FakeCamera(stream="rtsp://admin:s3cret&amp;more@127.0.0.1/{token}")) as camera:
        result = run(camera, *LOGIN, "--yaml")
    (entry,) = parse(result.stdout)
    assert (entry.name, entry.models) == ("front-door", ())
    assert entry.url == "rtsp://admin:${CAMERA_PASSWORD}@127.0.0.1/main"
    assert "# sub: H264 1920x1080, rtsp://admin:${CAMERA_PASSWORD}@127.0.0.1/sub" in result.stdout
    assert "s3cret" not in result.output


def test_a_login_by_reference_is_what_entries_refer_to():
    with running(FakeCamera(password="p@ss")) as camera:
        options = ("--username", "admin", "--login", "GATE_PASSWORD", "--yaml")
        result = run(camera, *options, environment={"GATE_PASSWORD": "p@ss"})
    assert parse(result.stdout)[0].url == "rtsp://admin:${GATE_PASSWORD}@127.0.0.1/main".replace(
        "127.0.0.1", "127.0.0.1:554"
    )
    assert "p@ss" not in result.output


@pytest.mark.parametrize("wants", ["token", "digest"])
def test_a_refused_login_is_said_in_words(wants):
    with running(FakeCamera(wants=wants)) as camera:
        assert streams(camera, stdin="wrong\n")["problem"] == "it refused the login of admin"
        without = run(camera, "--yaml")
    assert "# it wants a login: --username NAME --password-stdin" in without.stdout


def test_a_camera_that_names_another_machine_gets_no_login():
    with running(FakeCamera(addresses="http://10.9.9.9/onvif/device_service")) as camera:
        told = streams(camera)
    assert "it names another machine than itself: http://10.9.9.9" in told["found"]["warnings"][0]
    assert camera.questions == []


def test_a_media_service_elsewhere_gets_no_login():
    with running(FakeCamera(media="http://10.9.9.9/media")) as camera:
        told = streams(camera)
    assert told["problem"] == "its media service is said to be on another machine: " \
        "http://10.9.9.9/media"  # fmt: skip
    assert "GetProfiles" not in camera.questions


@pytest.mark.parametrize("stream", ["rtsp://10.9.9.9/{token}", "file:///etc/passwd"])
def test_a_stream_elsewhere_is_only_a_comment(stream):
    with running(FakeCamera(stream=stream)) as camera:
        result = run(camera, *LOGIN, "--yaml")
    assert result.exit_code == 0
    assert parse(result.stdout) == []
    assert stream.format(token="main").partition("://")[2] in result.stdout


def test_a_camera_cannot_ask_for_other_secrets():
    with running(
        FakeCamera(stream="rtsp://127.0.0.1/${{AWS_SECRET_ACCESS_KEY}}/{token}")
    ) as camera:
        result = run(camera, *LOGIN, "--yaml")
    assert "${AWS" not in result.stdout
    assert "%24{AWS" in result.stdout


BOMB = b'<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><b>&b;</b>'
OUTSIDE = b'<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><b>&a;</b>'


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (BOMB, "its XML has a document type"),
        (OUTSIDE, "its XML has a document type"),
        (BOMB.decode().encode("utf-16"), "its XML has a document type"),
        (b"<a>" * 100_000, "nested without end"),
        (b"x" * (xml.MOST_BYTES + 1), "it answers more than 1 MiB"),
        (b"hello", "it answers no XML"),
        (b"<?xml version='1.0' encoding='nonsense'?><a/>", "it answers no XML"),
        (b"", "it answers no XML"),
        (b"<a/>", "it has no media service"),
    ],
)
def test_whatever_a_camera_answers_is_said_in_words(answer, words):
    with running(FakeCamera(answer=answer)) as camera:
        assert words in streams(camera)["problem"]


@pytest.mark.parametrize("match", [BOMB, b"\0", b"<a/>", b"x" * 60_000])
def test_nonsense_in_the_network_is_no_camera(match):
    with running(FakeCamera(match=match)) as camera:
        result = run(camera)
    assert isinstance(result.exception, CnapError)
    assert "no camera answered within 0.3 s" in str(result.exception)


def test_an_answer_to_somebody_else_is_no_camera():
    other = ENVELOPE.format(
        header="<a:RelatesTo>uuid:other</a:RelatesTo>",
        body="<d:ProbeMatches><d:ProbeMatch/></d:ProbeMatches>",
    )
    with running(FakeCamera(match=other.encode())) as camera:
        assert isinstance(run(camera).exception, CnapError)


def test_a_flood_of_answers_is_bounded(monkeypatch):
    monkeypatch.setattr("cnap.onvif.probe.MOST", 20)
    with running(FakeCamera(times=100)) as camera:
        assert len(json.loads(run(camera, "--json").stdout)) == 20


def test_names_do_nothing_to_a_terminal():
    scopes = "onvif://www.onvif.org/name/%1b%5b2J%0aevil%e2%80%ae onvif://www.onvif.org/hardware/H"
    with running(FakeCamera(scopes=scopes, profiles=())) as camera:
        result = run(camera, *LOGIN, "--yaml")
    assert "\x1b" not in result.stdout and "\u202e" not in result.stdout
    assert result.stdout.splitlines()[1] == "  # [2Jevil H, 127.0.0.1"


def test_cameras_of_one_name_are_streams_of_different_names():
    with running(FakeCamera(times=2)) as camera:
        names = [entry.name for entry in parse(run(camera, *LOGIN, "--yaml").stdout)]
    assert names == ["front-door", "front-door-2"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--username", "admin"], "needs --password-stdin, or --login"),
        (["--password-stdin"], "add --username"),
        (["--username", "a", "--login", "NO_SUCH"], "nothing is called NO_SUCH"),
        (["--to", "10.0.0.7:x"], "write it as 10.0.0.7 or 10.0.0.7:3702"),
        (["--seconds", "9999"], "0.2<=x<=60"),
    ],
)
def test_what_is_asked_wrongly_is_said(options, words):
    result = CliRunner().invoke(discover, options)
    assert result.exit_code == 2
    assert words in result.output


def test_an_interface_that_is_not_there_names_those_that_are():
    result = CliRunner().invoke(discover, ["--seconds", "0.2", "--interface", "nope0"])
    assert re.search("there is no interface nope0: there are .*lo", str(result.exception))


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("rtsp://a:b@host/x", "rtsp://host/x"),
        ("rtsp://a:p@ss@host:554/x@y", "rtsp://host:554/x@y"),
        ("rtsp://host/x", "rtsp://host/x"),
    ],
)
def test_a_cameras_own_password_is_left_out(url, bare):
    assert _without_login(url) == bare


def test_names_keep_their_namespace():
    root = xml.parse(b'<a xmlns="urn:x" y="1"><b>  text </b></a>')
    assert (root.tag, root.get("y"), xml.told(root, "*:b")) == ("{urn:x}a", "1", "text")
    with pytest.raises(BadAnswer):
        xml.parse(b"<a><b></a>")
