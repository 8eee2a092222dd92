"""`POST /streams/{name}/segments`: video that cameras push. Only the token's owner is heard."""

import asyncio
import contextlib
import hmac
import logging
import os
import re
from collections.abc import AsyncIterator
from datetime import datetime

from aiohttp import web

from cnap.errors import BadEvent, Busy, CnapError, Unavailable
from cnap.events.attributes import stream_name
from cnap.source.feeds.pushed.upload import FORMATS, Upload
from cnap.source.uploads import Answer, Held, Refused, Uploads

log = logging.getLogger("cnap.source")

MAX_BYTES = 32 << 20
PATIENCE = 30.0
"""Seconds in which an upload must have come."""
AT_THE_END = 1.0
"""Seconds for what is still coming when the source is stopped: another one waits to begin."""
KEY = re.compile(r"[!-~]{1,128}")
UNIX_MS = re.compile(r"[0-9]{12,14}(\.[0-9]{1,6})?")


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Uploads | None]:
    """Listens where CNAP_SOURCE says, if it is a Unix socket, else at CNAP_HOST and PORT; None
    where neither these nor CNAP_TOKEN are set."""
    token, address = os.environ.get("CNAP_TOKEN", ""), _address()
    if not token or not address:
        yield None
        return
    receiver = Receiver(token)
    runner = web.AppRunner(
        receiver.app(),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=AT_THE_END,
    )
    await runner.setup()
    try:
        yield receiver.uploads if await _listens(runner, address) else None
    finally:
        await runner.cleanup()


async def _listens(runner: web.AppRunner, address: str) -> bool:
    try:
        await _site(runner, address).start()
    except (
        OSError,
        ValueError,
        OverflowError,
    ) as error:  # cameras that don't push go on all the same
        log.error("no uploads are taken: can't listen at %s: %s", address, error)
        return False
    return True


class Receiver:
    def __init__(self, token: str) -> None:
        self._wanted = f"Bearer {token}".encode()
        self.uploads = Uploads()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._plainly])
        app.router.add_post("/streams/{name}/segments", self._handle)
        return app

    @web.middleware
    async def _plainly(
        self, request: web.Request, handler: web.RequestHandler
    ) -> web.StreamResponse:
        """Whatever goes wrong is a status and a sentence, as the dashboard says it."""
        try:
            given = request.headers.get("Authorization", "").encode(errors="replace")
            if not hmac.compare_digest(given, self._wanted):
                raise Refused(401, "uploads need the token, as Authorization: Bearer TOKEN")
            return await handler(request)
        except (Busy, Unavailable) as error:
            after = {"Retry-After": str(getattr(error, "after", 1))}
            return _refusal(error.status, str(error), after)
        except CnapError as error:
            return _refusal(error.status, str(error))
        except web.HTTPException as error:
            return _refusal(error.status, error.reason)
        except Exception:
            log.exception("%s: unexpected error", request.path)
            return _refusal(500, "unexpected error; the source's log has the cause")

    async def _handle(self, request: web.Request) -> web.Response:
        name = stream_name(request.match_info["name"])
        self.uploads.inbox(name)
        kind, captured, key = request.content_type, _captured(request), _key(request)
        if kind not in FORMATS:
            raise Refused(415, f"{kind[:60]} can't be uploaded; what can: {', '.join(FORMATS)}")
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise Refused(415, "video is compressed already: leave Content-Encoding out")
        with self.uploads.once(name, key) as once:
            if once.answer is None:
                with self.uploads.coming(name):
                    once.answer = await self._take(request, name, kind, captured)
            return web.json_response(once.answer, status=202)

    async def _take(
        self, request: web.Request, name: str, kind: str, captured: float | None
    ) -> Answer:
        self.uploads.inbox(name).check()
        with self.uploads.held() as held:
            await _read(request, held)
            upload = await asyncio.to_thread(Upload, bytes(held.data), kind)
        seconds = upload.seconds
        try:
            frames = self.uploads.inbox(name).put(upload, captured)  # it may be another one by now
        except CnapError:
            upload.close()
            raise
        return {"frames": frames, "seconds": round(seconds, 3)}


async def _read(request: web.Request, held: Held) -> None:
    too_large = Refused(413, f"more than {MAX_BYTES >> 20} MiB: send shorter uploads")
    if (request.content_length or 0) > MAX_BYTES:
        raise too_large
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.content.iter_any():
                held.add(part)
                if len(held.data) > MAX_BYTES:
                    raise too_large
    except TimeoutError:
        raise Refused(408, f"the upload did not come in {PATIENCE:g} s") from None


def _address() -> str:
    given = os.environ.get("CNAP_SOURCE", "")
    if given.startswith("unix://"):
        return given
    port = os.environ.get("PORT", "")
    return port and f"{os.environ.get('CNAP_HOST', '127.0.0.1')}:{port}"


def _site(runner: web.AppRunner, address: str) -> web.BaseSite:
    if address.startswith("unix://"):
        return web.UnixSite(runner, address.removeprefix("unix://"))
    host, _, port = address.rpartition(":")
    return web.TCPSite(runner, host, int(port))


def _refusal(status: int, words: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": words}, status=status, headers=headers)


def _captured(request: web.Request) -> float | None:
    """Unix seconds at which the first picture was taken, by the header Cnap-Captured."""
    given = request.headers.get("Cnap-Captured")
    if given is None:
        return None
    if UNIX_MS.fullmatch(given):
        return float(given) / 1000
    with contextlib.suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(given)
        if moment.tzinfo:
            return moment.timestamp()
    raise BadEvent(
        "Cnap-Captured must be an instant, as 2026-11-23T06:00:00.25Z, or milliseconds since 1970,"
        f" not {given[:40]!r}"
    )


def _key(request: web.Request) -> str:
    given = request.headers.get("Idempotency-Key", "")
    if given and not KEY.fullmatch(given):
        raise BadEvent("Idempotency-Key must be 1 to 128 printable characters without spaces")
    return given
