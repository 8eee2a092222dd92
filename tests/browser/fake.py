"""A dashboard of any number of streams in any state, without a pipeline: what the page shows of
each is decided by a test. `python -m tests.browser.fake [STREAMS]` serves one to look at.
"""

import asyncio
import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator

from aiohttp import web

from cnap.dashboard.guard import HEADERS
from cnap.dashboard.page import Page
from tests.browser.pieces import moved, second
from tests.browser.telling import FUNCTIONS, examples, result, stream

TOKEN = "fake"
PACE = 0.5


class Fake:
    """`streams` and `cameras` are what it tells; a test changes them while it runs."""

    def __init__(self) -> None:
        self.streams: list[dict[str, object]] = []
        self.cameras: dict[str, dict[str, object]] = {}
        self.defaults: dict[str, object] = {}
        self.functions = [dict(one) for one in FUNCTIONS]
        self.problem = ""
        self.epoch = int(time.time()) - 60
        """When the streams began, in seconds."""
        self.stopped: int | None = None
        """When they stopped."""
        self.slow = 0.0
        """Seconds that a change takes."""
        self.refusal: tuple[int, str] | None = None
        """What it answers to the next change."""
        self.changes: list[tuple[str, str, object]] = []
        self.video: set[str] = set()
        """The streams that have segments, each a second long, for ever."""
        self.piece = lambda name, place: second(bool(place % 2))
        self.results = False
        self.asked: list[str] = []
        self.listeners = 0

    def show(self, *streams: dict[str, object]) -> None:
        self.streams = list(streams)
        for one in streams:
            if one["camera"]:
                known = {"name": one["name"], "url": "rtsp://viewer:***@10.0.0.7/main"}
                self.cameras.setdefault(one["name"], known | {"models": list(one["models"])})

    def status(self) -> dict[str, object]:
        return {"streams": self.streams, "functions": self.functions, "problem": self.problem}

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.on_response_prepare.append(_secure)
        page = Page()
        app.add_routes(
            [
                web.get("/", page.index),
                web.get("/ui/{path:.+}", page.file),
                web.get("/api/status", self._status),
                web.get("/api/events", self._events),
                web.get("/api/streams/{name}/segments", self._segment),
                web.get("/api/cameras", self._cameras),
                web.post("/api/cameras", self._change),
                web.get("/api/cameras/{name}", self._camera),
                web.patch("/api/cameras/{name}", self._change),
                web.delete("/api/cameras/{name}", self._change),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Callable) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if request.method != "GET" and given != f"Bearer {TOKEN}":
            return web.json_response({"error": "this is not the dashboard's token"}, status=401)
        return await handler(request)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self.listeners += 1
        with contextlib.suppress(ConnectionError):
            while True:
                told = f"event: status\ndata: {json.dumps(self.status())}\n\n"
                if self.results:
                    told += "".join(map(result, self.streams))
                await response.write(told.encode())
                await asyncio.sleep(PACE)
        return response

    async def _segment(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        now = (self.stopped or int(time.time())) - self.epoch - 1
        epoch, _, after = request.query.get("after", f"0-{now - 2}").partition("-")
        place = int(after) + 1 if epoch in ("0", f"{self.epoch}000") else 0
        if name not in self.video or place > now:
            return web.Response(status=204)
        body = moved(self.piece(name, place), place)
        told = {"Cnap-Epoch": f"{self.epoch}000", "Cnap-Sequence": f"{place}"}
        told |= {"Cnap-Gopstart": f"{place}"}
        return web.Response(body=body, content_type="video/mp4", headers=told)

    async def _status(self, _: web.Request) -> web.Response:
        return await _answer(self.status())

    async def _cameras(self, _: web.Request) -> web.Response:
        known = {"cameras": list(self.cameras.values()), "defaults": self.defaults}
        return await _answer(known | {"problem": self.problem})

    async def _camera(self, request: web.Request) -> web.Response:
        return await _answer(self.cameras[request.match_info["name"]])

    async def _change(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        name = request.match_info.get("name") or body["name"]
        self.changes.append((request.method, name, body))
        await asyncio.sleep(self.slow)
        if self.refusal:
            (status, words), self.refusal = self.refusal, None
            return web.json_response({"error": words}, status=status)
        if request.method == "DELETE":
            self.cameras.pop(name)
            gone = {"camera": False, "state": "ended", "reason": "the camera was removed"}
            next(one for one in self.streams if one["name"] == name).update(gone)
            return web.Response(status=204)
        if request.method == "POST":
            self.streams.append(stream(name, "connecting", looked=body.get("models", ())))
        camera = self.cameras.get(name, {}) | body
        self.cameras[name] = {key: value for key, value in camera.items() if value is not None}
        for one in self.streams:
            if one["name"] == name and "paused" in body:
                one |= {"paused": body["paused"], "state": "paused" if body["paused"] else "live"}
        return await _answer(self.cameras[name], 201 if request.method == "POST" else 200)


async def _answer(body: object, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)


async def _secure(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


@contextlib.contextmanager
def serving(fake: Fake) -> Iterator[str]:
    """Its address, for as long as it runs in a thread of its own."""
    loop, ready, address = asyncio.new_event_loop(), threading.Event(), []

    async def serve() -> None:
        runner = web.AppRunner(fake.app(), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        ready.set()
        await stop.wait()
        await runner.cleanup()

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    ready.wait(20)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)


def main() -> None:
    fake = Fake()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    fake.show(*([stream(f"camera-{n:03}") for n in range(count)] or examples()))
    fake.video = {one["name"] for one in fake.streams if one["state"] in ("live", "degraded")}
    fake.results = True
    with serving(fake) as address:
        print(f"{address}/#token={TOKEN}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
