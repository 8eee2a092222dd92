"""HTTP as cameras speak it: logins, redirects, and an end to every wait.

Each camera has an event loop of its own, which runs in the camera's thread and only while that
waits: so a request has one deadline for all of it, looking up the name and the headers included,
and `close` ends it from any thread. What blocks can promise neither.
"""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import aiohttp
from aiohttp import ClientResponse, DigestAuthMiddleware, encode_basic_auth
from yarl import URL

from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.web.failures import PATIENCE, in_words, refusal
from cnap.source.feeds.web.lookup import Lookup

MOST_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
CHUNK = 1 << 16
# Compressed answers aren't asked for: media has nothing to gain, and a bomb is what may come.
HEADERS = {"User-Agent": "cnap", "Accept": "*/*", "Accept-Encoding": "identity"}
Result = TypeVar("Result")


class Web:
    """One camera's connections. The login of its url goes to its own host, and to no other."""

    def __init__(self, url: str) -> None:
        """Raises Misconfigured where it is no http:// or https:// url."""
        try:
            given = URL(url)
            self.url = checked(given)
            self._user, self._password = given.user or "", given.password or ""
        except ValueError:
            raise Misconfigured("the url can't be read: is a part of it missing?") from None
        if ":" in self._user:
            raise Misconfigured("a user name with a : in it can't log in over HTTP")
        self._basic = False
        self._digests: dict[URL, DigestAuthMiddleware] = {}
        self._session: aiohttp.ClientSession | None = None
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._running: asyncio.Task[Any] | None = None
        self._closed = threading.Event()
        self._behind: set[asyncio.Task[Any]] = set()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Its result, in words where it fails. Raises CameraFailed."""
        with self._lock:
            if self._closed.is_set():
                work.close()
                raise CameraFailed("the camera was closed")
            self._running = self._loop.create_task(work)
        try:
            with in_words(self.url):
                return self._loop.run_until_complete(self._running)
        except asyncio.CancelledError:
            raise CameraFailed("the camera was closed") from None
        finally:
            with self._lock:
                self._running = None
                closed = self._closed.is_set()
            if closed:
                self._end()

    def sleep(self, seconds: float) -> None:
        """Waits without doing any work beside. Raises CameraFailed where it is closed meanwhile."""
        if self._closed.wait(seconds):
            raise CameraFailed("the camera was closed")

    def beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Work that goes on whenever anything runs."""
        task = self._loop.create_task(work)
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)
        return task

    def close(self) -> None:
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            if self._running:
                with suppress(RuntimeError):  # the loop has just ended by itself
                    self._loop.call_soon_threadsafe(self._running.cancel)
                return
        self._end()

    async def get(self, url: URL, headers: dict[str, str] | None = None) -> ClientResponse:
        """The answer, whose body is still to come, wherever it is redirected to. Raises
        CameraFailed."""
        with in_words(url, ValueError):  # names of hosts that are none
            return await self._followed(url, headers or {})

    async def _followed(self, url: URL, headers: dict[str, str]) -> ClientResponse:
        async with asyncio.timeout(PATIENCE):
            for _ in range(MOST_REDIRECTS + 1):
                answer = await self._logged_in(url, headers)
                if answer.status not in REDIRECTS:
                    break
                answer.close()
                place = answer.headers.get("Location", "")
                url = followed(answer.url, place, "the camera redirects")
            else:
                raise Misconfigured(f"the camera redirects more than {MOST_REDIRECTS} times")
        if answer.status not in (200, 206, 304):
            answer.close()
            raise refusal(answer.status, answer.url, bool(self._user) and self._is_own(url))
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            answer.close()
            raise CameraFailed("the camera compresses what it sends, which nobody asked for")
        return answer

    async def read(
        self, answer: ClientResponse, most: int, what: str, seconds: float = 0.0
    ) -> bytes:
        """The body. Raises CameraFailed where it is more than `most` bytes, or takes longer than
        `seconds` (and than nothing else may)."""
        with in_words(answer.url):
            return await self._body(answer, most, what, max(seconds, PATIENCE))

    async def _body(self, answer: ClientResponse, most: int, what: str, seconds: float) -> bytes:
        body = bytearray()
        try:
            if (answer.content_length or 0) > most:
                raise CameraFailed(f"{what} is larger than {most >> 20} MiB")
            async with asyncio.timeout(seconds):
                while chunk := await answer.content.read(CHUNK):
                    body += chunk
                    if len(body) > most:
                        raise CameraFailed(f"{what} is larger than {most >> 20} MiB")
        except TimeoutError:
            raise CameraFailed(f"{what} comes too slowly: {len(body):,} bytes till now") from None
        finally:
            answer.release()  # which closes the connection where there is more to come
        return bytes(body)

    async def _logged_in(self, url: URL, headers: dict[str, str]) -> ClientResponse:
        """Tries without a login, then with the one that is asked for, from then on at once."""
        if not self._user or not self._is_own(url):
            return await self._ask(url, headers)
        if not self._basic:
            answer = await self._ask(url, headers, self._digest(url))
            challenge = answer.headers.get("WWW-Authenticate", "").lower()
            if answer.status != 401 or challenge.startswith("digest"):
                return answer
            answer.close()
            self._basic = True
        basic = encode_basic_auth(self._user, self._password, "utf-8")
        return await self._ask(url, headers | {"Authorization": basic})

    async def _ask(
        self,
        url: URL,
        headers: dict[str, str],
        *digest: DigestAuthMiddleware,
    ) -> ClientResponse:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE, sock_read=PATIENCE)
        return await self._opened().get(
            url, headers=headers, timeout=timeout, allow_redirects=False, middlewares=digest
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=Lookup(), limit=4),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=HEADERS,
                auto_decompress=False,
            )
        return self._session

    def _digest(self, url: URL) -> DigestAuthMiddleware:
        origin = url.origin()
        if origin not in self._digests:
            self._digests[origin] = DigestAuthMiddleware(self._user, self._password)
        return self._digests[origin]

    def _is_own(self, url: URL) -> bool:
        """Whether the login may go there: to the url's own origin, or the same host by https."""
        own = url.origin() == self.url.origin()
        return own or (url.host == self.url.host and url.scheme == "https")

    def _end(self) -> None:
        if self._loop.is_closed():
            return
        for task in self._behind:
            task.cancel()
        closing = [
            *self._behind,
            *([self._loop.create_task(self._session.close())] if self._session else []),
        ]
        if closing:
            self._loop.run_until_complete(asyncio.gather(*closing, return_exceptions=True))
        self._loop.close()


def checked(url: URL) -> URL:
    """The url without a login. Raises ValueError where nothing is fetched from it."""
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError
    return url.with_user(None).with_fragment(None)


def followed(base: URL, place: str, who: str) -> URL:
    """Where a relative or whole url leads. Raises Misconfigured where that is no web address."""
    try:
        url = base.join(URL(place))
    except ValueError:
        raise Misconfigured(f"{who} to what is no url") from None
    try:
        return checked(url)
    except ValueError:
        raise Misconfigured(
            f"{who} to a {url.scheme or 'nameless'}: url; only http and https are followed"
        ) from None
