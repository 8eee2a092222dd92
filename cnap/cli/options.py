"""Options that several commands have."""

import click

model_option = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="A model of the catalog (see `cnap models`), or a file with --family.",
)
