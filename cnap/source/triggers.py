"""Which models are there to look at frames: those that the cluster's Triggers lead frames to.

An event that no Trigger takes is accepted by the Broker and gone, also while a Trigger is not ready
yet: its frames would be in flight for ever, and nobody would know why.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cnap.cameras import Camera
from cnap.errors import Unavailable
from cnap.events import frames, outcome, segment, wants
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
    """The first gap on the way of a model's frames."""
    for kind, function in (
        (segment.TYPE, "transcode"),
        (frames.TYPE, f"infer-{model}"),
        (outcome.RESULT, "publish"),
    ):
        wanted = wants.attribute(model) if kind == frames.TYPE else None
        takers = [trigger for trigger in triggers if _takes(trigger, kind, wanted)]
        troubles = [_trouble(trigger) for trigger in takers]
        if not takers and wanted:
            todo = _wrong(model) or "start it (docs/models.md)"
            return f"nothing here runs {model}: {todo}, or take it from the camera"
        if not takers:
            return f"no Trigger takes events for {function}: apply the YAML in eventing/"
        if all(troubles):
            return troubles[0]
    return ""


def _wrong(model: str) -> str:
    from cnap.models import ModelError, mistake

    try:
        return mistake(model)
    except ModelError:  # a broken catalog is told by who runs its models
        return ""


def _takes(trigger: Trigger, kind: str, wanted: str | None) -> bool:
    """Whether a Trigger takes events of this type that say `wanted`, or that say nothing."""
    spec = trigger.get("spec", {})
    filters = spec.get("filters") or [{"exact": (spec.get("filter") or {}).get("attributes") or {}}]
    asked = set(_asked(filters))
    kinds = {value for name, value in asked if name == "type"}
    flags = {name for name, value in asked if value == "true"}  # `wake`, or what a model wants
    return (not kinds or kind in kinds) and (wanted in flags if wanted else not flags)


def _asked(filters: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The attributes and values that filters ask for, however they are nested."""
    for one in filters:
        yield from one.get("exact", {}).items()
        for nested in ("all", "any"):
            yield from _asked(one.get(nested, ()))
        for name in re.findall("wants[a-z0-9]+", one.get("cesql", "")):
            yield name, "true"  # what else the expression says is not looked at


def _trouble(trigger: Trigger) -> str:
    """Why Knative does not serve the Trigger, or not yet; empty where it does."""
    for condition in trigger.get("status", {}).get("conditions", ()):
        if condition.get("type") == "Ready":
            if condition.get("status") == "True":
                return ""
            why = condition.get("message") or condition.get("reason") or "no reason given"
            return f"the Trigger {trigger['metadata']['name']} is not ready: {why}"
    return f"the Trigger {trigger['metadata']['name']} is not ready yet"
