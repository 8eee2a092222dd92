"""The ledger: what became of every captured frame, per stream and model, in Redis.

    cnap:streams                          set     the streams' names
    cnap:stream:<stream>                  hash    the latest state the source told, see decoding.py
    cnap:epochs:<stream>                  zset    the epochs that have a ledger
    cnap:ledger:<stream>:<epoch>          hash    captured; @source:<reason>; <model>:<outcome>
    cnap:sum:<stream>                     hash    the older epochs' ledgers, added up
    cnap:done:<stream>:<epoch>:<model>:n  bitmap  which segments have their outcome already
    cnap:results:<stream>                 stream  the newest results
    cnap:drops:<stream>                   stream  the newest segments that have no result
    cnap:failures:<stream>                list    the newest failures, in words
    cnap:measures:<stream>                hash    see measures.py

captured = inferred + dropped + failed + in flight: `captured` comes with each outcome and is never
behind the outcomes it came with, so the difference is what is still in flight.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from redis import Redis

from cnap import decoding, measures
from cnap.events import stages
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
        return self._commit_once(outcome, "")

    def fail(self, outcome: Outcome, message: str) -> bool:
        """Like commit, for an outcome that is a failure; its words are kept for people."""
        return self._commit_once(outcome, message)

    def tell(self, state: StreamState) -> None:
        """Takes a stream's totals, and its state unless a newer one is known."""
        totals = {f"@source:{reason}": count for reason, count in state.dropped.items()}
        fields = {
            "state": state.state,
            "reason": state.reason,
            "since": state.since,
            "nexttry": state.nexttry,
            "retryevery": state.retryevery,
            "listed": int(state.listed),
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

    def _commit_once(self, outcome: Outcome, message: str) -> bool:
        segment, stream, now = outcome.id, outcome.id.stream, time.time()
        outcome = _published(outcome, now)
        abouts = [_about(outcome, model, message, now) for model in outcome.models]
        known = abouts[0] if abouts else {}
        facts = {
            "stream": stream,
            "epoch": segment.epoch,
            "bit": segment.sequence % CHUNK,
            "captured": outcome.capturedframes,
            "models": outcome.models,
            "counts": _counts(outcome),
            "measures": measures.of(outcome, known.get("latency")),
            "remembered": REMEMBERED,
            "results": RESULTS,
            "epochs": EPOCHS,
        } | decoding.of(outcome)
        if outcome.data and "coldstart" in known:
            facts["coldstart"] = known["coldstart"]
        if message:
            facts |= {"failure": _failure(outcome, message), "failures": FAILURES}
        keys = [
            _ledger(stream, segment.epoch),
            f"cnap:epochs:{stream}",
            "cnap:streams",
            f"cnap:results:{stream}",
            f"cnap:drops:{stream}",
            f"cnap:sum:{stream}",
            f"cnap:stream:{stream}",
            f"cnap:failures:{stream}",
            f"cnap:measures:{stream}",
            *(_done(segment, model) for model in outcome.models),
            *(_done(segment, model) for model in outcome.wanted),
        ]
        data = _compact(outcome.data) if outcome.data else ""
        with said_plainly():
            return bool(self._commit(keys, [_compact(facts), data, *map(_compact, abouts)]))


def _counts(outcome: Outcome) -> dict[str, int]:
    counts = {"inferred": outcome.inferred}
    for kind, reasons in (("dropped", outcome.dropped), ("failed", outcome.failed)):
        for reason, n in reasons.items():
            # JSON may hold half a surrogate pair, which Redis' own JSON refuses.
            counts[f"{kind}:{reason.encode(errors='replace').decode()}"] = n
    return counts


def _failure(outcome: Outcome, message: str) -> str:
    return _compact(
        {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "sequence": outcome.id.sequence,
            "models": outcome.models,
            "message": message,
        }
    )


def _published(outcome: Outcome, now: float) -> Outcome:
    """The same, with what its own publishing took."""
    if not (outcome.data and outcome.madetime):
        return outcome
    timings = stages.plus(
        outcome.data["timings"] | {"publish": 0.0}, publish=now - outcome.madetime.timestamp()
    )
    return replace(outcome, data={**outcome.data, "timings": timings})


def _about(outcome: Outcome, model: str, message: str, now: float) -> dict[str, object]:
    """What is known of an outcome besides the result's data; latencies are seconds."""
    about: dict[str, object] = {"epoch": outcome.id.epoch}
    if message:
        about["message"] = message
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


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _flat(pairs: Mapping[str, str | float]) -> list[str | float]:
    return [part for pair in pairs.items() for part in pair]


def _ledger(stream: str, epoch: int) -> str:
    return f"cnap:ledger:{stream}:{epoch}"


def _done(segment: SegmentId, model: str) -> str:
    return f"cnap:done:{segment.stream}:{segment.epoch}:{model}:{segment.sequence // CHUNK}"
