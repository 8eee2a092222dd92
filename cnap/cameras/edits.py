"""Changes of a cameras.yaml by program, which leave every other letter of it as it was.

Each gives the new text. It is read again before it is given: it has exactly the cameras that it
should have, or the change is refused. All raise CameraError, whose `status` says what kind it is:
400 for what can't be a camera, 404 for a name that there is not, 409 for one that there is already
and for a text that only a person can change.
"""

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from cnap.cameras import splicing
from cnap.cameras.document import Part, read
from cnap.cameras.fields import brief, unknown
from cnap.cameras.mistakes import CameraError, CameraExists, NoSuchCamera, Uneditable
from cnap.cameras.parsing import Parsing
from cnap.cameras.schema import rules

Plain = dict[str, Any]
NONE = "cameras: []\n"
FOREIGN = "stands elsewhere in cameras.yaml (*alias or <<); change it there"


def entries(text: str) -> dict[str, Plain]:
    """What each camera says of itself, by name: without what `defaults:` says."""
    try:
        parsing = Parsing(text)
    except CameraError as error:
        raise Uneditable(f"cameras.yaml must be mended first:\n{error}", error.mistakes) from None
    found = [{name: _plain(part) for name, (_, part) in one.items()} for one in parsing.entries]
    return {entry["name"]: entry for entry in found}


def add(text: str, camera: Mapping[str, Any]) -> str:
    """With one more camera, at the end."""
    text = text if text.strip() else NONE
    before, name = entries(text), camera.get("name")
    if not isinstance(name, str) or not name:
        raise CameraError("the camera has no name, or one that is no text, as in gate")
    if name in before:
        raise CameraExists(f"there is a camera called {name} already")
    root, listed = _parts(text)
    changed = _spliced(lambda: splicing.with_item(text, listed, dict(camera), root.flow), name)
    return _checked(changed, before | {name: dict(camera)}, name)


def remove(text: str, name: str) -> str:
    before = _known(text, name)
    index = list(before).index(name)
    changed = _spliced(lambda: splicing.without_item(text, _parts(text)[1], index), name)
    del before[name]
    return _checked(changed, before, name)


def replace(text: str, name: str, camera: Mapping[str, Any]) -> str:
    """With other fields of a camera, all of them; those that stay the same are not touched."""
    before = _known(text, name)
    return _changed(text, before, name, {"name": name, **camera})


def patch(text: str, name: str, fields: Mapping[str, Any]) -> str:
    """With some fields of a camera changed; None takes one away (RFC 7396)."""
    before = _known(text, name)
    gone = {field for field, value in fields.items() if value is None}
    after = {field: value for field, value in before[name].items() if field not in gone}
    given = {field: value for field, value in fields.items() if value is not None}
    return _changed(text, before, name, after | given)


def _known(text: str, name: str) -> dict[str, Plain]:
    found = entries(text)
    if name not in found:
        raise NoSuchCamera(f"there is no camera called {name}")
    return found


def _changed(text: str, before: dict[str, Plain], name: str, after: Plain) -> str:
    """With the camera as `after` says, one field after the other."""
    if after.get("name") != name:
        raise CameraError(f"camera {name} can't be given another name; add another, remove it")
    if "url" not in after:
        raise CameraError(f"camera {name}: url is missing")
    index, now = list(before).index(name), before[name]
    for field in [*after, *(field for field in now if field not in after)]:
        if field not in rules():
            raise CameraError(f"camera {name}: {unknown(field, tuple(rules()))}")
        if field not in after or field not in now or not _same(after[field], now[field]):
            text = _with(text, index, name, field, after)
    return _checked(text, before | {name: after}, name)


def _with(text: str, index: int, name: str, field: str, after: Plain) -> str:
    part = _parts(text)[1].items[index]
    if part.alias:
        raise Uneditable(f"camera {name} {FOREIGN}")
    if field in after:
        return _spliced(lambda: splicing.with_field(text, part, field, after[field]), name)
    if field not in [key.value for key, _ in part.pairs]:
        raise Uneditable(f"camera {name}: {field} {FOREIGN}")
    return _spliced(lambda: splicing.without_field(text, part, field), name)


def _parts(text: str) -> tuple[Part, Part]:
    """The whole and its list of cameras, which may have a mistake in it by now."""
    try:
        root = read(text, "cameras.yaml")
    except CameraError:
        raise Uneditable("cameras.yaml can't be changed by program: edit it by hand") from None
    return root, next(part for key, part in root.pairs if key.value == "cameras")


def _spliced(change: Callable[[], str], name: str) -> str:
    try:
        return change()
    except (yaml.YAMLError, RecursionError):
        raise CameraError(f"camera {name}: its fields must be what JSON has") from None
    except (ValueError, IndexError):
        raise Uneditable(
            f"camera {name} is written in a way that only a person can change"
        ) from None


def _checked(text: str, expected: dict[str, Plain], name: str) -> str:
    """The text, if it says what is expected. Its mistakes are the new camera's, if they are said
    of it; else others refer to what was changed."""
    try:
        Parsing(text)
    except CameraError as error:
        words = [one.words for one in error.mistakes]
        if words and all(one.startswith(f"camera {brief(name)}: ") for one in words):
            raise CameraError("\n".join(words)) from None
        if name in expected and not words:
            raise
        raise Uneditable(
            f"camera {name} can't be changed alone: {'; '.join(words)}; edit cameras.yaml by hand"
        ) from None
    found = entries(text)
    if list(found) != list(expected) or not all(_same(found[n], expected[n]) for n in found):
        raise Uneditable(f"camera {name} can't be changed alone; edit cameras.yaml by hand")
    return text


def _same(one: Any, other: Any) -> bool:
    """Equal as YAML says it: true is not 1, and a tuple is a list."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _plain(part: Part) -> Any:
    if part.kind == "scalar":
        return part.value
    if part.kind == "list":
        return [_plain(item) for item in part.items]
    return {key.value: _plain(value) for key, value in part.pairs}
