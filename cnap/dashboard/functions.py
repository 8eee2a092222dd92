"""The functions with their replicas, as the Kubernetes API tells them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cnap.kubernetes import SERVICE_LABEL

ORDER = ("transcode", "infer", "publish", "dashboard")


def functions(
    services: Iterable[Mapping[str, Any]], deployments: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One entry a Knative Service, in the order in which events pass them.

    `replicas` is how many are ready, `wanted` how many there should be.
    """
    counts: dict[str, tuple[int, int, int]] = {}
    for deployment in deployments:
        # A Service has a Deployment for each of its revisions; all but the newest are at zero.
        name = deployment["metadata"].get("labels", {}).get(SERVICE_LABEL, "")
        status = deployment.get("status", {})
        ready, there, wanted = counts.get(name, (0, 0, 0))
        counts[name] = (
            ready + (status.get("readyReplicas") or 0),
            there + (status.get("replicas") or 0),
            wanted + (deployment.get("spec", {}).get("replicas") or 0),
        )
    found = [
        _function(service["metadata"]["name"], _reason(service), counts) for service in services
    ]
    return sorted(found, key=lambda one: (_place(one["kind"]), one["name"]))


def _function(name: str, reason: str, counts: Mapping[str, tuple[int, int, int]]) -> dict[str, Any]:
    ready, there, wanted = counts.get(name, (0, 0, 0))
    kind = re.sub(r"^(transcode|infer|publish|dashboard)\b.*", r"\1", name)
    if reason:
        state = "failing"
    elif wanted > ready:
        state = "waking"
    elif ready or there:
        state = "awake" if wanted else "stopping"
    else:
        state = "asleep"
    return {
        "name": name,
        "kind": kind if kind in ORDER else "other",
        "state": state,
        "replicas": ready,
        "wanted": wanted,
        "reason": reason,
    }


def _reason(service: Mapping[str, Any]) -> str:
    """Why the Service is not ready, in Knative's words; empty where nothing is wrong."""
    for condition in service.get("status", {}).get("conditions", ()):
        if condition.get("type") == "Ready" and condition.get("status") == "False":
            return condition.get("message") or condition.get("reason") or "not ready"
    return ""


def _place(kind: str) -> int:
    return ORDER.index(kind) if kind in ORDER else len(ORDER)
