"""A fake web camera, which answers whatever a test wants it to: byte by byte, if need be."""

import socket
import socketserver
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

BOUNDARY = "camera-part"
TLS = b"\x16"
"""What a client begins with that wants https."""
REFUSAL = b"HTTP/1.0 400 What?\r\n\r\n"


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]
    """By their names in small letters."""


Answer = Callable[[Asked], bytes | Iterable[bytes]]


@dataclass
class WebCamera:
    """`answer` gives what is sent, all or piece by piece; tests may change it at any time. Without
    a Content-Length the connection's end is the answer's."""

    answer: Answer
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def with_login(self, login: str) -> str:
        return f"http://{login}@127.0.0.1:{self.port}"


@contextmanager
def camera(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[WebCamera]:
    fake = WebCamera(answer)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                if not tls and self.connection.recv(1, socket.MSG_PEEK) == TLS:
                    self.wfile.write(REFUSAL)
                    return
                while asked := _read(self.rfile):
                    fake.asked.append(asked)
                    answered = fake.answer(asked) if asked.path else [REFUSAL]
                    whole = isinstance(answered, bytes)
                    for piece in [answered] if whole else answered:
                        self.wfile.write(piece)
                    if not whole or b"content-length" not in answered.lower().split(b"\r\n\r\n")[0]:
                        return

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        fake.port = server.server_address[1]
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            fake.ended.set()
            server.shutdown()
            thread.join()


def _read(file: Iterable[bytes]) -> Asked | None:
    lines = []
    for line in file:
        if not line.strip():
            break
        lines.append(line.decode("latin-1").strip())
    if not lines:
        return None
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    words = lines[0].split(" ")
    return Asked(words[1] if len(words) == 3 else "", headers)


def ok(body: bytes, content_type: str = "text/plain", **headers: str) -> bytes:
    return answered("200 OK", body, **{"Content-Type": content_type} | headers)


def answered(status: str, body: bytes = b"", **headers: str) -> bytes:
    """Headers' names have _ for -."""
    fields = {"Content-Length": str(len(body))} | headers
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def begun(content_type: str) -> bytes:
    """The head of an answer that has no end."""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode()


def parts(pictures: Iterable[bytes], **headers: str) -> Iterator[bytes]:
    """An answer of multipart/x-mixed-replace, as most cameras write it."""
    yield begun(f"multipart/x-mixed-replace; boundary={BOUNDARY}")
    for picture in pictures:
        told = {"Content-Type": "image/jpeg", "Content-Length": str(len(picture))} | headers
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in told.items()]
        head = "\r\n".join([f"--{BOUNDARY}", *lines, "", ""]).encode()
        yield head + picture + b"\r\n"


def is_basic(asked: Asked, login: str) -> bool:
    return asked.headers.get("authorization") == "Basic " + b64encode(login.encode()).decode()
