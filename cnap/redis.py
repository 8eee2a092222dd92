"""The connection to Redis (or Valkey), and its failures said plainly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnap.errors import CnapError, Unavailable

if TYPE_CHECKING:
    from redis import Redis

TIMEOUT = 3.0


def connect(url: str | None = None) -> Redis:
    """A client for `url` (default: CNAP_REDIS); it connects when first used."""
    from redis import Redis

    url = url or os.environ.get("CNAP_REDIS", "redis://127.0.0.1:6379/0")
    try:
        return Redis.from_url(
            url, decode_responses=True, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
        )
    except ValueError as error:
        raise CnapError(f"CNAP_REDIS must be redis://HOST:PORT or unix://SOCKET: {error}") from None


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turns Redis' own errors into Unavailable: the event is retried until Redis is back."""
    from redis.exceptions import RedisError

    try:
        yield
    except RedisError as error:
        raise Unavailable(f"Redis can't be used: {str(error)[:200]}") from None
