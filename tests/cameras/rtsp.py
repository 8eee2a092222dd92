"""A fake RTSP camera, in a thread of its own: sends a clip round and round on one timeline.

    with FakeCamera(media.clip(tmp_path / "a.mp4")) as camera:
        open_feed(Camera("gate", camera.url))
        camera.faults.flood = True

All viewers see the same, as of a real camera, each from the next key frame on. By itself, for
measurements: `python -m tests.cameras.rtsp CLIP [PORT]`.
"""

import asyncio
import contextlib
import random
import ssl
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.cameras.clips import Clip
from tests.cameras.faults import Faults
from tests.cameras.rtp import (
    AUDIO_SSRC,
    AUDIO_TYPE,
    CLOCK,
    Packetised,
    header,
    interleaved,
    packetised,
    sender_report,
)
from tests.cameras.session import Session

AUDIO_RATE = 8000


class FakeCamera:
    """`path` is a clip with H.264 or H.265 video; `tls` makes it rtsps."""

    user, password = "admin", "se:cr/et@1"

    def __init__(
        self,
        path: Path,
        audio: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        **faults: Any,
    ) -> None:
        self.faults = Faults(**faults)
        self.audio, self.host, self.port, self._tls = audio, host, port, tls
        self.sessions: set[Session] = set()
        self.sent = 0
        """Pictures, so far."""
        self.began = 0.0
        """Unix seconds at which the first picture was captured."""
        self._number = self._reported = 0
        self._show(Clip.read(path))

    @property
    def url(self) -> str:
        return f"rtsp{'s' if self._tls else ''}://{self.host}:{self.port}/live"

    @property
    def url_with_login(self) -> str:
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return self.url.replace("://", f"://{login}@")

    @property
    def viewers(self) -> int:
        return sum(session.playing for session in list(self.sessions))

    @property
    def asked(self) -> list[str]:
        """The methods that the viewers who are here have asked for."""
        return [method for session in list(self.sessions) for method in session.asked]

    def __enter__(self) -> "FakeCamera":
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._main(),), daemon=True)
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._stop.set)
        self._thread.join(10)

    def disconnect(self) -> None:
        """Every connection, now."""
        self._do(lambda: [session.close() for session in list(self.sessions)])

    def mute(self) -> None:
        """Connections stay, and nothing comes any more to those who are here."""
        for session in list(self.sessions):
            session.playing = False

    def refuse(self) -> None:
        """No new connection, from now on."""
        self._do(self._server.close)

    def accept(self) -> None:
        """Connections again, on the same port."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def show(self, path: Path) -> None:
        """Another clip from the next picture on, whose parameter sets are sent in band."""
        clip = Clip.read(path)
        self._do(lambda: self._show(clip))

    def _do(self, work: Callable[[], object]) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (work(), done.set()))
        done.wait(10)

    def _show(self, clip: Clip) -> None:
        self.clip, self._place = clip, 0
        self._bare = [packetised(one, clip.codec) for one in clip.pictures]
        self._whole = [
            packetised(one, clip.codec, clip.parameters) if one.key else bare
            for one, bare in zip(clip.pictures, self._bare, strict=True)
        ]
        self._clip_began = self.sent / clip.framerate

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop, self._watched = asyncio.Event(), asyncio.Event()
        await self._listen()
        self._ready.set()
        sending = asyncio.create_task(self._send_all())
        await self._stop.wait()
        sending.cancel()
        self._server.close()
        for session in list(self.sessions):
            session.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, self.host, self.port, ssl=self._tls, backlog=200
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self, reader, writer)
        self.sessions.add(session)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await session.serve()
        finally:
            self.sessions.discard(session)
            session.close()

    def watched(self) -> None:
        """Somebody plays: time begins with the first."""
        self._watched.set()

    async def _send_all(self) -> None:
        await self._watched.wait()
        began = time.monotonic()
        self.began = time.time()
        while True:
            self._send_next()
            due = began + self.sent / self.clip.framerate + self.clip.delay
            if self.faults.flood:
                began = time.monotonic() - self.sent / self.clip.framerate
                while any(session.full for session in list(self.sessions)):
                    await asyncio.sleep(0.001)
            await asyncio.sleep(max(0.0, due - time.monotonic()) * (not self.faults.flood))

    def _send_next(self) -> None:
        rounds, place = divmod(self._place, len(self._whole))
        picture = (self._whole if self.faults.inband else self._bare)[place]
        if picture.key and self.faults.damaged:
            self.faults.damaged -= 1
            picture = self._damaged(picture)
        seconds = self._clip_began + rounds * self.clip.seconds + picture.time
        self._place += 1
        self.sent += 1
        viewers = [session for session in self.sessions if session.playing]
        if not (picture.key and self.faults.keyless):
            for viewer in viewers:
                viewer.joined |= picture.key or self.faults.keyless
            self._send_picture(picture, seconds, [one for one in viewers if one.joined])
        if self.audio:
            self._send_audio(seconds, viewers)
        if self.faults.ntp and time.monotonic() > self._reported + self.faults.report_every:
            self._reported = time.monotonic()
            self._report(seconds, viewers)

    def _damaged(self, picture: Packetised) -> Packetised:
        """With parameter sets of the same kinds, whose ids are out of all range."""
        count = len(self.clip.parameters)
        sets = [one[:4] + b"\1" * (len(one) - 4) for one in picture.payloads[:count]]
        return replace(picture, payloads=(*sets, *picture.payloads[count:]))

    def _send_picture(self, picture: Packetised, seconds: float, viewers: list[Session]) -> None:
        faults, packets = self.faults, []
        stamp = self._stamp(seconds)
        for number, payload in enumerate(picture.payloads, 1):
            self._number += 1
            if faults.lost and random.random() < faults.lost:
                continue
            if faults.garbage and random.random() < faults.garbage:
                payload = random.randbytes(random.randint(1, len(payload)))
            last = number == len(picture.payloads)
            packets.append(header(self._number, stamp, last) + payload)
        framed = b"".join(interleaved(0, packet) for packet in packets)
        for viewer in viewers:
            viewer.send("video", packets, framed)
            if faults.babble and random.random() < faults.babble:
                viewer.babble(random.randbytes(random.randint(1, 2000)))

    def _stamp(self, seconds: float) -> int:
        return self.faults.clock_start + round(self.faults.clock(seconds) * CLOCK)

    def _send_audio(self, seconds: float, viewers: list[Session]) -> None:
        size = round(AUDIO_RATE / self.clip.framerate)
        stamp = round(seconds * AUDIO_RATE)
        packet = header(self.sent, stamp, False, AUDIO_TYPE, AUDIO_SSRC) + b"\xff" * size
        for viewer in viewers:
            viewer.send("audio", [packet], b"")

    def _report(self, seconds: float, viewers: list[Session]) -> None:
        stamp = self._stamp(seconds)
        unix = self.faults.ntp(self.began + seconds)
        for viewer in viewers:
            viewer.report("video", sender_report(unix, stamp, self._number))


def main() -> None:
    path, *port = sys.argv[1:]
    with FakeCamera(Path(path), port=int(port[0]) if port else 0) as camera:
        print(camera.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
