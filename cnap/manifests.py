"""The YAML by which one more model is served: its infer Service and its Triggers.

What ships is written for one model; any other's is the same with another name.
"""

from cnap.events import wants
from cnap.files import folder

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
