"""A camera, as cameras.yaml tells of it."""

from dataclasses import dataclass, fields
from typing import Any

from cnap.cameras.schedule import Schedule


@dataclass(frozen=True)
class Camera:
    """The fields of cameras.schema.json, with its defaults."""

    name: str
    url: str
    """`${NAME}` in it is a key of the Secret `cameras`, which only `cnap.source.references` looks
    into."""
    models: tuple[str, ...] = ()
    framerate: float | None = None
    """Frames a second to look at; all of them where it is not said."""
    size: tuple[int, int] | None = None
    """The largest picture that anything looks at: asked for where a camera gives a choice."""
    transport: str = "tcp"
    """RTSP's: tcp or udp."""
    segment: float = 1.0
    """Seconds of video in a segment."""
    behind: str = "thin"
    """What is left out where the pipeline is slower than the camera: thin, oldest or newest."""
    fresh: float = 20.0
    """Seconds after which a frame is of no use any more."""
    loop: bool = True
    paused: bool = False
    schedule: Schedule | None = None
    """When it is looked at; always where it is not said."""

    def plain(self) -> dict[str, Any]:
        """As it is written in YAML and JSON, with only what differs from the defaults."""
        return {
            field.name: _plain(field.name, value)
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }


def _plain(name: str, value: Any) -> Any:
    if name == "size":
        return "{}x{}".format(*value)
    if isinstance(value, Schedule):
        return value.plain()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return list(value) if isinstance(value, tuple) else value
