"""The runner at its edge: what is no event, too much, too many, and the end."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnap.accounts import account
from cnap.redis import connect
from tests import outcomes
from tests.functions import ROOT, under_runner
from tests.real import MODEL

JSON = {"content-type": "application/json"}
STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
EVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
BINARY = {f"ce-{name}": value for name, value in EVENT.items()}


@pytest.fixture(scope="module")
def environment(tmp_path_factory, redis_url):
    return {"CNAP_STORE": f"file://{tmp_path_factory.mktemp('store')}", "CNAP_REDIS": redis_url}


@pytest.fixture(scope="module")
def publish(environment):
    with under_runner("publish", environment) as served:
        yield served


def plain(answer, status):
    assert answer.status == status
    assert answer.headers["content-type"].startswith("text/plain")
    text = answer.body.decode()
    assert 0 < len(text) < 500
    assert not any(word in text for word in ("Traceback", "<", 'File "'))
    return text


NO_EVENTS = {
    "nothing": (b"", {}),
    "a text": (b"hello", {"content-type": "text/plain"}),
    "a form": (b"a=1", {"content-type": "application/x-www-form-urlencoded"}),
    "other json": (b'{"a": 1}', JSON),
    "no id": (b"", {k: v for k, v in BINARY.items() if k != "ce-id"}),
    "another version": (b"", BINARY | {"ce-specversion": "9.9"}),
    "structured nothing": (b"", STRUCTURED),
    "structured text": (b"hello", STRUCTURED),
    "structured list": (b"[1]", STRUCTURED),
    "structured null": (b"null", STRUCTURED),
    "structured number": (b"7", STRUCTURED),
    "structured bytes": (b"\xff\xfe\x00", STRUCTURED),
    "structured, no id": (json.dumps({"specversion": "1.0"}).encode(), STRUCTURED),
    "structured, version is a list": (json.dumps(EVENT | {"specversion": []}).encode(), STRUCTURED),
    "deep json": (b"[" * 100_000, STRUCTURED),
    "base64 that is none": (json.dumps(EVENT | {"data_base64": "***"}).encode(), STRUCTURED),
    "base64 of another kind": (json.dumps(EVENT | {"data_base64": 7}).encode(), STRUCTURED),
    "a batch": (
        json.dumps([EVENT]).encode(),
        {"content-type": "application/cloudevents-batch+json"},
    ),
}


@pytest.mark.parametrize("name", NO_EVENTS)
def test_what_is_no_event_is_400_in_one_sentence(publish, name):
    body, headers = NO_EVENTS[name]

    assert "\n" not in plain(publish.request("POST", "/", body, headers), 400)


ABSURD = {
    "id": ["", "x", "gate-1-1", "gate-1-99999999999", "g" * 100_000, "-1-0000000001", "gate-x-y"],
    "type": ["io.cnap.nothing", "t" * 50_000],
    "time": ["yesterday", "0000-00-00T00:00:00Z", "2026-05-01T08:00:00", "99999-01-01T00:00:00Z"],
    "models": ["A", "a," * 2000, "a,a", "../x", "a" * 5000],
    "capturedframes": ["-1", "1e9", "9" * 40, "NaN"],
    "framecount": ["-1", "x"],
    "sequence": ["x"],
    "senttime": ["x"],
    "madetime": ["x", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"],
    "datacontenttype": ["text/html"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ABSURD.items() for value in values]
)
def test_absurd_attributes_are_never_worse_than_400(publish, name, value):
    event = outcomes.result(outcomes.frames(outcomes.segment()))
    event[name] = value
    answer = publish.send(event, structured=True)

    if answer.status != 204:
        assert "\n" not in plain(answer, 400)
    dead = publish.send(outcomes.dead(event), "/?deadletter=a", structured=True)
    assert dead.status in (204, 400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/liveness", 200),
        ("GET", "/health/readiness", 200),
        ("GET", "/", 405),
        ("PUT", "/", 405),
        ("POST", "/other", 404),
        ("POST", "/../../etc/passwd", 404),
        ("POST", "/" + "x" * 5000, 404),
    ],
)
def test_routes(publish, method, path, status):
    plain(publish.request(method, path), status)


def test_metrics_are_prometheus_s(publish):
    publish.request("POST", "/", b"")
    answer = publish.request("GET", "/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert b'cnap_events_total{function="publish",status="400"}' in answer.body


def test_a_body_that_is_too_large_is_refused_and_nothing_breaks(publish):
    with socket.create_connection(("127.0.0.1", publish.port)) as line:
        line.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + bytes(999)
        )
        first = line.recv(200)
    assert b" 413 " in first or first == b""
    assert publish.request("GET", "/health/readiness").status == 200


@pytest.mark.parametrize("junk", [b"\x16\x03\x01" * 50, b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n"])
def test_what_is_no_http_breaks_nothing(publish, junk):
    with socket.create_connection(("127.0.0.1", publish.port), timeout=5) as line:
        line.sendall(junk)
        line.shutdown(socket.SHUT_WR)
        assert b"Traceback" not in line.recv(2000)
    assert publish.request("GET", "/health/readiness").status == 200


def test_a_burst_is_answered_in_full(publish, database):
    events = [outcomes.result(outcomes.frames(outcomes.segment(n))) for n in range(80)]
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(publish.send, events * 2))

    assert {answer.status for answer in answers} == {204}
    assert account(database, "gate").inferred == 80 * 25


def test_sigterm_finishes_the_request_in_hand(environment, database):
    event = outcomes.result(outcomes.frames(outcomes.segment()))
    with under_runner("publish", environment) as served, ThreadPoolExecutor(1) as pool:
        assert served.send(event).status == 204
        held = connect(environment["CNAP_REDIS"])
        held.execute_command("CLIENT", "PAUSE", "1000", "WRITE")
        answer = pool.submit(served.send, outcomes.result(outcomes.frames(outcomes.segment(1))))
        time.sleep(0.3)  # long enough to be in hand, and Redis lets nobody write for a second
        assert not answer.done()
        served.process.send_signal(signal.SIGTERM)

        assert answer.result().status == 204
        assert served.process.wait(10) == 0
    assert account(database, "gate").inferred == 50


def test_sigterm_ends_an_idle_function_at_once(environment):
    with under_runner("publish", environment) as served:
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(5) == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"CNAP_FUNCTION": ""}, "CNAP_FUNCTION=''"),
        ({"CNAP_FUNCTION": "nothing"}, "there is no"),
        ({"CNAP_FUNCTION": "transcode", "CNAP_STORE": "nowhere"}, "CNAP_STORE must be"),
        ({"CNAP_FUNCTION": "transcode", "CNAP_FRAMES_RATE": "x"}, "CNAP_FRAMES_RATE must be"),
        ({"CNAP_FUNCTION": "infer", "CNAP_MODEL": "nothing"}, "no model is called 'nothing'"),
        ({"CNAP_FUNCTION": "publish", "PORT": "x"}, "PORT must be a number"),
        ({"CNAP_FUNCTION": "publish", "PORT": "1"}, "port 1"),
    ],
)
def test_a_function_that_can_not_start_says_why_in_one_line(environment, settings, words):
    if settings.get("PORT") == "1":
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        settings, words = settings | {"PORT": port}, words.replace("1", port)
    ended = subprocess.run(
        [sys.executable, "-m", "cnap.runner"],
        cwd=ROOT,
        env={"PATH": "", **environment, **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert words in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_several_first_events_at_once_load_one_model(monkeypatch, environment, assets):
    """Under parliament nothing is loaded before the first event."""
    from cnap import runner

    monkeypatch.setenv("CNAP_STORE", environment["CNAP_STORE"])
    monkeypatch.setenv("CNAP_MODEL", MODEL)
    module = runner.load("infer")
    made = []
    monkeypatch.setattr(module, "Engine", lambda *given: (time.sleep(0.1), made.append(given))[0])
    threads = [threading.Thread(target=module.warm) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
