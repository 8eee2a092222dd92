"""`io.cnap.stream.state.v1`: how a stream is, and its source's own totals; sent on change."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from cloudevents.http import CloudEvent

from cnap.events import attributes as read
from cnap.events import schemas
from cnap.events.attributes import stream_name

TYPE = "io.cnap.stream.state.v1"

STATES = (
    "connecting",
    "live",
    "degraded",
    "stalled",
    "offline",
    "ended",
    "misconfigured",
    "paused",
)


@dataclass(frozen=True)
class StreamState:
    stream: str
    epoch: int
    state: str
    """One of STATES; docs/cameras.md says when it is which."""
    reason: str
    """The cause in plain words; empty where nothing is wrong."""
    since: str
    """RFC 3339: the instant at which this state began."""
    models: tuple[str, ...]
    captured: int = 0
    """Frames captured in this epoch."""
    outstanding: int = 0
    """Frames sent whose outcome the source has not been told yet."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Frames that the source itself left out, by reason."""
    revision: int = 0
    """Grows with every change: an older one never replaces a newer."""
    framerate: float = 0.0
    """Frames a second that the camera sends."""
    nexttry: str = ""
    """RFC 3339: when the camera is tried again or its schedule opens; empty where none waits."""
    retryevery: float = 0.0
    """Seconds from `nexttry` to the try after it, and so on, of which no event tells; else 0."""
    listed: bool = False
    """Whether the stream ends with its entry in the ConfigMap `cameras`, even where its source is
    killed and can't tell so."""

    def to_event(self, moment: datetime) -> CloudEvent:
        data = asdict(self) | {"models": list(self.models), "dropped": dict(self.dropped)}
        attributes = {
            "type": TYPE,
            "source": f"/streams/{self.stream}",
            "id": f"{self.stream}-{self.epoch}-state-{self.revision}",
            "subject": self.stream,
            "time": read.rfc3339(moment),
            "datacontenttype": "application/json",
            "partitionkey": self.stream,
            "traceparent": read.traceparent(),
        }
        return CloudEvent(attributes, json.dumps(data, separators=(",", ":")).encode())

    @classmethod
    def from_event(cls, event: CloudEvent) -> "StreamState":
        data = schemas.validated(TYPE, event.get_data())
        stream_name(data["stream"])
        return cls(**(data | {"models": tuple(data["models"])}))
