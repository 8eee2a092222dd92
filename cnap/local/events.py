"""CloudEvents 1.0 over HTTP: https://github.com/cloudevents/spec, HTTP protocol binding."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

STRUCTURED = "application/cloudevents+json"
REQUIRED = ("specversion", "id", "source", "type")
_OPTIONAL = ("datacontenttype", "dataschema", "subject", "time")
_NAME = re.compile(r"[a-z0-9]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
_JSON = re.compile(r"(application|text)/([^;\s]+\+)?json\s*(;|$)", re.IGNORECASE)


class EventError(ValueError):
    """The message is no CloudEvent, or a broken one."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its context attributes by name, all in their string form, and its data."""

    attributes: Mapping[str, str]
    data: bytes = b""

    def with_attributes(self, **attributes: str) -> "Event":
        return Event({**self.attributes, **attributes}, self.data)


def is_event(headers: Mapping[str, str]) -> bool:
    """Whether a message with these headers claims to be one event (of either content mode)."""
    return "ce-specversion" in headers or _content_type(headers).startswith(STRUCTURED)


def from_http(headers: Mapping[str, str], body: bytes) -> Event:
    """Reads one event of either content mode. Raises EventError, with what is wrong."""
    content_type = _content_type(headers)
    if content_type.startswith(STRUCTURED):
        event = _structured(body)
    elif "ce-specversion" in headers:
        event = _binary(headers, body)
    elif content_type.startswith("application/cloudevents-batch"):
        raise EventError("a batch: send its events one by one")
    else:
        raise EventError("neither a ce-specversion header nor an application/cloudevents+json body")
    _validate(event.attributes)
    return event


def to_http(event: Event) -> tuple[dict[str, str], bytes]:
    """Headers and body in binary content mode."""
    headers = {
        f"ce-{name}": value for name, value in event.attributes.items() if name != "datacontenttype"
    }
    if content_type := event.attributes.get("datacontenttype"):
        headers["content-type"] = content_type
    return headers, event.data


def _content_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").strip().lower()


def _binary(headers: Mapping[str, str], body: bytes) -> Event:
    attributes = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower.startswith("ce-"):
            attributes[lower[3:]] = value
        elif lower == "content-type":
            attributes["datacontenttype"] = value
    return Event(attributes, body)


def _structured(body: bytes) -> Event:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise EventError(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise EventError("the body is not a JSON object")
    data = document.pop("data", None)
    encoded = document.pop("data_base64", None)
    attributes = {name: _text(name, value) for name, value in document.items() if value is not None}
    if encoded is not None:
        if data is not None:
            raise EventError("both data and data_base64")
        return Event(attributes, _base64(encoded))
    if data is None:
        return Event(attributes)
    if isinstance(data, str) and not _JSON.match(attributes.get("datacontenttype", "text/json")):
        return Event(attributes, data.encode())
    attributes.setdefault("datacontenttype", "application/json")
    return Event(attributes, json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and name not in (*REQUIRED, *_OPTIONAL):
        return str(value)
    raise EventError(f"attribute {name} is neither a string, an integer nor a boolean")


def _base64(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise EventError(f"data_base64 is not base64: {error}") from None


def _validate(attributes: Mapping[str, str]) -> None:
    for name in REQUIRED:
        if not attributes.get(name):
            raise EventError(f"attribute {name} is missing or empty")
    if attributes["specversion"] != "1.0":
        raise EventError(f"specversion {attributes['specversion']!r} is not 1.0")
    for name in attributes:
        if not _NAME.fullmatch(name):
            raise EventError(f"attribute name {name!r} is not lower-case letters and digits")
    if "time" in attributes and not _TIME.fullmatch(attributes["time"]):
        raise EventError(f"time {attributes['time']!r} is not an RFC 3339 time")
