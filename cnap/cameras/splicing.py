"""Changing one part of a YAML text and no other letter of it.

The text is spliced where the tree says that parts stand, so comments, order, quotes, indentation
and line ends elsewhere stay by themselves, which writing the whole anew can't promise.
"""

import re
from typing import Any

from cnap.cameras.document import Part
from cnap.cameras.writing import inline

COMMENT = re.compile(r"[ \t]*#[^\n]*")
EMPTY = re.compile(r"([ \t]*\r?\n)*")


def with_item(text: str, listed: Part, item: dict[str, Any], in_flow: bool) -> str:
    """With one more item at the end of a list of mappings, which may stand in braces itself."""
    end = line_end_of(text)
    if listed.items and not listed.flow:
        column = listed.column - 1
        at = _below(text, listed.items[-1].end, column)
        return _inserted(text, at, _block(item, column, end), end)
    if listed.items:
        at = listed.items[-1].end
        return f"{text[:at]}, {inline(item, True)}{text[at:]}"
    inside = text[listed.start : listed.end]
    if in_flow or inside.strip("[] "):
        at = listed.start + 1
        return f"{text[:at]}{inline(item, True)}{text[at:]}"
    bare = text[: listed.start].rstrip(" ") + text[listed.end :]
    at = _line_after(bare, len(text[: listed.start].rstrip(" ")))
    return _inserted(bare, at, _block(item, 2, end), end)


def without_item(text: str, listed: Part, index: int) -> str:
    """Without an item of a list, and without the comments that stand directly above it."""
    item = listed.items[index]
    if listed.flow:
        return _without_flow(text, listed.items, index, listed.end)
    column = listed.column - 1
    begin, stop = _dash(text, item.start, column), _below(text, item.end, column)
    if len(listed.items) > 1:
        begin = _above(text, begin, column, index == 0)
        if text[:begin].endswith(("\n\n", "\n\r\n")):  # one empty line between items is enough
            stop += len(EMPTY.match(text, stop)[0])
        return text[:begin] + text[stop:]
    rest = text[:begin] + text[stop:]
    # What is left must still say that there are none: behind the colon of the list's key.
    colon = text.rindex(":", 0, _uncommented(text, begin))
    return f"{rest[: colon + 1]} []{rest[colon + 1 :]}"


def with_field(text: str, mapping: Part, name: str, value: Any) -> str:
    """With a field of the mapping set, in its place where it has one."""
    end = line_end_of(text)
    for key, old in mapping.pairs:
        if key.value == name:
            begin, stop = _value(text, key, old)
            before = "" if text[begin - 1 : begin] in (" ", "\t") else " "
            return f"{text[:begin]}{before}{inline(value, mapping.flow)}{text[stop:]}"
    last = mapping.pairs[-1]
    if mapping.flow:
        at = _value(text, *last)[1]
        return f"{text[:at]}, {name}: {inline(value, True)}{text[at:]}"
    column = mapping.pairs[0][0].column - 1
    at = _line_after(text, _value(text, *last)[1])
    return _inserted(text, at, f"{' ' * column}{name}: {inline(value, False)}{end}", end)


def without_field(text: str, mapping: Part, name: str) -> str:
    """Without a field, which the mapping has and which is not its only one."""
    keys = [key.value for key, _ in mapping.pairs]
    index = keys.index(name)
    key, old = mapping.pairs[index]
    stop = _value(text, key, old)[1]
    if mapping.flow:
        if index + 1 < len(keys):
            return text[: key.start] + text[mapping.pairs[index + 1][0].start :]
        before = _value(text, *mapping.pairs[index - 1])[1]
        return text[:before] + text[stop:]
    line = text.rfind("\n", 0, key.start) + 1
    if text[line : key.start].strip():  # behind the dash, where the next one goes then
        return text[: key.start] + text[mapping.pairs[index + 1][0].start :]
    return text[:line] + text[_line_after(text, stop) :]


def line_end_of(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _block(item: dict[str, Any], column: int, end: str) -> str:
    lines = [f"{name}: {inline(value, False)}{end}" for name, value in item.items()]
    indent = " " * column
    return f"{indent}- " + f"{indent}  ".join(lines)


def _inserted(text: str, at: int, lines: str, end: str) -> str:
    before = text[:at]
    if before and not before.endswith("\n"):
        return before + end + lines.removesuffix(end) + text[at:]
    return before + lines + text[at:]


def _value(text: str, key: Part, value: Part) -> tuple[int, int]:
    """From where to where the value of a key stands; a list of lines begins behind the colon."""
    colon = text.index(":", key.end)
    if text[key.end : colon].strip():
        raise ValueError("a field without a colon")
    if value.kind != "scalar" and not value.flow and not value.alias:
        return colon + 1, _trimmed(text, value.end)
    return value.start, max(value.start, _trimmed(text, value.end))


def _line_after(text: str, at: int) -> int:
    """Where the line after that of `at` begins."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _trimmed(text: str, end: int) -> int:
    """The end without the line ends that folded text ends with."""
    while end and text[end - 1] in " \r\n":
        end -= 1
    return end


def _below(text: str, end: int, column: int) -> int:
    """Where an item that ends at `end` leaves off: behind its comments, which are indented
    further than its dash."""
    at = _line_after(text, _trimmed(text, end))
    while (match := COMMENT.match(text, at)) and match[0].index("#") > column:
        at = _line_after(text, at)
    return at


def _above(text: str, begin: int, column: int, is_first: bool) -> int:
    """Where the comments directly above a line begin. Those between a list's key and its first
    item may be about all of it, and stay."""
    at = begin
    while at:
        line = text.rfind("\n", 0, at - 1) + 1 if at > 1 else 0
        match = COMMENT.match(text, line)
        if not match or match[0].index("#") != column:
            break
        at = line
    blank_before = not text[text.rfind("\n", 0, max(0, at - 1)) + 1 : at].strip()
    return begin if is_first and not blank_before else at


def _dash(text: str, start: int, column: int) -> int:
    """Where the line of the item's dash begins."""
    line = text.rfind("\n", 0, start) + 1
    while text[line : line + column].strip(" ") or text[line + column : line + column + 1] != "-":
        if not line:
            raise ValueError("an item without a dash")
        line = text.rfind("\n", 0, line - 1) + 1
    return line


def _uncommented(text: str, begin: int) -> int:
    """Where the last line before `begin` that is neither empty nor a comment ends, its own comment
    left out."""
    at = begin
    while True:
        line = text.rfind("\n", 0, at - 1) + 1
        words = text[line:at]
        if words.strip() and not COMMENT.match(words):
            found = re.search(r"\s#", words)
            return line + found.start() if found else at
        if not line:
            raise ValueError("a list without a key")
        at = line


def _without_flow(text: str, items: list[Part], index: int, end: int) -> str:
    """What is on the lines between two items is the second's, behind the first's own comment."""
    item = items[index]
    if index + 1 < len(items):
        after = items[index + 1].start
        line = text.find("\n", item.end, after)
        stop = line if line >= 0 and "#" in text[line:after] else after
        return text[: item.start] + text[stop:]
    if index and "#" not in text[items[index - 1].end : item.start]:
        return text[: items[index - 1].end] + text[item.end :]
    comma = re.compile(r"\s*,").match(text, item.end, end)
    return text[: item.start] + text[comma.end() if comma else item.end :]
