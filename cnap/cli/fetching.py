"""Getting models and clips, with a progress bar."""

import sys
from pathlib import Path

import click

from cnap import models as catalog
from cnap.models import Asset, network


class Bar:
    """A progress bar on a terminal, one line for each file elsewhere."""

    def __init__(self) -> None:
        self._name = ""

    def __call__(self, name: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            if name != self._name:
                click.echo(f"fetching {name}", err=True)
            self._name = name
            return
        share = f"{done * 100 // total:3d} %" if total else f"{done >> 20} MiB"
        click.echo(f"\rfetching {name}  {share} ", err=True, nl=total > 0 and done >= total)


def fetch_models(
    sources: tuple[str, ...], family: str | None = None, labels: Path | None = None
) -> tuple[tuple[str, ...], str]:
    """The models by name, each on this machine then, and the catalog of those that are files.

    Without `sources` it is the default model.
    """
    if not sources:
        model, why = catalog.default(Bar())
        click.echo(f"Model: {model.name} ({why})", err=True)
        return (model.name,), ""
    known = tuple(labels.read_text().split("\n")) if labels else None
    models = [
        catalog.load(source, family, [k for k in known if k] if known else None)
        for source in dict.fromkeys(sources)
    ]
    for model in models:
        files = model.fetch(Bar())
        if model.path:
            # Said here, in one line, rather than by a function that never starts.
            network.prepared(model, files, model.input.size)
    own = "\n".join(catalog.declared(model) for model in models if model.path)
    return tuple(model.name for model in models), own


def fetch_clip(name: str = "bikes") -> Path:
    clip: Asset = catalog.clip(name)
    return catalog.fetch(clip, Bar())
