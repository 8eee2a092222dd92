"""Asking the API of the pipeline that runs here, or of the one of CNAP_URL and CNAP_TOKEN."""

import json
import os
import urllib.error
import urllib.request
from http.client import HTTPResponse
from typing import Any

from cnap.errors import CnapError
from cnap.running import Running


def found() -> tuple[str, str] | None:
    """Address and token of the API; None where no pipeline runs."""
    if url := os.environ.get("CNAP_URL"):
        return url.rstrip("/"), os.environ.get("CNAP_TOKEN", "")
    running = Running.find()
    return (running.page, running.token) if running and running.page else None


def opened(
    path: str, timeout: float, last_event: str = "", method: str = "GET", body: Any = None
) -> HTTPResponse:
    """The API's answer; `body` is sent as JSON. Raises CnapError with the API's own words."""
    place = found()
    if place is None:
        raise CnapError("no pipeline runs on this machine; start one with: cnap up")
    url = f"{place[0]}/{path}"
    headers = {"Last-Event-ID": last_event} if last_event else {}
    headers |= {"Authorization": f"Bearer {place[1]}"} if place[1] else {}
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    if not url.startswith(("http://", "https://")):
        raise CnapError(f"CNAP_URL must begin with http:// or https://, not {place[0]!r}")
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
    try:
        return urllib.request.urlopen(request, timeout=timeout)  # noqa: S310
    except urllib.error.HTTPError as error:
        raise CnapError(_words(error, url)) from None
    except (OSError, ValueError) as error:
        raise CnapError(f"the pipeline does not answer at {url}: {error}") from None


def api(path: str, method: str = "GET", body: Any = None) -> Any:
    """The JSON that the API answers at `path`; None where it answers nothing."""
    with opened(path, timeout=15, method=method, body=body) as answer:
        return None if answer.status == 204 else json.load(answer)


def _words(error: urllib.error.HTTPError, url: str) -> str:
    """What the API says is wrong, and for whom the token is missing, what to do."""
    try:
        said = json.loads(error.read(1 << 16))["error"]
    except (OSError, ValueError, TypeError, KeyError):
        return f"the pipeline answered {error.code} for {url}"
    return f"{said}; set CNAP_TOKEN" if error.code == 401 and "CNAP_TOKEN" not in said else said
