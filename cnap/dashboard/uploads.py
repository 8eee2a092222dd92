"""`POST /streams/{name}/segments`: handed on to the source as it comes, and the source answers."""

import aiohttp
from aiohttp import web

from cnap.dashboard.answers import Refused
from cnap.dashboard.settings import Settings
from cnap.errors import BadEvent, Busy, Missing, Unavailable
from cnap.events.attributes import stream_name

MAX_BYTES = 32 << 20
AT_ONCE = 64
"""Uploads on their way through."""
TIMEOUT = aiohttp.ClientTimeout(total=50, sock_connect=5)
"""Less than the 60 seconds after which Knative breaks off."""
PASSED = ("Content-Type", "Content-Length", "Cnap-Captured", "Idempotency-Key")
SOCKET = "unix://"


class Uploads:
    def __init__(self, settings: Settings) -> None:
        self._token, self._source = settings.token, settings.source.rstrip("/")
        connector: aiohttp.BaseConnector = aiohttp.TCPConnector(limit=0)
        if self._source.startswith(SOCKET):
            connector = aiohttp.UnixConnector(self._source.removeprefix(SOCKET), limit=0)
            self._source = "http://source"
        self._session = aiohttp.ClientSession(connector=connector, timeout=TIMEOUT)
        self._coming = 0

    async def close(self) -> None:
        await self._session.close()

    async def take(self, request: web.Request) -> web.Response:
        name = stream_name(request.match_info["name"])
        if not self._source:
            raise Missing("no uploads are taken here: set CNAP_SOURCE, where the source takes them")
        if (request.content_length or 0) > MAX_BYTES:
            raise Refused(413, f"more than {MAX_BYTES >> 20} MiB: send shorter uploads")
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise Refused(415, "video is compressed already: leave Content-Encoding out")
        if self._coming >= AT_ONCE:
            raise Busy("too many uploads at once")
        self._coming += 1
        try:
            return await self._hand_on(request, name)
        finally:
            self._coming -= 1

    async def _hand_on(self, request: web.Request, name: str) -> web.Response:
        headers = {key: request.headers[key] for key in PASSED if key in request.headers}
        for key, value in headers.items():
            if not value.isascii():
                raise BadEvent(f"the header {key} must be ASCII")
        headers["Authorization"] = f"Bearer {self._token}"
        url = f"{self._source}/streams/{name}/segments"
        try:
            # The source counts what comes, where it was not said.
            async with self._session.post(url, headers=headers, data=request.content) as answer:
                after = answer.headers.get("Retry-After")
                return web.Response(
                    body=await answer.read(),
                    status=answer.status,
                    content_type="application/json",
                    headers={"Retry-After": after} if after else None,
                )
        except TimeoutError:
            raise Unavailable("the source did not take the upload in time") from None
        except aiohttp.ClientError:
            # Its words have the address in them, which is nobody's business.
            raise Unavailable("the source does not answer, or broke off") from None
