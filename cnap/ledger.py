"""The ledger: what became of every captured frame, per stream and model, in Redis.

    cnap:streams                          set     the streams' names
    cnap:stream:<stream>                  hash    the latest state the source told
    cnap:epochs:<stream>                  zset    the epochs that have a ledger
    cnap:ledger:<stream>:<epoch>          hash    captured; @source:<reason>; <model>:<outcome>
    cnap:sum:<stream>                     hash    the older epochs' ledgers, added up
    cnap:done:<stream>:<epoch>:<model>:n  bitmap  which segments have their outcome already
    cnap:results:<stream>                 stream  the newest results
    cnap:drops:<stream>                   stream  the newest segments that have no result
    cnap:failures:<stream>                list    the newest failures, in words

captured = inferred + dropped + failed + in flight: `captured` comes with each outcome and is never
behind the outcomes it came with, so the difference is what is still in flight.
"""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from redis import Redis

from cnap.events.identity import SegmentId
from cnap.events.outcome import Outcome
from cnap.events.state import StreamState
from cnap.redis import said_plainly

FOLD, COMMIT, TELL = (
    (Path(__file__).parent / f"ledger_{name}.lua").read_text()
    for name in ("fold", "commit", "tell")
)
CHUNK = 1 << 15
"""Segments a bitmap holds: about nine hours of video, 4 KiB."""
REMEMBERED = 86400
"""Seconds for which a redelivered event is recognised."""
RESULTS = 1000
FAILURES = 20
EPOCHS = 16
"""Epochs of a stream that have a ledger of their own: an outcome that comes later than that many
restarts of its stream counts as interrupted."""


class Ledger:
    """Writes outcomes; only publish does."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._commit = redis.register_script(FOLD + COMMIT)
        self._tell = redis.register_script(FOLD + TELL)

    def commit(self, outcome: Outcome) -> bool:
        """Counts an outcome once for each of its models, whatever is redelivered.

        Returns whether every model that wanted the segment has its outcome now.
        """
        with said_plainly():
            if self._count(outcome) and outcome.data and outcome.wake and outcome.senttime:
                seconds = round(time.time() - outcome.senttime.timestamp(), 3)
                self._redis.hset(f"cnap:stream:{outcome.id.stream}", "coldstart", seconds)
            return self._finished(outcome)

    def fail(self, outcome: Outcome, message: str) -> bool:
        """Like commit, for an outcome that is a failure; its words are kept for people."""
        with said_plainly():
            if self._count(outcome, message):
                entry = {
                    "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                    "sequence": outcome.id.sequence,
                    "models": list(outcome.models),
                    "message": message,
                }
                key = f"cnap:failures:{outcome.id.stream}"
                self._redis.lpush(key, json.dumps(entry))
                self._redis.ltrim(key, 0, FAILURES - 1)
            return self._finished(outcome)

    def tell(self, state: StreamState) -> None:
        """Takes a stream's totals, and its state unless a newer one is known."""
        totals = {f"@source:{reason}": count for reason, count in state.dropped.items()}
        fields = {
            "state": state.state,
            "reason": state.reason,
            "since": state.since,
            "models": ",".join(state.models),
            "outstanding": state.outstanding,
            "framerate": state.framerate,
        }
        keys = [
            f"cnap:stream:{state.stream}",
            _ledger(state.stream, state.epoch),
            f"cnap:epochs:{state.stream}",
            "cnap:streams",
            f"cnap:sum:{state.stream}",
        ]
        facts = [state.epoch, state.revision, state.stream, EPOCHS, state.captured]
        with said_plainly():
            self._tell(
                keys, [*facts, fields["models"], len(totals), *_flat(totals), *_flat(fields)]
            )

    def _count(self, outcome: Outcome, message: str = "") -> bool:
        """Commits the outcome for each of its models; whether any of them was new."""
        new = [
            self._commit(self._keys(outcome.id, model), self._arguments(outcome, model, message))
            for model in outcome.models
        ]
        return any(new)

    def _finished(self, outcome: Outcome) -> bool:
        return all(
            self._redis.getbit(_done(outcome.id, model), outcome.id.sequence % CHUNK)
            for model in outcome.wanted
        )

    def _keys(self, segment: SegmentId, model: str) -> list[str]:
        return [
            _done(segment, model),
            _ledger(segment.stream, segment.epoch),
            f"cnap:epochs:{segment.stream}",
            "cnap:streams",
            f"cnap:results:{segment.stream}",
            f"cnap:drops:{segment.stream}",
            f"cnap:sum:{segment.stream}",
        ]

    def _arguments(self, outcome: Outcome, model: str, message: str) -> list[str | int]:
        counts = {f"{model}:inferred": outcome.inferred}
        counts |= {f"{model}:dropped:{reason}": n for reason, n in outcome.dropped.items()}
        counts |= {f"{model}:failed:{reason}": n for reason, n in outcome.failed.items()}
        return [
            outcome.id.sequence % CHUNK,
            outcome.id.epoch,
            outcome.id.stream,
            outcome.capturedframes,
            REMEMBERED,
            RESULTS,
            json.dumps(outcome.data, separators=(",", ":")) if outcome.data else "",
            json.dumps(_about(outcome, model) | ({"message": message} if message else {})),
            EPOCHS,
            *_flat(counts),
        ]


def _about(outcome: Outcome, model: str) -> dict[str, object]:
    """What is known of an outcome besides the result's data; latencies are seconds."""
    now = time.time()
    about: dict[str, object] = {"epoch": outcome.id.epoch}
    if not outcome.data:
        about |= {
            "model": model,
            "sequence": outcome.id.sequence,
            "dropped": dict(outcome.dropped),
            "failed": dict(outcome.failed),
        }
    if outcome.data and outcome.data["frames"]:
        newest = datetime.fromisoformat(outcome.data["frames"][-1]["time"])
        about["latency"] = round(now - newest.timestamp(), 3)
    if outcome.senttime:
        about["total"] = round(now - outcome.senttime.timestamp(), 3)
        if outcome.wake:
            about["coldstart"] = about["total"]
    return about


def _flat(pairs: Mapping[str, str | float]) -> list[str | float]:
    return [part for pair in pairs.items() for part in pair]


def _ledger(stream: str, epoch: int) -> str:
    return f"cnap:ledger:{stream}:{epoch}"


def _done(segment: SegmentId, model: str) -> str:
    return f"cnap:done:{segment.stream}:{segment.epoch}:{model}:{segment.sequence // CHUNK}"
