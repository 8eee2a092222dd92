"""What a Knative Service's YAML asks for, read into plain values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cnap.local import durations
from cnap.local.autoscaler import Scale
from cnap.local.containers import Container, Library, container
from cnap.local.manifests import ManifestError, Resource

VISIBILITY = "networking.knative.dev/visibility"
AUTOSCALING = "autoscaling.knative.dev/"
PROGRESS = "serving.knative.dev/progress-deadline"
MIN_WINDOW, MAX_WINDOW = 6.0, 3600.0


@dataclass(frozen=True)
class Revision:
    """A Service's one revision; `concurrency` 0 means no limit, durations are in seconds."""

    name: str
    namespace: str
    container: Container
    scale: Scale
    public: bool = True
    concurrency: int = 0
    timeout: float = 300.0
    progress_deadline: float = 600.0

    @property
    def host(self) -> str:
        return f"{self.name}.{self.namespace}.svc.cluster.local"


def revision(resource: Resource, library: Library, env: Mapping[str, str]) -> Revision:
    """Reads a Knative Service. Raises ManifestError."""
    template = resource.spec.get("template") or {}
    pod = template.get("spec") or {}
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    concurrency = int(pod.get("containerConcurrency", 0))
    labels = resource.metadata.get("labels") or {}
    identity = {
        "K_SERVICE": resource.name,
        "K_CONFIGURATION": resource.name,
        "K_REVISION": f"{resource.name}-00001",
    }
    return Revision(
        name=resource.name,
        namespace=resource.namespace,
        container=container(resource, pod, "spec.template.spec", library, {**identity, **env}),
        scale=_scale(resource, annotations, concurrency),
        public=labels.get(VISIBILITY) != "cluster-local",
        concurrency=concurrency,
        timeout=float(pod.get("timeoutSeconds", 300)),
        progress_deadline=_annotation(resource, annotations, PROGRESS, durations.go, 600.0),
    )


def _scale(resource: Resource, annotations: Mapping[str, str], concurrency: int) -> Scale:
    problems = [
        resource.at(f"{AUTOSCALING}{name}", f"{annotations[AUTOSCALING + name]!r}: only {only}")
        for name, only in (("class", "kpa.autoscaling.knative.dev"), ("metric", "concurrency"))
        if annotations.get(AUTOSCALING + name, only) != only
    ]

    def value(name: str, read: type | object, default: float) -> float:
        return _annotation(resource, annotations, AUTOSCALING + name, read, default, problems)

    window = value("window", durations.go, 60.0)
    if not MIN_WINDOW <= window <= MAX_WINDOW:
        text = "Knative accepts 6s to 1h"
        problems.append(resource.at(f"{AUTOSCALING}window", text))
    target = value("target", float, concurrency or 100.0)
    scale = Scale(
        minimum=int(value("min-scale", int, 0)),
        maximum=int(value("max-scale", int, 0)),
        initial=int(value("initial-scale", int, 0)),
        activation=int(value("activation-scale", int, 1)),
        target=min(target, concurrency or math.inf),
        utilization=value("target-utilization-percentage", float, 70.0) / 100,
        window=window,
        down_delay=value("scale-down-delay", durations.go, 0.0),
        retention=value("scale-to-zero-pod-retention-period", durations.go, 0.0),
        panic_window=value("panic-window-percentage", float, 10.0) / 100,
        panic_threshold=value("panic-threshold-percentage", float, 200.0) / 100,
    )
    if scale.target <= 0 or scale.utilization <= 0:
        problems.append(resource.at(f"{AUTOSCALING}target", "must be above 0"))
    if problems:
        raise ManifestError(problems)
    return scale


def _annotation(
    resource: Resource,
    annotations: Mapping[str, str],
    name: str,
    read: object,
    default: float,
    problems: list[str] | None = None,
) -> float:
    if name not in annotations:
        return default
    try:
        return read(annotations[name])  # type: ignore[operator]
    except (ValueError, TypeError) as error:
        problem = resource.at(f"spec.template.metadata.annotations.{name}", str(error))
        if problems is None:
            raise ManifestError([problem]) from None
        problems.append(problem)
        return default
