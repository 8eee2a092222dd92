"""The dashboard's application: what is at which path, and what lives as long as the service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.resources import files

import aiohttp
from aiohttp import web
from redis import asyncio as aioredis

from cnap import metrics, redis
from cnap.dashboard.answers import plainly
from cnap.dashboard.control import Control
from cnap.dashboard.events import Events
from cnap.dashboard.guard import Guard
from cnap.dashboard.hub import Hub
from cnap.dashboard.known import Known
from cnap.dashboard.page import Page
from cnap.dashboard.pictures import Picture, Pictures
from cnap.dashboard.results import Results
from cnap.dashboard.scrape import Scrape
from cnap.dashboard.segments import Segments
from cnap.dashboard.settings import Settings
from cnap.dashboard.status import Status
from cnap.dashboard.tail import Segment
from cnap.dashboard.tails import Tails
from cnap.dashboard.uploads import Uploads
from cnap.dashboard.watching import Watching
from cnap.kubernetes import Kubernetes
from cnap.stores import open_store

MAX_BODY = 64 << 10


class Dashboard:
    """What the routes are made of; opened when the service starts, closed when it stops."""

    def __init__(self, settings: Settings) -> None:
        self._session = aiohttp.ClientSession()
        self._redis = redis.connect(settings.redis)
        self._async_redis = aioredis.Redis.from_url(
            settings.redis, decode_responses=True, socket_connect_timeout=redis.TIMEOUT
        )
        kubernetes = Kubernetes(self._session)
        results = Results(self._async_redis)
        known = Known(kubernetes)
        status = Status(self._redis, kubernetes, known, results)
        self.hub = Hub(status, results)
        self._tails = Tails(open_store(), self._came)
        self._pictures = Pictures(self._tails, self._made)
        self.events = Events(self.hub, results)
        self._watching = Watching(kubernetes, known)
        self.segments = Segments(self._tails, self._pictures, status, self._watching)
        self.control = Control(kubernetes)
        self.uploads = Uploads(settings)
        self.scrape = Scrape(self._redis)

    async def status(self, _: web.Request) -> web.Response:
        return web.json_response(await self.hub.status(), headers={"Cache-Control": "no-store"})

    async def close(self) -> None:
        await self.hub.stop()
        await self._pictures.stop()
        await self._tails.stop()
        await self._watching.stop()
        await self.uploads.close()
        await self._async_redis.aclose()
        await self._session.close()
        self._redis.close()

    def _came(self, stream: str, segment: Segment) -> None:
        about = {"stream": stream, "epoch": segment.epoch, "sequence": segment.sequence}
        self.hub.tell("segment", about, stream)

    def _made(self, stream: str, picture: Picture) -> None:
        self.hub.tell("picture", {"stream": stream, "time": picture.time}, stream)


SETTINGS = web.AppKey("settings", Settings)
DASHBOARD = web.AppKey("dashboard", Dashboard)


def create_app(settings: Settings) -> web.Application:
    """Everything else it needs to know is in the environment: see docs/dashboard.md."""
    app = web.Application(middlewares=[plainly], client_max_size=MAX_BODY)
    Guard(settings).install(app)
    page = Page()
    app[SETTINGS] = settings
    app.cleanup_ctx.append(_open)
    app.on_shutdown.append(_hang_up)
    app.add_routes(
        [
            web.get("/", page.index),
            web.get("/ui/{path:.+}", page.file),
            web.get("/health/liveness", _healthy),
            web.get("/health/readiness", _healthy),
            web.get("/metrics", _metrics),
            web.get("/api/openapi.json", _openapi),
            web.get("/api/status", _by(lambda the: the.status)),
            web.get("/api/events", _by(lambda the: the.events.handle)),
            web.get("/api/streams/{name}/segments", _by(lambda the: the.segments.segment)),
            web.get("/api/streams/{name}/picture", _by(lambda the: the.segments.picture)),
            web.get("/api/cameras", _by(lambda the: the.control.list)),
            web.post("/api/cameras", _by(lambda the: the.control.add)),
            web.get("/api/cameras/{name}", _by(lambda the: the.control.get)),
            web.put("/api/cameras/{name}", _by(lambda the: the.control.replace)),
            web.patch("/api/cameras/{name}", _by(lambda the: the.control.patch)),
            web.delete("/api/cameras/{name}", _by(lambda the: the.control.remove)),
            web.post("/streams/{name}/segments", _by(lambda the: the.uploads.take)),
        ]
    )
    return app


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _by(part: Callable[[Dashboard], Handler]) -> Handler:
    """A route to a part of the dashboard, which is there once the service has started."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await part(request.app[DASHBOARD])(request)

    return handle


async def _open(app: web.Application) -> AsyncIterator[None]:
    app[DASHBOARD] = Dashboard(app[SETTINGS])
    yield
    await app[DASHBOARD].close()


async def _hang_up(app: web.Application) -> None:
    app[DASHBOARD].hub.hang_up()


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="OK")


async def _metrics(request: web.Request) -> web.Response:
    scrape = request.app[DASHBOARD].scrape
    content_type, body = await asyncio.to_thread(lambda: metrics.exposition(scrape()))
    return web.Response(body=body, headers={"Content-Type": content_type})


async def _openapi(_: web.Request) -> web.Response:
    document = files("cnap.dashboard").joinpath("openapi.json").read_text()
    return web.Response(text=document, content_type="application/json")
