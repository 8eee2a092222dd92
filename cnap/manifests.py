"""The YAML by which one more model is served: its infer Service and its Triggers.

What ships is written for one model; any other's is the same with another name.
"""

from collections.abc import Sequence
from pathlib import Path

import yaml

from cnap.events import wants
from cnap.files import folder

CONTROL = "cnap-control"
TEMPLATE_MODEL = "yolox-nano"
IMAGE = "ghcr.io/cnap/cnap:0.1.0"


def of_model(model: str, image: str = IMAGE) -> dict[str, str]:
    """The YAML by the name of its file: `eventing-infer-yunet.yaml`, `knative-infer-yunet.yaml`."""
    found = {}
    for place in (folder("eventing"), folder("knative") / "base"):
        text = (place / "infer.yaml").read_text().replace(TEMPLATE_MODEL, model)
        text = text.replace(wants.attribute(TEMPLATE_MODEL), wants.attribute(model))
        found[f"{place.name}-infer-{model}.yaml"] = text.replace(IMAGE, image)
    return found


def shipped(models: Sequence[str], into: Path) -> list[Path]:
    """The project's YAML, with one infer Service and Trigger for each of the models.

    What ships is written for one model; the others' files are made from it, in the folder `into`.
    The janitor is no object here: this process sweeps.
    """
    places = [folder("eventing"), folder("knative") / "base"]
    paths = [
        path
        for place in places
        for path in sorted(place.glob("*.yaml"))
        if path.name not in ("kustomization.yaml", "infer.yaml", "janitor.yaml")
    ]
    for model in models:
        for name, text in of_model(model).items():
            (into / name).write_text(text)
            paths.append(into / name)
    return paths


def control(token: str, namespace: str) -> str:
    """The Secret by which the dashboard, and no function, knows the token."""
    facts = {"name": CONTROL, "namespace": namespace}
    return yaml.safe_dump(
        {"apiVersion": "v1", "kind": "Secret", "metadata": facts, "stringData": {"token": token}}
    )
