"""Who may ask what, and what a browser may do with the answers."""

import hmac
import re

from aiohttp import web

from cnap.dashboard.answers import refusal
from cnap.dashboard.settings import Settings, is_address

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; media-src blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NAME = re.compile(r"\[?(?P<host>[^\[\]]*?)\]?(:[0-9]+)?")


class Guard:
    """A middleware: the Host header, the token, and the headers of every answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def install(self, app: web.Application) -> None:
        app.middlewares.append(self._check)
        app.on_response_prepare.append(self._add_headers)

    @web.middleware
    async def _check(self, request: web.Request, handler: web.RequestHandler) -> web.Response:
        if self._settings.loopback and not _is_local(request.headers.get("Host", "")):
            return refusal(
                421, "this address is not the dashboard's; open it by 127.0.0.1 or localhost"
            )
        if self._needs_token(request) and not self._has_token(request):
            return self._unauthorised(request)
        return await handler(request)

    def _needs_token(self, request: web.Request) -> bool:
        told = request.path.startswith(("/api/", "/streams/")) or request.path == "/metrics"
        if not told or request.path == "/api/openapi.json":
            return False
        return request.method not in ("GET", "HEAD") or not self._settings.loopback

    def _has_token(self, request: web.Request) -> bool:
        # Only a header counts: no other site's page can make a browser send it.
        given = request.headers.get("Authorization", "").encode(errors="replace")
        wanted = f"Bearer {self._settings.token}".encode()
        return bool(self._settings.token) and hmac.compare_digest(given, wanted)

    def _unauthorised(self, request: web.Request) -> web.Response:
        if not self._settings.token:
            words = "this dashboard has no token; set CNAP_TOKEN where it runs"
        elif "Authorization" in request.headers:
            words = "this is not the dashboard's token"
        else:
            words = "this needs the dashboard's token, as Authorization: Bearer TOKEN"
        return refusal(401, words, {"WWW-Authenticate": "Bearer"})

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        # Elsewhere a browser ignores it, and complains in its console.
        secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
        if secure or _is_local(request.headers.get("Host", "")):
            response.headers["Cross-Origin-Opener-Policy"] = "same-origin"


def _is_local(host: str) -> bool:
    """Whether a Host header can't come from another site's name that resolves to this machine.

    An address is what the browser was given; only a name can be rebound.
    """
    match = NAME.fullmatch(host.lower())
    name = match["host"] if match else ""
    return is_address(name) or name == "localhost" or name.endswith(".localhost")
