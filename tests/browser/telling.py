"""What a dashboard tells: streams in any state, functions, results."""

import json
import time
from datetime import UTC, datetime, timedelta

ZEROS = {"captured": 0, "inferred": 0, "dropped": 0, "failed": 0, "inflight": 0}


def instant(seconds: float = 0) -> str:
    """A moment that many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def stream(name: str, state: str = "live", **more: object) -> dict[str, object]:
    """A stream as /api/status tells it; `looked` are the models that look at it."""
    models = more.pop("looked", ("yolox-nano",))
    counts = more.pop("counts", ZEROS)
    reasons = more.pop("reasons", {})
    here = state in ("live", "degraded")
    speed = {"rate": 5.0 if here else 0.0, "latency": 0.31 if here else None}
    each = {model: {**counts, "reasons": reasons, **speed} for model in models}
    about = {"name": name, "state": state, "reason": "", "since": instant(-125), "nexttry": ""}
    sums = {key: value * len(models) for key, value in counts.items()}
    rates = {"framerate": 25.0 if here else 0.0, "coldstart": None, "outstanding": 0, "epoch": 0}
    kinds = {"camera": True, "paused": state == "paused", "models": each, "failures": []}
    if not models:
        speed = {"rate": 0.0, "latency": None}
    return about | sums | speed | rates | kinds | {"reasons": reasons} | more


def function(name: str, kind: str, replicas: int = 1) -> dict[str, object]:
    state = "awake" if replicas else "asleep"
    facts = {"replicas": replicas, "wanted": replicas, "reason": ""}
    return {"name": name, "kind": kind, "state": state} | facts


FUNCTIONS = [
    function("transcode", "transcode"),
    function("infer-yolox-nano", "infer"),
    function("infer-yunet", "infer", 0),
    function("publish", "publish"),
]


def examples() -> list[dict[str, object]]:
    """One stream of each kind that people look at: what the docs' pictures show."""
    counts = {"captured": 18_420, "inferred": 3_650, "dropped": 14_702, "failed": 3, "inflight": 65}
    slow = {"captured": 9_210, "inferred": 1_405, "dropped": 7_780, "failed": 0, "inflight": 25}
    gone = {"captured": 4_120, "inferred": 812, "dropped": 3_300, "failed": 8, "inflight": 0}
    retry = {"nexttry": instant(9), "since": instant(-131)}
    refused = "401: the camera refused the login. Write its user and password into its url"
    return [
        stream("gate", counts=counts, reasons={"dropped: sampled": 14_702, "failed: busy": 3}),
        stream(
            "yard",
            "degraded",
            reason="the pipeline is slower than the camera: 5 frames/s of 25",
            counts=slow,
            reasons={"dropped: sampled": 7_300, "dropped: thinned": 480},
        ),
        stream("dock", "offline", reason="host not found: cam7.local", counts=gone, **retry),
        stream("office", "misconfigured", reason=refused, **(retry | {"nexttry": instant(48)})),
        stream("hall", looked=()),
        stream("night", "paused", since=instant(-7300), counts=gone),
    ]


def result(one: dict[str, object]) -> str:
    """Somebody who walks to and fro, in the last half second."""
    if one["state"] != "live" or not one["models"]:
        return ""
    now = time.time()
    times = [now - 0.5 + n * 0.2 for n in range(3)]
    left = [0.1 + 0.6 * abs(moment % 8 / 4 - 1) for moment in times]
    frames = [
        {
            "time": datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z"),
            "detections": [{"label": "person", "score": 0.87, "box": [x, 0.25, x + 0.2, 0.9]}],
        }
        for moment, x in zip(times, left, strict=True)
    ]
    about = {"stream": one["name"], "model": "yolox-nano", "epoch": 1, "sequence": int(now * 2)}
    return f"event: result\ndata: {json.dumps(about | {'frames': frames})}\n\n"
