"""The value of a field, as the schema allows it, or what is wrong with it."""

import re
from typing import Any

from cnap.cameras import schema, urls
from cnap.cameras.document import Part
from cnap.cameras.schedule import Schedule
from cnap.errors import BadEvent
from cnap.events.wants import different

YES = {"yes": True, "on": True, "y": True, "no": False, "off": False, "n": False}
LONGEST_SHOWN = 40
SYNONYMS = {
    "fps": "framerate",
    "rate": "framerate",
    "frame_rate": "framerate",
    "uri": "url",
    "source": "url",
    "rtsp": "url",
    "address": "url",
    "path": "url",
    "file": "url",
    "id": "name",
    "stream": "name",
    "resolution": "size",
    "width": "size",
    "height": "size",
    "enabled": "paused",
    "disabled": "paused",
    "active": "paused",
    "hours": "schedule",
    "when": "schedule",
    "repeat": "loop",
    "protocol": "transport",
    "expiry": "fresh",
}
LOGIN = {"user", "username", "login", "password", "pass", "pwd", "credentials", "secret", "auth"}


class Wrong(Exception):
    """A mistake at a part of the text."""

    def __init__(self, part: Part, words: str) -> None:
        super().__init__(words)
        self.part, self.words = part, words


def value(field: str, part: Part) -> Any:
    """The value, as Camera has it. Raises Wrong."""
    rule = schema.rules()[field]
    if part.tag and not part.tag.startswith("tag:yaml.org,2002:"):
        raise Wrong(part, f"{field}: {part.tag} means nothing here; ${{NAME}} in a url is a secret")
    if field == "schedule":
        return _schedule(part)
    kinds = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
    if part.kind == "scalar" and part.value is None and "null" in kinds:
        return None
    return {"string": _text, "number": _number, "boolean": _flag, "array": _names}[kinds[0]](
        field, part, rule
    )


def unknown(field: object, allowed: tuple[str, ...]) -> str:
    """What to say of a field that there is not."""
    from difflib import get_close_matches

    name = brief(str(field))
    word = name.lower()
    if word in LOGIN:
        return f"unknown field {name!r}; a login is a part of the url: rtsp://user:${{NAME}}@host/"
    if word in ("enabled", "active"):
        return f"unknown field {name!r}; write paused: true for a camera that is not to be read"
    near = [SYNONYMS[word]] if SYNONYMS.get(word) in allowed else None
    near = near or get_close_matches(word, allowed, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(allowed)}"
    return f"unknown field {name!r}; {hint}"


def brief(text: str) -> str:
    """As a message may quote it: a url may stand where none should, and has its password."""
    text = urls.masked(text[: 100 * LONGEST_SHOWN])
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def shown(part: Part) -> str:
    if part.kind == "scalar":
        value = part.value
        if value is None:
            return "nothing"
        if isinstance(value, bool):
            return "true" if value else "false"
        return repr(brief(value)) if isinstance(value, str) else brief(f"{value}")
    return "a list" if part.kind == "list" else "a mapping"


def text_of(field: str, part: Part) -> str:
    """Raises Wrong where it is no text, or none at all."""
    if part.kind == "scalar" and isinstance(part.value, str) and part.value:
        return part.value
    if part.kind == "scalar" and (part.value is None or part.value == ""):
        raise Wrong(part, f"{field} is empty")
    if len(part.pairs) == 1 and part.pairs[0][0].value and part.pairs[0][1].written == "":
        words = brief(f"{part.pairs[0][0].value}:")
        raise Wrong(part, f'{field}: a value that ends with a : needs quotes, as in "{words}"')
    hint = f"; write {brief(part.written)!r}, with the quotes" if part.kind == "scalar" else ""
    raise Wrong(part, f"{field} must be text, not {shown(part)}{hint}")


def _text(field: str, part: Part, rule: dict[str, Any]) -> Any:
    if field == "size":
        return _size(part, rule)
    text = text_of(field, part)
    if "enum" in rule and text not in rule["enum"]:
        raise Wrong(part, _one_of(field, text, rule["enum"]))
    if "pattern" in rule and not re.fullmatch(rule["pattern"].strip("^$"), text):
        near = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
        hint = f"; did you mean {near}?" if near and "://" not in text else ""
        meant = rule["patternErrorMessage"]
        raise Wrong(part, f"{field} must be {meant}, not {brief(text)!r}{hint}")
    if len(text) > rule.get("maxLength", len(text)):
        raise Wrong(part, f"{field} is over {rule['maxLength']} letters")
    if field == "url" and (words := urls.mistake(text)):
        raise Wrong(part, words)
    return text


def _one_of(field: str, text: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(text.lower(), known, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{field} must be one of {', '.join(known)}, not {brief(text)!r}{hint}"


def _size(part: Part, rule: dict[str, Any]) -> tuple[int, int]:
    text = str(part.value) if part.kind == "scalar" else ""
    if not re.fullmatch(rule["pattern"].strip("^$"), text):
        numbers = [str(one.value) for one in part.items] or re.findall("[0-9]+", text)
        hint = f"; did you mean {numbers[0]}x{numbers[1]}?" if len(numbers) == 2 else ""
        raise Wrong(part, f"size must be {rule['patternErrorMessage']}, not {shown(part)}{hint}")
    width, _, height = text.partition("x")
    return int(width), int(height)


def _number(field: str, part: Part, rule: dict[str, Any]) -> float:
    low, high = rule["minimum"], rule["maximum"]
    number = part.value
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    if part.kind == "scalar" and is_number and low <= number <= high:
        return float(number)
    hint = ""
    if isinstance(number, str) and (
        match := re.match(r"\s*([0-9]+(?:[.,][0-9]+)?)\s*[a-z/]*\s*$", number, re.IGNORECASE)
    ):
        quotes = ", without quotes" if part.quoted else ""
        hint = f"; write {match[1].replace(',', '.')}{quotes}"
    raise Wrong(part, f"{field} must be a number from {low} to {high}, not {shown(part)}{hint}")


def _flag(field: str, part: Part, rule: dict[str, Any]) -> bool:
    if isinstance(part.value, bool):
        return part.value
    meant = YES.get(part.value.lower()) if isinstance(part.value, str) else None
    if meant is not None and not part.quoted:
        return meant
    hint = {True: "; write true", False: "; write false"}.get(
        meant if meant is not None else {"true": True, "false": False}.get(part.value), ""
    )
    raise Wrong(part, f"{field} must be true or false, not {shown(part)}{hint}")


def _names(field: str, part: Part, rule: dict[str, Any]) -> tuple[str, ...]:
    if part.kind != "list":
        text = part.value if isinstance(part.value, str) else ""
        names = ", ".join(re.split(r"[,\s]+", brief(text).strip())) or "yolox-nano"
        none = "; write [] for none" if part.value is None and part.kind == "scalar" else ""
        raise Wrong(part, f"{field} must be a list, as in [{names}], not {shown(part)}{none}")
    names = tuple(_text(f"each of the {field}", item, rule["items"]) for item in part.items)
    try:
        return different(names)
    except BadEvent as error:
        raise Wrong(part, str(error)) from None


def _schedule(part: Part) -> Schedule | None:
    if part.kind == "scalar" and part.value is None:
        return None
    when, timezone = part, ""
    if part.kind == "mapping":
        fields = {key.value: inner for key, inner in part.pairs if key.kind == "scalar"}
        for key, _ in part.pairs:
            if key.value not in ("when", "timezone"):
                raise Wrong(key, f"schedule: {unknown(key.value, ('when', 'timezone'))}")
        if "when" not in fields:
            raise Wrong(part, "schedule says no when: as in when: mon-fri 07:00-19:00")
        when = fields["when"]
        if "timezone" in fields:
            timezone = text_of("schedule: timezone", fields["timezone"])
            _scheduled(fields["timezone"], (), timezone)
    spans = when.items if when.kind == "list" else [when]
    if not 1 <= len(spans) <= 50:
        raise Wrong(when, "schedule must be from 1 to 50 spans, as in mon-fri 07:00-19:00")
    texts = tuple(text_of("schedule", one) for one in spans)
    for one, text in zip(spans, texts, strict=True):
        _scheduled(one, (text,), "")
    return Schedule(texts, timezone)


def _scheduled(part: Part, when: tuple[str, ...], timezone: str) -> None:
    try:
        Schedule(when, timezone)
    except ValueError as error:
        raise Wrong(part, f"schedule: {error}") from None
