"""What is no YAML, in words that say what to look at."""

import re

import yaml

from cnap.cameras.mistakes import Mistake


def said(problem: yaml.MarkedYAMLError, text: str) -> Mistake:
    """What the parser found odd, in words that say what to look at."""
    mark = problem.problem_mark or problem.context_mark
    lines = text.splitlines() or [""]
    number = min(mark.line, len(lines) - 1)
    begins = (problem.context or "").endswith(("quoted scalar", "flow sequence", "flow mapping"))
    if problem.context_mark and begins:
        mark = problem.context_mark
        number = mark.line
    for near in (number, number - 1):  # YAML finds it odd only where the next line goes on
        if near >= 0 and (words := _glued(lines[near])):
            return Mistake(near + 1, 1, words)
    context = f"{problem.problem} {problem.context or ''}"
    return Mistake(number + 1, mark.column + 1, _words(context, lines[number], mark.column))


def _glued(line: str) -> str:
    """What is wrong with a line that lacks a space, or that is no YAML at all."""
    if line.startswith(("<<<<<<<", "=======", ">>>>>>>")):
        return "a conflict of two versions is left here; choose one of them"
    if match := re.match(r"\s*-(\w+):", line):
        return f"write a space behind the dash, as in - {match[1]}:"
    if match := re.match(r"\s*(?:- +)?([a-z]+):[^\s:/]", line):
        return f"write a space behind the colon of {match[1]}:"
    return ""


def _words(problem: str, line: str, column: int) -> str:
    letter = line[column : column + 1]
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "a tab; indent with spaces, YAML takes no tabs"
    if "quoted scalar" in problem and "escape" in problem:
        return r"a \ in double quotes means something else; write it in single quotes"
    if "quoted scalar" in problem:
        return "a quote begins here and never ends"
    if "mapping values are not allowed" in problem:
        if match := re.search(r":\s+(\S+:)\s*(#.*)?$", line):
            return f'a value that ends with a : needs quotes, as in "{match[1]}"'
        return "a : where none can be; either it is indented too far, or the value needs quotes"
    if "unexpected ':'" in problem:
        return 'a value that ends with a : needs quotes, as in "testsrc:"'
    if "cannot start any token" in problem:
        return f"a value that begins with {letter} needs quotes"
    if "an alias" in problem or "an anchor" in problem:
        return "a value that begins with * or & needs quotes"
    if "flow sequence" in problem:
        return "a [ begins here; a , or the ] is missing"
    if "flow mapping" in problem:
        return "a { begins here; a , or the } is missing"
    if "flow node" in problem:
        return "a [ or { before this has no end, or a comma too many"
    if "block collection" in problem or "block mapping" in problem:
        return "this is indented otherwise than what it belongs to; line it up"
    if "could not find expected ':'" in problem:
        return "a : is missing, as in name: gate"
    return f"this is no YAML: {problem.strip()}"
