"""CloudEvents over HTTP: https://github.com/cloudevents/spec, HTTP protocol binding.

Accepts and refuses what Knative's broker does, which is the Go SDK's reading of the spec.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch"
VERSIONS = ("1.0", "0.3")
REQUIRED = ("specversion", "id", "source", "type")

_NAME = re.compile(r"[a-z0-9]+")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
_JSON = re.compile(r"(application|text)/([^;\s]+\+)?json\s*(;|$)", re.IGNORECASE)
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110's word for it
_MEDIA_TYPE = re.compile(rf"{_TOKEN}(/{_TOKEN})?\s*(;.*)?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class EventError(ValueError):
    """The message is no CloudEvent, or a broken one."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its context attributes by name, all in their string form, and its data."""

    attributes: Mapping[str, str]
    data: bytes = b""

    def with_attributes(self, **attributes: str) -> "Event":
        return Event({**self.attributes, **attributes}, self.data)

    def without(self, name: str) -> "Event":
        return Event({k: v for k, v in self.attributes.items() if k != name}, self.data)


def is_event(headers: Mapping[str, str]) -> bool:
    """Whether a message with these headers claims to be one event, in either content mode."""
    kind = _content_type(headers)
    return kind.startswith(STRUCTURED) or (
        "ce-specversion" in headers and not kind.startswith(BATCH)
    )


def from_http(headers: Mapping[str, str], body: bytes) -> Event:
    """Reads one event, in either content mode, without validating its attributes.

    Raises EventError, with what is wrong.
    """
    if not is_event(headers):
        raise EventError("neither a ce-specversion header nor an application/cloudevents+json body")
    if _content_type(headers).startswith(STRUCTURED):
        event = _structured(body)
    else:
        event = _binary(headers, body)
    version = event.attributes.get("specversion")
    if version not in VERSIONS:
        raise EventError(f"specversion {version!r} is not 1.0")
    return event


def to_http(event: Event) -> tuple[dict[str, str], bytes]:
    """Headers and body in binary content mode."""
    headers = {
        f"ce-{name}": value for name, value in event.attributes.items() if name != "datacontenttype"
    }
    if content_type := event.attributes.get("datacontenttype"):
        headers["content-type"] = content_type
    return headers, event.data


def validated(event: Event) -> Event:
    """The event in its canonical form: time in UTC, no empty subject.

    Raises EventError for the first attribute that breaks the spec.
    """
    attributes = dict(event.attributes)
    for name in REQUIRED:
        if not attributes.get(name):
            raise EventError(f"attribute {name} is missing or empty")
    for name in attributes:
        if not _NAME.fullmatch(name):
            raise EventError(f"attribute name {name!r} is not lower-case letters and digits")
    attributes["source"] = _uri_reference("source", attributes["source"])
    if "dataschema" in attributes and not _SCHEME.match(attributes["dataschema"]):
        raise EventError(f"dataschema {attributes['dataschema']!r} is not an absolute URI")
    content_type = attributes.get("datacontenttype")
    if content_type is not None and not _MEDIA_TYPE.fullmatch(content_type.strip()):
        raise EventError(f"datacontenttype {content_type!r} is not a media type")
    if "time" in attributes:
        attributes["time"] = _utc(attributes["time"])
    if attributes.get("subject") == "":
        del attributes["subject"]
    return Event(attributes, event.data)


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
    present, data = "data" in document, document.pop("data", None)
    encoded = document.pop("data_base64", None)
    attributes = {
        name.lower(): _text(name, value) for name, value in document.items() if value is not None
    }
    if encoded is not None:
        if present:
            raise EventError("both data and data_base64")
        return Event(attributes, _base64(encoded))
    if not present:
        return Event(attributes)
    if _JSON.match(attributes.get("datacontenttype", "application/json")):
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return Event(attributes, text.encode())
    if not isinstance(data, str):
        raise EventError(f"data is JSON, and datacontenttype {attributes['datacontenttype']!r}")
    return Event(attributes, data.encode())


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if name not in REQUIRED:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
    raise EventError(f"attribute {name} is neither a string, an integer nor a boolean")


def _base64(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise EventError(f"data_base64 is not base64: {error}") from None


def _uri_reference(name: str, value: str) -> str:
    first = value.split("/", 1)[0]
    if (":" in first and not _SCHEME.match(value)) or _BAD_ESCAPE.search(value):
        raise EventError(f"{name} {value!r} is not a URI reference")
    return value.replace(" ", "%20")


def _utc(value: str) -> str:
    match = _TIME.fullmatch(value)
    if not match:
        raise EventError(f"time {value!r} is not an RFC 3339 time")
    seconds, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(seconds + zone).astimezone(UTC)
    except ValueError as error:
        raise EventError(f"time {value!r}: {error}") from None
    fraction = (fraction or "").rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' + fraction if fraction else ''}Z"
