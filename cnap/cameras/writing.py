"""YAML that every reader takes for the same, whether it knows YAML 1.1 or 1.2."""

from typing import Any

import yaml

from cnap.cameras.document import plain


class Writer(yaml.SafeDumper):
    """PyYAML quotes what YAML 1.1 takes for something else (`on`, `12:30`), this also `1e3`."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: Writer, text: str) -> yaml.Node:
    style = None if isinstance(plain(text), str) else "'"
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Writer.add_representer(str, _text)
Writer.add_representer(tuple, Writer.represent_list)


def lines(value: Any) -> str:
    """On as many lines as it needs."""
    return yaml.dump(value, Dumper=Writer, sort_keys=False, allow_unicode=True, width=float("inf"))


def inline(value: Any, flow: bool) -> str:
    """On one line; `flow` where it stands between brackets, and so needs more quotes."""
    if not flow and not isinstance(value, dict | list | tuple):
        text = lines(value).removesuffix("...\n").strip("\n")
        if "\n" not in text:
            return text
    text = yaml.dump(
        [value],
        Dumper=Writer,
        sort_keys=False,
        allow_unicode=True,
        width=float("inf"),
        default_flow_style=True,
    )
    return text.strip()[1:-1]
