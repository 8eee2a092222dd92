"""XML from strangers: no document type, so no entities and nothing fetched; bounded depth."""

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from cnap.errors import BadMedia

MOST_BYTES = 1 << 20
DEEPEST = 64
LONGEST = 500
"""Letters of a text that is shown to people."""


class BadAnswer(BadMedia):
    """What came is not what a camera answers, and why, for people."""


def parse(data: bytes) -> Element:
    """Names are `{namespace}local`. Raises BadAnswer."""
    if len(data) > MOST_BYTES:
        raise BadAnswer(f"it answers more than {MOST_BYTES >> 20} MiB")
    builder, depth = TreeBuilder(), 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise BadAnswer("its XML is nested without end")
        builder.start(_named(name), {_named(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_named(name))

    def refuse(*_: object) -> None:
        raise BadAnswer("its XML has a document type, which no camera needs")

    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BadAnswer(f"it answers no XML: {error}") from None
    return builder.close()


def _named(name: str) -> str:
    return "{" + name if "}" in name else name


def told(within: Element | None, path: str) -> str:
    """The text at the path, in which `*:` stands for any namespace; "" where there is none. Letters
    that do something to a terminal are left out."""
    found = None if within is None else within.find(path.replace("*:", "{*}"))
    return clean(found.text or "") if found is not None else ""


def clean(text: str) -> str:
    return "".join(letter for letter in text.strip()[:LONGEST] if letter.isprintable())
