"""Trigger filters: https://knative.dev/docs/eventing/triggers/#trigger-filtering."""

from collections.abc import Callable, Mapping
from typing import Any

Filter = Callable[[Mapping[str, str]], bool]


def trigger_filter(spec: Mapping[str, Any]) -> Filter:
    """The filter of a Trigger's spec: `filters` wins over `filter`; neither matches every event.

    Raises ValueError, naming the field, for what Knative refuses and for cesql.
    """
    if spec.get("filters"):
        return _all(_dialects(spec["filters"], "filters"))
    return _attributes((spec.get("filter") or {}).get("attributes") or {})


def _attributes(wanted: Mapping[str, str]) -> Filter:
    """Every attribute has the value given; an empty value asks only that it is there."""
    pairs = tuple(wanted.items())
    return lambda event: all(
        event.get(name) == value if value else name in event for name, value in pairs
    )


def _dialects(filters: list[Mapping[str, Any]], path: str) -> list[Filter]:
    if not filters:
        raise ValueError(f"{path} is empty")
    return [_dialect(item, f"{path}[{index}]") for index, item in enumerate(filters)]


def _dialect(item: Mapping[str, Any], path: str) -> Filter:
    if len(item) != 1:
        raise ValueError(f"{path} must have exactly one dialect, and has {len(item)}")
    (dialect, value), path = next(iter(item.items())), f"{path}.{next(iter(item))}"
    match dialect:
        case "exact":
            return _compare(value, path, str.__eq__)
        case "prefix":
            return _compare(value, path, str.startswith)
        case "suffix":
            return _compare(value, path, str.endswith)
        case "all":
            return _all(_dialects(value, path))
        case "any":
            return _any(_dialects(value, path))
        case "not":
            inner = _dialect(value, path)
            return lambda event: not inner(event)
        case "cesql":
            raise ValueError(f"{path}: SQL filters run only on Knative; use exact, prefix, suffix")
        case _:
            raise ValueError(f"{path} is no dialect Knative knows")


def _compare(wanted: Mapping[str, str], path: str, test: Callable[[str, str], bool]) -> Filter:
    if not wanted or not all(wanted.values()):
        raise ValueError(f"{path} needs attributes with a value each")
    pairs = tuple(wanted.items())
    return lambda event: all(name in event and test(event[name], value) for name, value in pairs)


def _all(filters: list[Filter]) -> Filter:
    return lambda event: all(one(event) for one in filters)


def _any(filters: list[Filter]) -> Filter:
    return lambda event: any(one(event) for one in filters)
