"""The text of a YAML file as a tree that knows where each part stands.

Plain words mean what YAML 1.2 says they mean, as in every editor: `on`, `no` and `12:30` are text.
An alias is a part of its own that has the content of what it refers to, so nothing ever grows by
being referred to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from cnap.cameras.mistakes import CameraError, Mistake, error
from cnap.cameras.syntax import said

MOST_BYTES = 512 << 10
"""Half of what a ConfigMap may hold."""
MOST_PARTS = 100_000
DEEPEST = 20

NULL = re.compile("|~|null|Null|NULL")
BOOLEAN = re.compile("(true|True|TRUE)|false|False|FALSE")
INTEGER = re.compile("[-+]?[0-9]{1,40}")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
ODD = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|0o[0-7]+|0x[0-9a-fA-F]+")

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True, eq=False)
class Part:
    """A scalar with its `value`, a list of `items` or a mapping of `pairs`."""

    kind: str
    line: int
    column: int
    start: int
    end: int
    """Where its last letter stands, without comments that follow."""
    value: Any = None
    written: str = ""
    """A scalar's letters."""
    items: list["Part"] = field(default_factory=list)
    pairs: list[tuple["Part", "Part"]] = field(default_factory=list)
    flow: bool = False
    quoted: bool = False
    tag: str = ""
    alias: bool = False


def decoded(data: bytes, file: str) -> str:
    """The text of these bytes. Raises CameraError, with the line of what is no letter."""
    try:
        return data.decode()
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        words = f"is no text in UTF-8 (0x{data[problem.start]:02x}); save the file as UTF-8"
        raise CameraError(f"{file} line {line}: {words}", [Mistake(line, 1, words)]) from None


def read(text: str, file: str) -> Part | None:
    """The one document of the text, None where there is nothing in it. Raises CameraError."""
    if len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES:
        words = f"the file is over {MOST_BYTES >> 10} KiB, the most that is read"
        raise error([Mistake(1, 1, words)], file)
    try:
        return _Reading(file).document(text)
    except yaml.reader.ReaderError as problem:
        line = text.count("\n", 0, problem.position) + 1
        words = f"a letter that YAML does not know: {problem.reason}"
        raise error([Mistake(line, 1, words)], file) from None
    except yaml.MarkedYAMLError as problem:
        raise error([said(problem, text)], file) from None
    except UnicodeEncodeError as problem:
        line = text.count("\n", 0, problem.start) + 1
        raise error([Mistake(line, 1, "a letter that is none")], file) from None


class _Reading:
    def __init__(self, file: str) -> None:
        self._file = file
        self._anchors: dict[str, Part] = {}
        self._count = self._before = 0

    def document(self, text: str) -> Part | None:
        root, documents = None, 0
        self._before = int(text.startswith("\ufeff"))  # which no mark counts
        events = yaml.parse(text, Loader=Loader)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refused(event, "--- begins a second document; there can be one")
            elif isinstance(event, yaml.NodeEvent):
                root = self._part(event, events, 0)
        return root

    def _part(self, event: Any, events: Iterator[Any], depth: int) -> Part:
        self._count += 1
        if self._count > MOST_PARTS:
            raise self._refused(event, "there is too much in this file")
        if depth > DEEPEST:
            raise self._refused(event, f"nested more than {DEEPEST} deep")
        mark = event.start_mark
        start, end = (one.index + self._before for one in (mark, event.end_mark))
        at = (mark.line + 1, mark.column + 1, start, end)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, at)
        if isinstance(event, yaml.ScalarEvent):
            part = Part("scalar", *at, quoted=not event.implicit[0], tag=event.tag or "")
            part.value = event.value if part.quoted else plain(event.value)
            part.written = event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            part = Part("list", *at, flow=bool(event.flow_style), tag=event.tag or "")
            while not isinstance(inner := next(events), yaml.SequenceEndEvent):
                part.items.append(self._part(inner, events, depth + 1))
            part.end = self._end(inner) if part.flow else part.items[-1].end
        else:
            part = Part("mapping", *at, flow=bool(event.flow_style), tag=event.tag or "")
            while not isinstance(inner := next(events), yaml.MappingEndEvent):
                key = self._part(inner, events, depth + 1)
                part.pairs.append((key, self._part(next(events), events, depth + 1)))
            part.end = self._end(inner) if part.flow else part.pairs[-1][1].end
        if event.anchor:
            self._anchors[event.anchor] = part
        return part

    def _end(self, event: Any) -> int:
        return event.end_mark.index + self._before

    def _alias(self, event: Any, at: tuple[int, int, int, int]) -> Part:
        target = self._anchors.get(event.anchor)
        if target is None:
            raise self._refused(event, f"nothing above is called &{event.anchor}")
        return Part(
            target.kind,
            *at,
            value=target.value,
            written=target.written,
            items=target.items,
            pairs=target.pairs,
            quoted=target.quoted,
            tag=target.tag,
            alias=True,
        )

    def _refused(self, event: Any, words: str) -> Exception:
        mark = event.start_mark
        return error([Mistake(mark.line + 1, mark.column + 1, words)], self._file)


def plain(word: str) -> Any:
    """What an unquoted word means by YAML 1.2's core schema (10.3.2)."""
    if NULL.fullmatch(word):
        return None
    if match := BOOLEAN.fullmatch(word):
        return bool(match[1])
    if INTEGER.fullmatch(word):
        return int(word)
    if FLOAT.fullmatch(word):
        return float(word)
    if ODD.fullmatch(word):
        if word[:2] in ("0o", "0x"):
            return int(word, 0) if len(word) < 40 else float("inf")
        return float(word.replace(".", ""))
    return word
