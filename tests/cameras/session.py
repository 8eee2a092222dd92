"""One viewer of a fake camera: an RTSP connection (RFC 2326) and where its packets go."""

import asyncio
import contextlib
import re
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.cameras.login import admitted, challenge
from tests.cameras.rtp import interleaved
from tests.cameras.sdp import described

if TYPE_CHECKING:
    from tests.cameras.rtsp import FakeCamera

METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
FULL = 4 << 20
"""Bytes not taken by the viewer, beyond which packets are left out as by a real camera."""


class Session:
    def __init__(
        self, camera: "FakeCamera", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.camera, self._reader, self._writer = camera, reader, writer
        self.playing = self.joined = False
        self.lossy = False
        self.asked: list[str] = []
        self._channels: dict[str, int] = {}
        self._sockets: dict[str, tuple[socket.socket, tuple[str, int]]] = {}

    async def serve(self) -> None:
        faults = self.camera.faults
        while faults.hang != "connect":
            request = await self._request()
            if request is None:
                return
            method, url, headers = request
            self.asked.append(method)
            if faults.hang == method:
                break
            self._answer(method, url, headers)
            if method == "TEARDOWN":
                return
        await asyncio.Event().wait()

    async def _request(self) -> tuple[str, str, dict[str, str]] | None:
        while True:
            try:
                first = await self._reader.readexactly(1)
                if first == b"$":  # the viewer's own reports
                    size = await self._reader.readexactly(3)
                    await self._reader.readexactly(int.from_bytes(size[1:], "big"))
                    continue
                text = (first + await self._reader.readuntil(b"\r\n\r\n")).decode("latin1")
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            head, *lines = text.strip().split("\r\n")
            method, url, _ = head.split(" ", 2)
            headers = dict(re.split(": *", line, maxsplit=1) for line in lines if ":" in line)
            with contextlib.suppress(asyncio.IncompleteReadError):
                await self._reader.readexactly(int(headers.get("Content-Length", 0)))
            return method, url, headers

    def _answer(self, method: str, url: str, headers: dict[str, str]) -> None:
        camera = self.camera
        more: dict[str, str] = {"CSeq": headers.get("CSeq", "0")}
        body = b""
        status = camera.faults.answers.get(method)
        login = headers.get("Authorization", "")
        if status:
            pass
        elif method != "OPTIONS" and not admitted(
            camera.faults, method, login, camera.user, camera.password
        ):
            status, more["WWW-Authenticate"] = "401 Unauthorized", challenge(camera.faults)
        elif method == "OPTIONS":
            more["Public"] = METHODS
        elif method == "DESCRIBE":
            body = described(camera.clip, camera.faults, camera.audio)
            more |= {"Content-Type": "application/sdp", "Content-Base": url.rstrip("/") + "/"}
        elif method == "SETUP":
            more |= {"Transport": self._setup(url, headers["Transport"]), "Session": "1;timeout=60"}
        elif method == "PLAY":
            more |= {"Session": "1", "Range": "npt=now-"}
            self.playing = camera.faults.hang != "media"
        head = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        head += f"Content-Length: {len(body)}\r\n"
        self._writer.write(f"RTSP/1.0 {status or '200 OK'}\r\n{head}\r\n".encode() + body)
        if self.playing:
            camera.watched()

    def _setup(self, url: str, transport: str) -> str:
        media = url.rstrip("/").rsplit("/", 1)[-1]
        if match := re.search(r"interleaved=(\d+)", transport):
            self._channels[media] = int(match[1])
            return transport
        self.lossy = True
        port = int(re.search(r"client_port=(\d+)", transport)[1])
        host = self._writer.get_extra_info("peername")[0]
        ports = []
        for kind, to in ((media, port), (f"{media} reports", port + 1)):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.bind((self.camera.host, 0))
            one.setblocking(False)
            self._sockets[kind] = one, (host, to)
            ports.append(one.getsockname()[1])
        return f"{transport};server_port={ports[0]}-{ports[1]}"

    @property
    def full(self) -> bool:
        """Whether the viewer does not take what was sent already."""
        return not self.lossy and self._writer.transport.get_write_buffer_size() > FULL

    def send(self, media: str, packets: Iterable[bytes], framed: bytes) -> None:
        """`framed` are the packets as the first medium's on a TCP connection: all viewers have them
        in common."""
        if not self.lossy:
            channel = self._channels.get(media)
            if channel is None or self.full or self._writer.is_closing():
                return
            usual = framed if channel == 0 else b"".join(interleaved(channel, p) for p in packets)
            self._writer.write(usual)
        elif media in self._sockets:
            one, address = self._sockets[media]
            with contextlib.suppress(OSError):
                for packet in packets:
                    one.sendto(packet, address)

    def report(self, media: str, packet: bytes) -> None:
        if not self.lossy and media in self._channels:
            self._writer.write(interleaved(self._channels[media] + 1, packet))
        elif (kind := f"{media} reports") in self._sockets:
            one, address = self._sockets[kind]
            with contextlib.suppress(OSError):
                one.sendto(packet, address)

    def babble(self, data: bytes) -> None:
        if not self.lossy and not self._writer.is_closing():
            self._writer.write(data)

    def close(self) -> None:
        self.playing = False
        self._writer.transport.abort()
        for one, _ in self._sockets.values():
            one.close()
        self._sockets.clear()
