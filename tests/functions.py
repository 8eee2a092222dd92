"""The functions as processes, under our runner and under plain parliament, over real HTTP."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent, from_http

from cnap.files import PACKAGE
from tests.servers import ended_after, free_ports, until

ROOT = PACKAGE.parent


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> CloudEvent:
        return from_http(self.headers, self.body, lambda data: data)


@dataclass
class Served:
    """A function that listens."""

    port: int
    process: subprocess.Popen

    def request(
        self,
        method: str = "POST",
        path: str = "/",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def send(self, event: CloudEvent, path: str = "/", structured: bool = False) -> Answer:
        convert = to_structured if structured else to_binary
        headers, body = convert(event, lambda data: data)
        return self.request("POST", path, body or b"", headers)


@contextmanager
def served(words: list[str], port: int, environment: Mapping[str, str]) -> Iterator[Served]:
    settings = {**os.environ, **environment}
    with tempfile.TemporaryFile() as log:  # a pipe that nobody reads would block it
        process = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env=settings, stdout=log, stderr=log
        )
        with ended_after(process):
            until(lambda: process.poll() is not None or listens(port), " ".join(words), 60)
            if process.poll() is not None:
                log.seek(0)
                raise RuntimeError(log.read().decode())
            yield Served(port, process)


@contextmanager
def under_runner(name: str, environment: Mapping[str, str]) -> Iterator[Served]:
    port = free_ports(1)[0]
    settings = {"CNAP_FUNCTION": name, "PORT": str(port), **environment}
    with served(["-m", "cnap.runner"], port, settings) as function:
        yield function


@contextmanager
def under_parliament(name: str, environment: Mapping[str, str]) -> Iterator[Served]:
    """parliament listens on 8080 and nowhere else."""
    with served(["-m", "parliament", f"functions/{name}"], 8080, environment) as function:
        yield function


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
