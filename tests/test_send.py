"""`cnap send` where a pipeline runs already: what can't be sent through it is refused at once."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cnap import cameras
from cnap import running as running_module
from cnap.cameras import Camera
from cnap.running import Running
from tests import media

CNAP = Path(sys.executable).with_name("cnap")


@pytest.fixture
def kubernetes():
    """The part of a running pipeline's API that says which cameras it has."""
    asked = []
    text = cameras.dump([Camera("gate", "gate.mp4")])

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = json.dumps({"data": {cameras.KEY: text}}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            asked.append(self.path)
            self.send_error(500)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def running(kubernetes, tmp_path, monkeypatch):
    """A note of a pipeline that runs, with one model and one camera."""
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path / "cache"))
    url, _ = kubernetes
    return Running(
        f"{url}/broker", url, "", "t", f"file://{tmp_path}", "unix:///no", ["fastestdet"]
    )


@pytest.fixture
def send(tmp_path):
    media.clip(tmp_path / "film.mp4", frames=2)

    def send(*words):
        return subprocess.run(
            [CNAP, "send", *words],
            cwd=tmp_path,
            env=os.environ | {"CNAP_CACHE": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return send


@pytest.mark.parametrize("wanted", ["yolox-nano", "no-such-model", "./own.onnx", ""])
def test_a_model_that_the_pipeline_has_not_is_refused(running, kubernetes, send, wanted):
    with running.noted():
        ended = send("film.mp4", "--stream", "film", "--model", wanted)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"cnap: a pipeline runs already, with fastestdet and without {wanted}; leave --model, "
        "--family and --labels out, or end that one first (this command then starts its own)\n"
    )
    assert not [path for path in kubernetes[1] if "broker" in path]


def test_what_describes_a_model_file_is_refused_too(running, send):
    with running.noted():
        ended = send("film.mp4", "--stream", "film", "--family", "yolox")

    assert ended.returncode == 1
    assert "leave --model, --family and --labels out" in ended.stderr


def test_a_name_commands_no_terminal(running, send, tmp_path):
    for name in ("film.jpg", "\x1b[31mred\n.txt"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"")
    with running.noted():
        ended = send("in", "--stream", "gate")

    assert ended.stderr.startswith("cnap: skipped 1 file that is no film and no picture: ?[31mred?")


def test_a_cameras_name_is_taken(running, kubernetes, send):
    with running.noted():
        ended = send("film.mp4", "--stream", "gate")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "gate is a camera of the running pipeline" in ended.stderr
    assert not [path for path in kubernetes[1] if "broker" in path]


def test_a_pipeline_that_does_not_answer_is_one_line(running, send):
    gone = replace(running, kubernetes="http://127.0.0.1:9")
    with gone.noted():
        ended = send("film.mp4", "--stream", "film")

    assert ended.returncode == 1
    assert ended.stderr.startswith("cnap: the running pipeline does not answer: ")
    assert len(ended.stderr.splitlines()) == 1


def test_a_pipeline_knows_whether_it_runs(running):
    assert not running.runs
    with running.noted():
        assert running.runs
        other = replace(running, sends="film")
        assert not other.runs
        assert Running.find() == running
    assert not running.runs
    assert Running.find() is None


def test_a_note_is_seen_only_when_it_is_held(running, monkeypatch):
    seen = []

    def flock(*_):
        seen.append(list(Running.all()))
        seen.append([note.name for note in running_module._notes()])

    with monkeypatch.context() as patch:
        patch.setattr(running_module.fcntl, "flock", flock)
        with running.noted():
            pass
    assert seen == [[], []]
    with running.noted():
        assert Running.find() == running
