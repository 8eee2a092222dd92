"""Where the project's own folders are: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """functions, eventing, knative or ui."""
    beside = PACKAGE.parent / name
    return beside if beside.is_dir() else PACKAGE / "_files" / name
