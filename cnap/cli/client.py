"""Asking the running pipeline's API."""

import json
import urllib.error
import urllib.request
from http.client import HTTPResponse
from typing import Any

from cnap.errors import CnapError
from cnap.running import Running


def running() -> Running:
    found = Running.find()
    if found is None or not found.page:
        raise CnapError("no pipeline runs on this machine; start one with: cnap up")
    return found


def opened(path: str, timeout: float, last_event: str = "") -> HTTPResponse:
    url = f"{running().page}/{path}"
    headers = {"Last-Event-ID": last_event} if last_event else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (our own address)
    try:
        return urllib.request.urlopen(request, timeout=timeout)  # noqa: S310
    except urllib.error.HTTPError as error:
        raise CnapError(f"the pipeline answered {error.code} for {url}") from None
    except OSError as error:
        raise CnapError(f"the pipeline does not answer at {url}: {error}") from None


def api(path: str) -> Any:
    """The JSON that the API answers at `path`."""
    with opened(path, timeout=15) as answer:
        return json.load(answer)
