"""Whether a stream's pictures could be decoded of late, which only those know who tried: its
source may see nothing wrong.

The ledger counts by windows of time, in the stream's hash: `window` is the newest one's number,
`looked` and `spoilt` are frames of it, `lookedbefore` and `spoiltbefore` of the one before it, and
`spoiltsince` is since when there were spoilt ones.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from cnap.events.attributes import rfc3339
from cnap.events.frames import CORRUPT
from cnap.events.outcome import Outcome

WINDOW = 15.0
"""Seconds; the last one or two windows are what is of late."""
SPOILT = (CORRUPT, "bad input")
"""Failures for which the camera, or what is between, is to blame."""
FEWEST, SHARE = 3, 0.05
"""Frames, and their share, from which on people are told."""


def of(outcome: Outcome) -> dict[str, object]:
    """What the ledger is to count."""
    now = time.time()
    return {
        "window": int(now / WINDOW),
        "moment": rfc3339(datetime.fromtimestamp(now, UTC)),
        "looked": outcome.inferred + sum(outcome.failed.values()),
        "spoilt": sum(outcome.failed.get(reason, 0) for reason in SPOILT),
    }


def judged(state: str, reason: str, since: str, known: Mapping[str, str]) -> dict[str, str]:
    """`state`, `reason` and `since` as people are told them: a stream whose pictures can't be
    decoded is not live. `known` is the stream's hash."""
    words = _words(known) if state in ("live", "degraded") else ""
    if words and state == "live":
        state, reason, since = "degraded", "", max(since, known.get("spoiltsince", ""))
    return {"state": state, "reason": "; ".join(filter(None, (reason, words))), "since": since}


def _words(known: Mapping[str, str]) -> str:
    age = int(time.time() / WINDOW) - int(known.get("window", -9))
    if age > 1:
        return ""
    looked, spoilt = (
        int(known.get(name, 0)) + (int(known.get(f"{name}before", 0)) if age < 1 else 0)
        for name in ("looked", "spoilt")
    )
    if spoilt < FEWEST or spoilt < SHARE * looked:
        return ""
    tenths = min(9, max(1, round(10 * spoilt / looked)))
    which = "no picture can" if spoilt == looked else f"about {tenths} of 10 pictures can't"
    return f"{which} be decoded: packets are lost on the way, or the camera sends something broken"
