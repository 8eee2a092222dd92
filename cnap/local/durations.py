"""Durations as Knative's YAML writes them, in seconds."""

import re

_ISO = re.compile(
    r"P(?=.)(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?=.)(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?"
)
_ISO_SECONDS = (604800, 86400, 3600, 60, 1)
_GO_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_GO_SECONDS = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def iso(text: str) -> float:
    """Seconds of an ISO 8601 duration such as `PT0.2S`. Years and months have no fixed length:
    a ValueError, like anything else that is not one."""
    match = _ISO.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT0.2S or PT1M")
    return sum(
        float(number.replace(",", ".")) * seconds
        for number, seconds in zip(match.groups(), _ISO_SECONDS, strict=True)
        if number
    )


def go(text: str) -> float:
    """Seconds of a duration such as `1m30s`, as Knative's annotations have them."""
    parts = _GO_PART.findall(text)
    if text == "0":
        return 0.0
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 30s or 1m30s")
    return sum(float(number) * _GO_SECONDS[unit] for number, unit in parts)
