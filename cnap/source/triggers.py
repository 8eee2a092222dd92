"""Which models are there to look at frames: those that a Trigger of the cluster asks frames for.

An event that no Trigger matches is accepted by the Broker and gone: its frames would be in flight
for ever, and nobody would know why.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cnap.cameras import Camera
from cnap.errors import Unavailable
from cnap.events import frames, wants
from cnap.kubernetes import Kubernetes

log = logging.getLogger("cnap.source")

Trigger = Mapping[str, Any]


class Served:
    """What is known of the models that cameras ask for; all are taken to be served where the
    cluster does not let us look."""

    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes
        self._trouble = ""
        self.missing: dict[str, str] = {}
        """The models that nobody serves, each with what to do about it."""

    @property
    def settled(self) -> bool:
        """Whether there is nothing to look for again."""
        return not self.missing and not self._trouble

    async def look(self, wanted: Iterable[Camera]) -> None:
        models = sorted({model for camera in wanted for model in camera.models})
        try:
            self.missing = unserved(models, await self._kubernetes.triggers() if models else ())
            self._trouble = ""
        except Unavailable as error:
            if str(error) != self._trouble:
                log.warning("which models are served is not known: %s", error)
            self._trouble = str(error)


def unserved(models: Iterable[str], triggers: Iterable[Trigger]) -> dict[str, str]:
    """Those of the models whose frames nobody takes, each with what to do about it."""
    triggers = list(triggers)
    return {model: why for model in models if (why := _why(model, triggers))}


def _why(model: str, triggers: list[Trigger]) -> str:
    mine = [trigger for trigger in triggers if _takes(trigger, model)]
    troubles = [_trouble(trigger) for trigger in mine]
    if not mine:
        return (
            f"no Trigger takes frames for {model}: deploy infer-{model} (see docs/models.md), "
            "or remove it from the camera"
        )
    return troubles[0] if all(troubles) else ""


def _takes(trigger: Trigger, model: str) -> bool:
    spec, wanted = trigger.get("spec", {}), wants.attribute(model)
    filters = spec.get("filters") or [{"exact": (spec.get("filter") or {}).get("attributes") or {}}]
    kinds, asked = set(), False
    for name, value in _asked(filters):
        if name == "type":
            kinds.add(value)
        asked = asked or (name == wanted and value == "true")
    # A Trigger that only wakes the function has another type.
    return asked and kinds <= {frames.TYPE}


def _asked(filters: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The attributes and values that filters ask for, however they are nested."""
    for one in filters:
        yield from one.get("exact", {}).items()
        for nested in ("all", "any"):
            yield from _asked(one.get(nested, ()))
        for name in re.findall("wants[a-z0-9]+", one.get("cesql", "")):
            yield name, "true"  # what else the expression says is not looked at


def _trouble(trigger: Trigger) -> str:
    """Why Knative does not serve the Trigger; empty where it does, or has not decided yet."""
    for condition in trigger.get("status", {}).get("conditions", ()):
        if (condition.get("type"), condition.get("status")) == ("Ready", "False"):
            why = condition.get("message") or condition.get("reason") or "no reason given"
            return f"the Trigger {trigger['metadata']['name']} is not ready: {why}"
    return ""
