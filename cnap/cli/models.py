"""`cnap models`: the catalog."""

import json

import click

from cnap import models as catalog
from cnap.manifests import IMAGE, of_model
from cnap.models import Model, ModelError, shared


@click.command(epilog="Example:  cnap models --yaml yunet | kubectl apply -n cnap -f -")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--yaml", "served", metavar="MODEL", help="What to apply to a cluster to serve it.")
@click.option("--image", default=IMAGE, help="With --yaml: the image that has the model.")
@click.option(
    "--push", metavar="MODEL", help="Put its files into the store that CNAP_MODELS names."
)
def models(as_json: bool, served: str | None, image: str, push: str | None) -> None:
    """List the models that can be used by name."""
    if push:
        _push(catalog.model(push))
        return
    if served:
        catalog.model(served)  # or it is no name of a model
        click.echo("---\n".join(of_model(served, image).values()), nl=False)
        return
    entries = [catalog.model(name) for name in catalog.names()]
    if as_json:
        facts = [
            {
                "name": m.name,
                "family": m.family.name,
                "size": list(m.input.size),
                "labels": len(m.labels),
                "licence": m.licence,
                "here": m.here,
                "about": m.about,
            }
            for m in entries
        ]
        click.echo(json.dumps(facts, indent=2))
        return
    for m in entries:
        size = "x".join(map(str, m.input.size))
        mark = "here" if m.here else "to fetch"
        click.echo(
            f"{m.name:<24} {m.family.name:<11} {size:<10} {mark:<9} {m.licence:<13} {m.about}"
        )


def _push(model: Model) -> None:
    shared.opened()  # or there is no store, which nothing need be fetched to say
    if not model.release:
        raise ModelError(
            f"{model.path} is a file of your own: give its catalog entry a release (docs/models.md)"
        )
    for asset in model.release:
        click.echo(shared.put(asset, catalog.fetch(asset)))
