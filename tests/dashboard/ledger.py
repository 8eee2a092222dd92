"""Entries of the ledger, as publish writes them."""

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from redis import Redis

from cnap.events.attributes import rfc3339
from cnap.events.identity import SegmentId
from cnap.events.outcome import Outcome
from cnap.events.state import StreamState
from cnap.ledger import Ledger

EPOCH = 1_777_777_777_000
MODEL = "yolox-nano"

_revisions = itertools.count(1)


def tell(
    database: Redis, stream: str, state: str = "live", captured: int = 0, listed: bool = False
) -> None:
    now, revision = rfc3339(datetime.now(UTC)), next(_revisions)
    facts = (stream, EPOCH, state, "", now, (MODEL,), captured, 0, {}, revision, 25.0)
    Ledger(database).tell(StreamState(*facts, listed=listed))


def infer(
    database: Redis,
    stream: str,
    sequence: int,
    frames: int = 10,
    wake: bool = False,
    timings: Mapping[str, float] | None = None,
    **more: int,
) -> None:
    """A segment's outcome: `frames` inferred now; `more` are dropped, by reason."""
    now = datetime.now(UTC)
    found = [{"label": "car", "score": 0.9, "box": [0.1, 0.2, 0.3, 0.4]}]
    data = {
        "stream": stream,
        "model": MODEL,
        "sequence": sequence,
        "width": 640,
        "height": 360,
        "frames": [{"index": n, "time": rfc3339(now), "detections": found} for n in range(frames)],
        "failed": [],
        "timings": timings or {},
    }
    Ledger(database).commit(
        Outcome(
            id=SegmentId(stream, EPOCH, sequence),
            models=(MODEL,),
            wanted=(MODEL,),
            inferred=frames,
            dropped=more,
            failed={},
            capturedframes=(sequence + 1) * (frames + sum(more.values())),
            time=now,
            senttime=now,
            wake=wake,
            data=json.loads(json.dumps(data)),
        )
    )
