"""Names the kinds and fields of the YAML that cannot run here, instead of ignoring them."""

from collections.abc import Iterator
from typing import Any

from cnap.local.kinds import IGNORED, KINDS, Schema
from cnap.local.manifests import Resource


def problems(resource: Resource) -> Iterator[str]:
    """What of this object cannot run here, a line for each field."""
    group = resource.api_version.rpartition("/")[0]
    schema = KINDS.get((group, resource.kind))
    if schema is None:
        names = ", ".join(sorted({kind for _, kind in KINDS}))
        yield resource.at("kind", f"{resource.api_version} is not run here; what is: {names}")
        return
    body = {k: v for k, v in resource.body.items() if k not in ("apiVersion", "kind", "status")}
    for path, text in _check(schema, body, ""):
        yield resource.at(path, text)


def ignored(schema: Schema | None = None, path: str = "") -> Iterator[str]:
    """The paths that are accepted without a meaning, for the documentation."""
    if schema is None:
        for (_, kind), known in KINDS.items():
            yield from ignored(known, kind)
    elif schema == IGNORED:
        yield path
    elif isinstance(schema, list):
        yield from ignored(schema[0], f"{path}[]")
    elif isinstance(schema, dict):
        for name, inner in schema.items():
            if inner is not None:
                yield from ignored(inner, f"{path}.{name}")


def _check(schema: Schema, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(schema, str) or value is None:
        return
    if isinstance(schema, list):
        if not isinstance(value, list):
            yield path, "must be a list"
            return
        for index, item in enumerate(value):
            yield from _check(schema[0], item, f"{path}[{index}]")
        return
    if not isinstance(value, dict):
        yield path, "must be an object"
        return
    for name, inner in value.items():
        where = f"{path}.{name}" if path else str(name)
        known = _find(schema, str(name))
        if known is None:
            yield where, "not supported here"
        else:
            yield from _check(known, inner, where)


def _find(schema: dict[str, Any], name: str) -> Schema | None:
    if name in schema:
        return schema[name]
    for pattern, inner in schema.items():
        if pattern.endswith("*") and name.startswith(pattern[:-1]):
            return inner
    return None
