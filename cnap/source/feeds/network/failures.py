"""What goes wrong between FFmpeg and a camera, in plain words, never with a url: a password may be
anywhere in one."""

import errno
import socket
from urllib.parse import SplitResult

import av

from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.web.failures import PATIENCE

GONE = "the camera ended the connection"
SILENT = f"no answer within {PATIENCE:g} s"
OTHER = {"tcp": "udp", "udp": "tcp"}


def refusal(error: av.FFmpegError, url: SplitResult, transport: str) -> CameraFailed:
    """Why a camera could not be opened."""
    place = f"{url.hostname}:{url.port}" if url.port else str(url.hostname)
    if isinstance(error, av.error.HTTPUnauthorizedError):
        if url.username:
            return Misconfigured("401: the camera refused the login: check user and password")
        return Misconfigured(
            "401: the camera wants a login: put it into the url, as in "
            f"{url.scheme}://user:password@host/"
        )
    if isinstance(error, av.error.HTTPForbiddenError):
        return Misconfigured("403: the camera doesn't let this user see it")
    if isinstance(error, av.error.HTTPNotFoundError):
        return Misconfigured(f"404: {place} has nothing at the url's path")
    if isinstance(error, av.error.HTTPClientError):
        return CameraFailed(
            "the camera refuses to send: most often it serves as many viewers as it can (453)"
        )
    if isinstance(error, av.error.HTTPServerError):
        return CameraFailed("the camera has an error of its own (5xx)")
    if error.errno == errno.EPROTONOSUPPORT:
        return Misconfigured(
            f"461: the camera doesn't send over {transport}: set transport: {OTHER[transport]}"
        )
    if error.errno == errno.ECONNREFUSED:
        return CameraFailed(f"{place} refuses the connection")
    if isinstance(error, av.error.InvalidDataError):
        return CameraFailed(f"what {place} answers is no {url.scheme} video")
    return broken(error)


def broken(error: av.FFmpegError) -> CameraFailed:
    """Why a camera could not be read on."""
    if isinstance(error, av.error.ExitError) or error.errno == errno.ETIMEDOUT:
        return CameraFailed(SILENT)
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return CameraFailed("no route to the camera's host")
    if error.errno in (errno.EIO, errno.EPIPE, errno.ECONNRESET):
        return CameraFailed(GONE)
    if isinstance(error, av.error.InvalidDataError):
        return CameraFailed("what the camera sends makes no sense")
    return CameraFailed(f"the camera can't be read: {(error.strerror or 'no reason').lower()}")


def look_up(url: SplitResult) -> None:
    """FFmpeg doesn't tell an unknown host from a broken line. Raises CameraFailed."""
    try:
        socket.getaddrinfo(url.hostname, None)
    except (OSError, UnicodeError):
        raise CameraFailed(f"host not found: {url.hostname}") from None
