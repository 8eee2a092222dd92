"""cameras.yaml: which streams there are. The same text in a file and in the cluster's ConfigMap."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import yaml

from cnap.errors import BadEvent, CnapError
from cnap.events.attributes import stream_name
from cnap.events.wants import different

CONFIG_MAP = "cameras"
KEY = "cameras.yaml"


class CameraError(CnapError):
    """A mistake in cameras.yaml: which camera, which field, what was meant."""

    status = 400


@dataclass(frozen=True)
class Camera:
    name: str
    url: str
    """A video file, for now: a path or file:///… `${NAME}` in it is a key of the Secret `cameras`,
    which only `cnap.source.references` looks into."""
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

    @classmethod
    def parse(cls, entry: object, place: str) -> "Camera":
        if not isinstance(entry, Mapping):
            raise CameraError(f"{place} must have a name and a url, not {entry!r}")
        known = {field.name for field in fields(cls)}
        for name in entry:
            if name not in known:
                raise CameraError(f"{place}: unknown field {name!r}; use {', '.join(known)}")
        for name in ("name", "url"):
            if not isinstance(entry.get(name), str) or not entry[name]:
                raise CameraError(f"{place}: {name} is missing, or is not text")
        where = f"camera {entry['name']}"
        try:
            stream_name(entry["name"])
            models = _models(entry.get("models") or [], where)
        except BadEvent as error:
            raise CameraError(f"{place}: {error}") from None
        return cls(
            name=entry["name"],
            url=entry["url"],
            models=models,
            framerate=_number(entry, "framerate", where, 0.01, 1000, None),
            size=_size(entry, where),
            transport=_choice(entry, "transport", where, ("tcp", "udp")),
            segment=_number(entry, "segment", where, 0.1, 10, 1.0),
            behind=_choice(entry, "behind", where, ("thin", "oldest", "newest")),
            fresh=_number(entry, "fresh", where, 1, 3600, 20.0),
            loop=_flag(entry, "loop", where, True),
            paused=_flag(entry, "paused", where, False),
        )


def parse(text: str) -> list[Camera]:
    """The cameras of a cameras.yaml; CameraError says which line or camera is wrong and why."""
    try:
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise CameraError(f"cameras.yaml is not YAML: {error}") from None
    entries = content.get("cameras") if isinstance(content, Mapping) else None
    if not isinstance(entries, list):
        raise CameraError("cameras.yaml must be a list under the word cameras:")
    cameras = [Camera.parse(entry, f"camera {n}") for n, entry in enumerate(entries, 1)]
    names = [camera.name for camera in cameras]
    for name in names:
        if names.count(name) > 1:
            raise CameraError(f"two cameras are called {name}; each needs a name of its own")
    return cameras


def dump(cameras: list[Camera]) -> str:
    """The text of a cameras.yaml, with only what differs from the defaults."""
    usual = {field.name: field.default for field in fields(Camera)}
    entries = [
        {
            name: "x".join(map(str, value)) if name == "size" else _plain(value)
            for name, value in asdict(camera).items()
            if value != usual[name]
        }
        for camera in cameras
    ]
    return yaml.safe_dump({"cameras": entries}, sort_keys=False)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _models(names: object, where: str) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CameraError(f"{where}: models must be a list of names, as in [yolox-nano]")
    return different(names)


def _number(
    entry: Mapping[str, Any], name: str, where: str, low: float, high: float, usual: float | None
) -> float | None:
    value = entry.get(name, usual)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise CameraError(f"{where}: {name} must be a number from {low} to {high}, not {value!r}")
    return float(value)


def _size(entry: Mapping[str, Any], where: str) -> tuple[int, int] | None:
    value = entry.get("size")
    if value is None:
        return None
    match = re.fullmatch("([1-9][0-9]{1,4})x([1-9][0-9]{1,4})", str(value))
    if not match:
        raise CameraError(f"{where}: size must be like 1280x720, not {value!r}")
    return int(match[1]), int(match[2])


def _choice(entry: Mapping[str, Any], name: str, where: str, known: tuple[str, ...]) -> str:
    value = entry.get(name, known[0])
    if value not in known:
        raise CameraError(f"{where}: {name} must be one of {', '.join(known)}, not {value!r}")
    return value


def _flag(entry: Mapping[str, Any], name: str, where: str, usual: bool) -> bool:
    value = entry.get(name, usual)
    if not isinstance(value, bool):
        raise CameraError(f"{where}: {name} must be true or false, not {value!r}")
    return value
