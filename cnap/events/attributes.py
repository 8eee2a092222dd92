"""Reading and writing CloudEvents attributes: everything from outside is validated here."""

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

from cnap.errors import BadEvent

STREAM = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")

MAX_SEQUENCE = 2**31 - 1
MAX_FRAMES = 2000
"""Frames that one segment may hold: a second at 1000 fps, twice over."""
MAX_HELDBACK = 16
"""Frames that H.264 and H.265 may reorder: their largest picture buffer."""


def text(attributes: Mapping[str, object], name: str, default: str | None = None) -> str:
    value = attributes.get(name, default)
    if value is None:
        raise BadEvent(f"attribute {name} is missing")
    return str(value)


def integer(
    attributes: Mapping[str, object], name: str, high: int, default: int | None = None
) -> int:
    """A whole number between 0 and `high`."""
    value = text(attributes, name, None if default is None else str(default))
    if not re.fullmatch(r"[0-9]{1,19}", value) or int(value) > high:
        raise BadEvent(f"attribute {name} must be a whole number up to {high}, not {value[:40]!r}")
    return int(value)


def rate(attributes: Mapping[str, object], name: str) -> float | None:
    """Frames per second, or None where the attribute is absent."""
    if name not in attributes:
        return None
    value = text(attributes, name)
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", value) or float(value) <= 0:
        raise BadEvent(f"attribute {name} must be frames per second, not {value[:40]!r}")
    return float(value)


def size(attributes: Mapping[str, object], name: str) -> tuple[int, int] | None:
    """Width and height, as in 640x360, or None where the attribute is absent."""
    if name not in attributes:
        return None
    value = text(attributes, name)
    match = re.fullmatch(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", value)
    if not match:
        raise BadEvent(f"attribute {name} must be like 640x360, not {value[:40]!r}")
    return int(match[1]), int(match[2])


def flag(attributes: Mapping[str, object], name: str, default: str) -> bool:
    value = text(attributes, name, default).lower()
    if value not in ("true", "false"):
        raise BadEvent(f"attribute {name} must be true or false, not {value[:40]!r}")
    return value == "true"


def seconds(attributes: Mapping[str, object], name: str) -> float:
    """A duration in seconds, 0 where the attribute is absent."""
    value = text(attributes, name, "0")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,9})?", value):
        raise BadEvent(f"attribute {name} must be seconds, not {value[:40]!r}")
    return float(value)


def stream_name(value: str) -> str:
    if not STREAM.fullmatch(value):
        raise BadEvent(
            f"{value[:80]!r} can't name a stream: use up to 63 of a-z, 0-9 and -, "
            "with no - at either end"
        )
    return value


def timestamp(attributes: Mapping[str, object], name: str) -> datetime:
    """An RFC 3339 time as an aware datetime in UTC, exact to the microsecond."""
    value = text(attributes, name)
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadEvent(f"attribute {name} must be an RFC 3339 time, not {value[:40]!r}") from None


def past(expirytime: datetime | None) -> bool:
    """Whether that moment has come; never, where there is none."""
    return expirytime is not None and datetime.now(UTC) >= expirytime


def rfc3339(moment: datetime) -> str:
    """A datetime as RFC 3339 in UTC, with as many decimals as it needs (3 or 6)."""
    precision = "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def traceparent(parent: str | None = None) -> str:
    """A W3C trace context for the next hop: the parent's trace with a span of its own.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """
    match = TRACEPARENT.fullmatch(parent or "")
    trace = match[2] if match else secrets.token_hex(16)
    flags = match[4] if match else "01"
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"
