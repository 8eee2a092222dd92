"""What goes wrong over HTTP, in plain words; never with a url, which may have a login in it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from yarl import URL

from cnap.source.feeds.feed import CameraFailed, Misconfigured

PATIENCE = 10.0
"""Seconds without a byte after which nothing is expected any more."""


@contextmanager
def in_words(url: URL, *others: type[Exception]) -> Iterator[None]:
    """Raises CameraFailed for what goes wrong with a request to `url`, and for `others`."""
    try:
        yield
    except (aiohttp.ClientError, OSError, *others) as error:
        raise failure(error, url) from None


def refusal(status: int, url: URL, login: bool) -> CameraFailed:
    """`login`: whether one was sent."""
    if status == 401 and login:
        return Misconfigured("401: the camera refused the login")
    if status == 401:
        return Misconfigured(
            "401: the camera wants a login: put it into the url, as in http://user:password@host/"
        )
    if status in (403, 407):
        return Misconfigured(f"{status}: the camera doesn't let this user see it")
    if status in (404, 410):
        return Misconfigured(f"{status}: {url.host} has nothing at {url.path}")
    if status >= 500:
        return CameraFailed(f"{status}: the camera has an error of its own")
    return CameraFailed(f"{status}: the camera doesn't give any video")


def failure(error: Exception, url: URL) -> CameraFailed:
    """The error of a request to the camera at `url`."""
    place = f"{url.host}:{url.port}"
    if isinstance(error, TimeoutError):
        return CameraFailed(f"no answer within {PATIENCE:g} s")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return CameraFailed(f"host not found: {error.host}")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Misconfigured(_certificate(error.certificate_error))
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return Misconfigured(f"{place} doesn't speak https: is it http://?")
    if isinstance(error, aiohttp.ClientConnectorError):
        if isinstance(error.os_error, ConnectionRefusedError):
            return CameraFailed(f"{error.host}:{error.port} refuses the connection")
        return CameraFailed(f"{error.host}:{error.port}: {_reason(error.os_error)}")
    if isinstance(error, aiohttp.ClientResponseError):
        return CameraFailed("what the camera answers is not HTTP, or more than HTTP allows")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return CameraFailed("the camera ended the connection without an answer")
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientOSError | ConnectionError):
        return CameraFailed("the connection broke off")
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return Misconfigured("the url can't be read: is a part of it missing?")
    return CameraFailed(f"{place}: {type(error).__name__}")


def _certificate(error: Exception) -> str:
    reason = getattr(error, "verify_message", "") or type(error).__name__
    return (
        f"the camera's certificate can't be trusted: {reason}. Put it, or that of its authority, "
        "into a PEM file with the ones trusted already and name that in SSL_CERT_FILE"
    )


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "https failed"
    return (error.strerror or type(error).__name__).lower()
