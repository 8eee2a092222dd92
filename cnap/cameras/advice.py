"""What is no mistake in a cameras.yaml, and most likely not what was meant."""

import re
from collections.abc import Callable, Iterator

from cnap.cameras.document import Part
from cnap.cameras.mistakes import Mistake
from cnap.cameras.parsing import Parsing

BARE = re.compile(r"\$[A-Z_][A-Z0-9_]*")


def advice(parsing: Parsing, model: Callable[[str], str]) -> list[Mistake]:
    """In the order of the text; `model` says what is wrong with a model's name, "" where nothing
    is."""
    found = {Mistake(part.line, part.column, words) for words, part in _odd(parsing, model)}
    return sorted(found, key=lambda one: (one.line, one.column))


def _odd(parsing: Parsing, model: Callable[[str], str]) -> Iterator[tuple[str, Part]]:
    top = parsing.fields(parsing.root, "")
    usual = [("defaults", parsing.fields(top["defaults"][1], ""))] if "defaults" in top else []
    named = [(f"camera {one['name'][1].value}", one) for one in parsing.entries]
    for where, fields in usual + named:
        if "models" in fields:
            for item in fields["models"][1].items:
                if words := model(item.value):
                    yield f"{where}: {words}", item
        if "url" in fields and BARE.search(fields["url"][1].value):
            # Not what follows it: it may be half a password.
            words = "a $ without braces is a letter like any other; a secret is written ${NAME}"
            yield f"{where}: url: {words}", fields["url"][1]
