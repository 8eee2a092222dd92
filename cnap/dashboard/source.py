"""Whether the source runs that reads the cameras: else what it told last may hold no more."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

DEPLOYMENT = "cameras"
A_WHILE = timedelta(seconds=5)
"""For which it may be away unmentioned: it is being replaced."""


def absence(deployment: Mapping[str, Any] | None) -> dict[str, str]:
    """State, reason and since of every camera where the source does not run; else empty. A
    namespace that has no such Deployment has a source of another kind."""
    status = (deployment or {}).get("status", {})
    for condition in status.get("conditions", ()):
        if condition["type"] == "Available" and condition["status"] == "False":
            since = condition["lastTransitionTime"]
            if datetime.now(UTC) - datetime.fromisoformat(since) > A_WHILE:
                why = f"the source that reads the cameras does not run (Deployment {DEPLOYMENT})"
                said = condition.get("message", "")
                return {
                    "state": "stalled",
                    "reason": f"{why}: {said}" if said else why,
                    "since": since,
                    "nexttry": "",
                }
    return {}
