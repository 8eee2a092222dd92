"""Reading the ledger: each stream's state and counts, as `cnap status` and the page show them."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil

from redis import Redis

from cnap import decoding
from cnap.events.attributes import rfc3339
from cnap.redis import said_plainly

FAILURES = 5


@dataclass
class Counts:
    """Frames of one model: captured = inferred + dropped + failed + inflight."""

    captured: int = 0
    inferred: int = 0
    dropped: int = 0
    failed: int = 0
    inflight: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """`dropped: expired` → 25, and so on."""

    def add(self, outcome: str, reason: str, count: int) -> None:
        setattr(self, outcome, getattr(self, outcome) + count)
        name = f"{outcome}: {reason}"
        if count and reason:
            self.reasons[name] = self.reasons.get(name, 0) + count


@dataclass
class Account:
    """One stream. The counts are the sum over its models, which follow one by one."""

    name: str
    state: str
    reason: str
    since: str
    nexttry: str
    """RFC 3339: when the camera is tried again; empty where nothing waits."""
    listed: bool
    """Whether it is one of the cameras of the ConfigMap, as its source said."""
    breaks: int
    """How often the camera was offline."""
    epoch: int
    framerate: float
    outstanding: int
    coldstart: float | None
    """Seconds from the first segment after the last silence to its result."""
    captured: int
    inferred: int
    dropped: int
    failed: int
    inflight: int
    reasons: dict[str, int]
    models: dict[str, Counts]
    failures: list[dict[str, object]] = field(default_factory=list)
    """The newest failures, with the words of the function that refused: `time`, `sequence`,
    `models`, `message`."""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def accounts(redis: Redis) -> list[Account]:
    """Every stream's account, by name. Raises Unavailable."""
    with said_plainly():
        return [account(redis, name) for name in sorted(redis.smembers("cnap:streams"))]


def account(redis: Redis, stream: str) -> Account:
    with said_plainly(), redis.pipeline() as pipe:
        epochs = redis.zrange(f"cnap:epochs:{stream}", 0, -1)
        pipe.hgetall(f"cnap:stream:{stream}")
        pipe.hgetall(f"cnap:sum:{stream}")
        pipe.lrange(f"cnap:failures:{stream}", 0, FAILURES - 1)
        for epoch in epochs:
            pipe.hgetall(f"cnap:ledger:{stream}:{epoch}")
        state, past, failures, *ledgers = pipe.execute()
    current = state.get("epoch", epochs[-1] if epochs else "0")
    # Nothing is on its way any more for a source that ended and waits for nothing.
    over = state.get("state") == "ended" and state.get("outstanding") == "0"
    models = _past(past)
    for epoch, entries in zip(epochs, ledgers, strict=True):
        _add_epoch(models, entries, int(epoch) >= int(current) and not over)
    total = Counts()
    for counts in models.values():
        for name in ("captured", "inferred", "dropped", "failed", "inflight"):
            setattr(total, name, getattr(total, name) + getattr(counts, name))
        for reason, count in counts.reasons.items():
            total.reasons[reason] = total.reasons.get(reason, 0) + count
    told = decoding.judged(
        state.get("state", "live"), state.get("reason", ""), state.get("since", ""), state
    )
    return Account(
        name=stream,
        **told,
        nexttry=_next_try(state.get("nexttry", ""), float(state.get("retryevery", 0))),
        listed=state.get("listed") == "1",
        breaks=int(state.get("breaks", 0)),
        epoch=int(current),
        framerate=float(state.get("framerate", 0)),
        outstanding=int(state.get("outstanding", 0)),
        coldstart=float(state["coldstart"]) if "coldstart" in state else None,
        models=models,
        failures=[json.loads(failure) for failure in failures],
        **asdict(total),
    )


def _next_try(told: str, every: float) -> str:
    """Of a camera that is tried at equal intervals, whose source tells the first instant only."""
    if not told or not every:
        return told
    first, now = datetime.fromisoformat(told), datetime.now(UTC)
    rounds = ceil((now - first).total_seconds() / every)
    return rfc3339(first + timedelta(seconds=every * max(0, rounds)))


def _past(entries: dict[str, str]) -> dict[str, Counts]:
    """The counts of the epochs that have no ledger of their own any more."""
    models: dict[str, Counts] = {}
    for name, value in entries.items():
        model, _, outcome = name.partition(":")
        if outcome:  # not `through`, the newest of those epochs
            models.setdefault(model, Counts()).add(*outcome.partition(":")[::2], int(value))
    return models


def _add_epoch(models: dict[str, Counts], entries: dict[str, str], current: bool) -> None:
    """Adds one epoch's ledger. What an earlier epoch left in flight was lost with its source."""
    captured = int(entries.pop("captured", 0))
    names = {name for name in entries.pop("models", "").split(",") if name}
    names |= {name.split(":")[0] for name in entries if not name.startswith("@source:")}
    for model in sorted(names):
        counts = models.setdefault(model, Counts())
        counted = 0
        for name, value in entries.items():
            who, _, outcome = name.partition(":")
            if who == "@source":
                outcome = f"dropped:{outcome}"
            elif who != model:
                continue
            outcome, _, reason = outcome.partition(":")
            counted += int(value)
            counts.add(outcome, reason, int(value))
        counts.captured += captured
        if current:
            counts.inflight += captured - counted
        else:
            counts.add("failed", "interrupted", captured - counted)
