"""A function for the tests: the last word of the event's type says what it does, unless CALM.

Started with a file's name, it does not become ready before that file exists; with `exit`, it
ends at once; with `deaf`, it ignores SIGTERM and holds its health routes back.
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HEALTHY = Path(sys.argv[1]) if len(sys.argv) > 1 else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/stream":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for number in range(3):
                self.wfile.write(f"data: {number}\n\n".encode())
                self.wfile.flush()
                while not Path(os.environ["STEPS"], str(number)).exists():
                    time.sleep(0.01)
            self.close_connection = True
        elif self.path.startswith("/health/"):
            self.answer(200 if HEALTHY is None or HEALTHY.exists() else 503)
        else:
            self.answer(200, self.path.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = "" if "CALM" in os.environ else self.headers.get("ce-type", "")
        match kind.rpartition(".")[2]:
            case "crash":
                print("about to crash", file=sys.stderr, flush=True)
                os._exit(7)
            case "hang":
                time.sleep(60)
            case "half":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.flush()
                os._exit(7)
            case "work":
                time.sleep(0.3)
                self.answer(204)
            case "wait":
                while not Path(os.environ["STEPS"], "go").exists():
                    time.sleep(0.01)
                self.answer(204)
            case "env":
                seen = {**os.environ, "argv": " ".join(sys.argv[1:]), "pid": str(os.getpid())}
                self.answer(
                    400, json.dumps({k: seen.get(k) for k in body.decode().split()}).encode()
                )
            case _:
                self.answer(204)


if HEALTHY is not None and HEALTHY.name == "exit":
    print("no model here", file=sys.stderr, flush=True)
    sys.exit(3)
if HEALTHY is not None and HEALTHY.name == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    HEALTHY = None
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
