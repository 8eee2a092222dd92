"""Serves one function over HTTP: `CNAP_FUNCTION=infer python -m cnap.runner`.

parliament's contract (`main(context)`, POST /, the health routes) without its cost at start, and
with events checked at the edge. `GET /metrics` is Prometheus'.
"""

import importlib.util
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

from cloudevents.conversion import to_binary
from cloudevents.exceptions import GenericException
from cloudevents.http import CloudEvent, from_http
from waitress.server import BaseWSGIServer, create_server

from cnap import metrics
from cnap.errors import CnapError
from cnap.files import folder
from cnap.function import TEXT

log = logging.getLogger("cnap.runner")

MAX_BODY = 8 << 20
THREADS = 20
"""More than any containerConcurrency, so that probes are answered under load."""

TYPES = 8
"""Kinds of event whose first one's time is logged."""

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Request:
    """What of an HTTP request a function may look at, under the names Flask gives it."""

    method: str
    path: str
    args: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Context:
    """parliament's context."""

    request: Request
    cloud_event: CloudEvent | None


def load(name: str) -> ModuleType:
    """The module functions/NAME/func.py."""
    path = folder("functions") / name / "func.py"
    if not path.is_file():
        raise SystemExit(f"CNAP_FUNCTION={name!r}: there is no {path}")
    spec = importlib.util.spec_from_file_location(f"functions.{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Application:
    """The WSGI application around one function's `main`."""

    def __init__(self, name: str, main: Callable[[Any], Any]) -> None:
        self._name, self._main = name, main
        self._met: set[str] = set()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._answer(environ)
        headers["Content-Length"] = str(len(body))
        start_response(f"{status} {REASONS.get(status, 'Status')}", list(headers.items()))
        return [body]

    def _answer(self, environ: Environ) -> Response:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO") or "/"
        if path in ("/health/liveness", "/health/readiness"):
            return 200, dict(TEXT), b"OK"
        if path == "/metrics":
            content_type, body = metrics.exposition()
            return 200, {"Content-Type": content_type}, body
        if path != "/":
            return 404, dict(TEXT), f"nothing is at {path[:80]}; events go to /".encode()
        if method != "POST":
            return 405, TEXT | {"Allow": "POST"}, b"POST a CloudEvent here"
        began = time.perf_counter()
        event, response = self._invoke(environ)
        seconds = time.perf_counter() - began
        metrics.answered(self._name, response[0], seconds)
        if event and event["type"] not in self._met and len(self._met) < TYPES:
            self._met.add(event["type"])
            log.info("%s: first %.80s answered in %.3f s", self._name, event["type"], seconds)
        return response

    def _invoke(self, environ: Environ) -> tuple[CloudEvent | None, Response]:
        headers = {
            key[5:].replace("_", "-").lower(): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        query = parse_qs(environ.get("QUERY_STRING", ""))
        request = Request("POST", "/", {key: values[0] for key, values in query.items()}, headers)
        event = _event(headers, environ["wsgi.input"].read())
        return event, _response(self._main(Context(request, event)))


def _event(headers: dict[str, str], body: bytes) -> CloudEvent | None:
    try:
        # Data stays bytes: each function checks its own.
        return from_http(headers, body, lambda data: data)
    except (GenericException, ValueError, TypeError, AttributeError, RecursionError):
        return None


def _response(reply: Any) -> Response:
    if isinstance(reply, CloudEvent):
        headers, body = to_binary(reply, lambda data: data)
        return 200, dict(headers), body or b""
    text, status, *more = reply
    return status, dict(more[0]) if more else {}, text.encode()


REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def main() -> None:
    """Runs until SIGTERM; what is being handled then is finished first."""
    logging.basicConfig(level=os.environ.get("CNAP_LOG", "INFO"), format="%(message)s")
    # Nothing here multiplies matrices, and numpy would start a thread for each core of the node.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    name = os.environ.get("CNAP_FUNCTION", "")
    function = load(name)
    imported = _age()
    try:
        if warm := getattr(function, "warm", None):
            warm()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        server = _server(Application(name, function.main))
    except CnapError as error:
        raise SystemExit(f"cnap: {name} can't start: {error}") from None
    log.info("%s: ready %.3f s after its start, %.3f s of it imports", name, _age(), imported)
    server.run()


def _age() -> float:
    """Seconds since this process was started; 0 where that can't be known (proc(5), field 22)."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        return 0.0


def _server(application: Application) -> BaseWSGIServer:
    host, port = os.environ.get("CNAP_HOST", "127.0.0.1"), os.environ.get("PORT", "8080")
    try:
        return create_server(
            application,
            host=host,
            port=int(port),
            threads=THREADS,
            ident=None,
            max_request_body_size=MAX_BODY,
            channel_request_lookahead=0,
            clear_untrusted_proxy_headers=True,
        )
    except ValueError:
        raise CnapError(f"PORT must be a number, not {port!r}") from None
    except OSError as error:
        raise CnapError(f"port {port} of {host} can't be had: {error.strerror}") from None


if __name__ == "__main__":
    main()
