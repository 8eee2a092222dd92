"""From the text of a cameras.yaml to cameras, and back."""

import os
from collections.abc import Iterable
from typing import Any

from cnap.cameras import fields, schema
from cnap.cameras.camera import Camera
from cnap.cameras.document import Part, read
from cnap.cameras.fields import Wrong
from cnap.cameras.mistakes import CameraError, Mistake, error
from cnap.cameras.urls import masked
from cnap.cameras.writing import lines

TOP = ("cameras", "defaults", "$schema")
SHAPE = "must be a list under the word cameras:, as in\ncameras:\n  - name: gate\n    url: gate.mp4"
MERGE = "<<"

Fields = dict[str, tuple[Part, Part]]
"""Of a mapping: its keys and values by name."""


def parse(
    text: str, file: str = "cameras.yaml", models: tuple[str, ...] | None = None
) -> list[Camera]:
    """The cameras of a cameras.yaml. Raises CameraError with each mistake, its line and what was
    meant; `file` is what messages call it. `models` are those of cameras that don't say which: the
    environment's CNAP_CAMERA_MODELS, by which `cnap up` gives them the best that can be had."""
    return Parsing(text, file, models).cameras


def followed(text: str, before: Iterable[Camera]) -> tuple[list[Camera], str]:
    """The cameras of a list that is followed while they run, and what is wrong with it. A mistake
    costs nobody else: sound cameras are as the text says, and all others as they were `before`."""
    try:
        return parse(text), ""
    except CameraError as error:
        known = {camera.name: camera for camera in (*before, *error.sound)}
        return list(known.values()), str(error)


class Parsing:
    """A cameras.yaml that has been understood: its cameras, and where each of them stands."""

    def __init__(
        self, text: str, file: str = "cameras.yaml", models: tuple[str, ...] | None = None
    ) -> None:
        if models is None:
            models = tuple(filter(None, os.environ.get("CNAP_CAMERA_MODELS", "").split(",")))
        self._usual = {"models": models}
        self._mistakes: list[Mistake] = []
        self._merged: dict[int, Fields] = {}
        self.root = read(text, file)
        self.list = self._list(file)
        if self._mistakes:
            raise error(self._mistakes, file, self.cameras)
        self.entries = [self.fields(part, "") for part in self.list.items]

    def _list(self, file: str) -> Part:
        if self.root is None:
            raise CameraError(f"{file} is empty; write cameras: [] for none")
        if self.root.kind != "mapping":
            raise CameraError(f"{file} {SHAPE}")
        top = self.fields(self.root, "")
        for name, (key, _) in top.items():
            if name not in TOP:
                self._note(key, fields.unknown(name, TOP))
        if "cameras" not in top:
            if not self._mistakes:
                raise CameraError(f"{file} {SHAPE}")
            raise error(self._mistakes, file)
        self.usual = self._usual | self._defaults(top)
        """What a camera has that does not say it, where the schema has something else."""
        part = top["cameras"][1]
        self.cameras = self._all(part, self.usual)
        return part

    def _defaults(self, top: Fields) -> dict[str, Any]:
        if "defaults" not in top:
            return {}
        _, part = top["defaults"]
        if part.kind != "mapping":
            self._note(part, "defaults must be fields, as in framerate: 5")
            return {}
        return self._values(self.fields(part, "defaults: "), "defaults: ", schema.usual())

    def _all(self, part: Part, defaults: dict[str, Any]) -> list[Camera]:
        if part.kind != "list":
            self._note(part, _no_list(part))
            return []
        if len(part.items) > schema.most_cameras():
            most = schema.most_cameras()
            self._note(part.items[most], f"this is one camera too many: there can be {most}")
            return []
        found, first, understood = [], {}, not self._mistakes
        for number, item in enumerate(part.items, 1):
            if item.kind != "mapping":
                words = f"camera {number} must have a name and a url, not {fields.shown(item)}"
                self._note(item, words)
                continue
            before = len(self._mistakes)
            camera = self._camera(item, number, defaults)
            name = camera.get("name")
            if name in first:
                words = f"camera {name}: line {first[name].line} has a camera of this name already"
                self._note(item, words)
            elif name:
                first[name] = item
            if len(self._mistakes) == before:
                found.append(Camera(**camera))
        return found if understood else []

    def _camera(self, item: Part, number: int, defaults: dict[str, Any]) -> dict[str, Any]:
        given = self.fields(item, f"camera {number}: ")
        name = given["name"][1].value if "name" in given else None
        where = f"camera {fields.brief(name) if isinstance(name, str) and name else number}: "
        values = self._values(given, where, tuple(schema.rules()))
        for needed in ("name", "url"):
            if needed not in map(str.lower, map(str, given)):
                dash = "; or is the - before it one too many?" if number > 1 else ""
                self._note(item, f"{where}{needed} is missing{dash if needed == 'name' else ''}")
        return {**defaults, **values}

    def _values(self, given: Fields, where: str, allowed: tuple[str, ...]) -> dict[str, Any]:
        values = {}
        for name, (key, part) in given.items():
            if name not in allowed:
                hint = fields.unknown(name, allowed)
                if name in schema.rules():
                    hint = f"{name} is each camera's own"
                self._note(key, where + hint)
                continue
            try:
                values[name] = fields.value(name, part)
            except Wrong as wrong:
                self._note(wrong.part, where + wrong.words)
        return values

    def fields(self, part: Part, where: str) -> Fields:
        """The keys of a mapping with their values, those that << brings included."""
        known = self._merged.get(id(part.pairs))
        if known is not None:
            return known
        own: Fields = {}
        merged: Fields = {}
        for key, inner in part.pairs:
            name = key.value
            if name == MERGE and not key.quoted:
                for one in inner.items if inner.kind == "list" else [inner]:
                    if one.kind != "mapping":
                        self._note(inner, f"{where}<< must be followed by an alias of fields")
                        continue
                    merged = {**self.fields(one, where), **merged}
            elif key.kind != "scalar":
                self._note(key, f"{where}a field's name must be a word")
            elif name in own:
                words = f"{where}{name} is said twice, on lines {own[name][0].line} and {key.line}"
                self._note(key, words)
            else:
                own[name] = (key, inner)
        self._merged[id(part.pairs)] = found = {**merged, **own}
        return found

    def _note(self, part: Part, words: str) -> None:
        self._mistakes.append(Mistake(part.line, part.column, masked(words)))


def _no_list(part: Part) -> str:
    if part.kind == "mapping":
        key, inner = part.pairs[0] if part.pairs else (part, part)
        name = inner.value if key.value == "name" else key.value or "gate"
        return f"cameras must be a list: begin each camera with a dash, as in - name: {name}"
    if part.value is None:
        return "cameras has nothing under it; write cameras: [] for none"
    return f"cameras must be a list of cameras, not {fields.shown(part)}"


def dump(cameras: Iterable[Camera]) -> str:
    """The text of a cameras.yaml, with only what differs from the defaults."""
    return lines({"cameras": [camera.plain() for camera in cameras]})
