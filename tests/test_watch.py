"""`cnap watch` against a dashboard that says what the test says."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cnap.running import Running

CNAP = Path(sys.executable).with_name("cnap")


def event(kind, data, id=""):
    mark = f"id: {id}\n" if id else ""
    return f"event: {kind}\n{mark}data: {json.dumps(data)}\n\n".encode()


def status(*names):
    return event("status", {"streams": [{"name": name} for name in names], "functions": []})


def result(sequence):
    frames = [{"index": 0, "time": "2026-05-01T08:00:00.040Z", "detections": []}]
    data = {"stream": "gate", "model": "a", "sequence": sequence, "frames": frames}
    return event("result", data, f"{sequence}-0.gate")


@pytest.fixture
def dashboard():
    """Gives one of `answers` to each connection in turn, and then hangs up."""
    answers, asked = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Last-Event-ID")))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for part in answers.pop(0) if answers else ():
                self.wfile.write(part)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = f"http://127.0.0.1:{server.server_port}"
    yield page, answers, asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def watch(dashboard, tmp_path, monkeypatch):
    """Starts the command beside a pipeline that runs until the test ends it."""
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path))
    running = Running("", "", dashboard[0], "", "", "", [])
    noted = running.noted()
    noted.__enter__()
    started = []

    def start(*words):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen([CNAP, "watch", *words], **pipes))
        return started[0]

    yield start, lambda: noted.__exit__(None, None, None)
    noted.__exit__(None, None, None)
    started[0].kill()
    started[0].communicate()


def test_results_go_on_where_the_connection_broke(dashboard, watch):
    _, answers, asked = dashboard
    answers += [[status("gate"), result(1), result(2)], [], [result(3)]]
    process = watch[0]("--json")

    lines = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert [line["sequence"] for line in lines] == [1, 2, 3]
    assert asked[:3] == [("/api/events", None), *[("/api/events", "2-0.gate")] * 2]


def test_a_stream_that_is_not_there_is_said_and_waited_for(dashboard, watch):
    _, answers, _ = dashboard
    answers += [[status("hall", "yard"), status("hall", "yard")], [status("gate"), result(1)]]
    process = watch[0]("--stream", "gate")

    assert "#1" in process.stdout.readline()
    process.terminate()
    assert process.stderr.read() == (
        "cnap: no stream is called gate yet (there are: hall, yard); waiting for it\n"
    )


def test_the_end_of_the_pipeline_is_the_end(dashboard, watch):
    _, answers, _ = dashboard
    answers += [[status("gate"), result(1)]]
    process = watch[0]()
    assert "#1" in process.stdout.readline()

    watch[1]()
    assert process.wait(20) == 1
    assert process.stderr.read() == "cnap: the pipeline has ended\n"
