"""The end of the chain: outcomes into the ledger, and dead letters as what they are: failures."""

import base64
import binascii
import contextlib
import logging
from collections.abc import Mapping

from cloudevents.http import CloudEvent

from cnap.errors import BadEvent
from cnap.events import frames, outcome, segment, state
from cnap.events.frames import CORRUPT, FramesEvent
from cnap.events.identity import frames_key
from cnap.events.outcome import Outcome
from cnap.events.segment import SegmentEvent
from cnap.events.state import StreamState
from cnap.ledger import Ledger
from cnap.stores import Store

log = logging.getLogger("cnap.publish")

REASONS = {"400": "bad input", "404": "bytes missing", "429": "busy", "503": "unavailable"}


class Publisher:
    """Commits outcomes, and deletes a frame group when the last model has had it."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store, self._ledger = store, ledger

    def __call__(self, event: CloudEvent) -> None:
        """A result, a drop or a stream's state. Raises BadEvent, Unavailable."""
        kind = event["type"]
        if kind in (outcome.RESULT, outcome.DROPPED):
            self._commit(outcome.parse(event))
        elif kind == state.TYPE:
            self._ledger.tell(StreamState.from_event(event))
        elif kind != segment.TYPE:  # a segment is only sent to wake this function
            raise BadEvent(f"publish takes outcomes and states, not {kind[:80]!r}")

    def dead_letter(self, event: CloudEvent, whose: str) -> None:
        """An event that Knative gave up delivering to `whose`: transcode, publish or a model."""
        kind = event["type"]
        if kind == state.TYPE:
            return self(event)  # it only found this function or Redis away: a last try
        if kind in (outcome.RESULT, outcome.DROPPED):
            return self._last_try(event)
        if kind == segment.TYPE and whose == "publish":
            return None  # a wake-up that failed: the segment itself has its own delivery
        if kind == segment.TYPE:
            about = SegmentEvent.from_event(event)
        elif kind == frames.TYPE:
            about = FramesEvent.from_event(event)
        else:
            raise BadEvent(f"publish has no account of {kind[:80]!r}")
        models = about.models if whose == "transcode" else (whose,)
        if not set(models) <= set(about.models):
            raise BadEvent(f"{whose!r} is not one of the models that wanted {about.id}")
        given = event.get_attributes()
        message = _words(given)
        log.warning("%s: given up at %s: %s", about.id, whose, message)
        lost = _lost(about, models, REASONS.get(str(given.get("knativeerrorcode")), "error"))
        if self._ledger.fail(lost, f"{whose}: {message}"):
            self._store.delete(frames_key(about.id))
        return None

    def _last_try(self, event: CloudEvent) -> None:
        """An outcome that only found this function or Redis away, or one that is no good."""
        try:
            self(event)
        except BadEvent as error:
            what = outcome.unreadable(event)
            log.warning("%s: %s", what.id, error)
            if self._ledger.fail(what, f"publish: {error}"):
                self._store.delete(frames_key(what.id))

    def _commit(self, what: Outcome) -> None:
        if self._ledger.commit(what):
            self._store.delete(frames_key(what.id))


def _lost(about: SegmentEvent | FramesEvent, models: tuple[str, ...], reason: str) -> Outcome:
    dropped, failed = {}, {reason: about.framecount}
    if isinstance(about, FramesEvent):
        dropped = about.left_out
        failed[CORRUPT] = len(about.failedframes)
    return Outcome(
        id=about.id,
        models=models,
        wanted=about.models,
        inferred=0,
        dropped=dropped,
        failed=failed,
        capturedframes=about.capturedframes,
        time=about.time,
        senttime=about.senttime,
        wake=False,
        data=None,
    )


def _words(given: Mapping[str, object]) -> str:
    """Why Knative gave up: the status and the function's own sentence.

    https://knative.dev/docs/eventing/event-delivery/#configuring-delivery-failure
    """
    said = str(given.get("knativeerrordata", ""))
    with contextlib.suppress(binascii.Error, ValueError):  # some brokers send the words as they are
        said = base64.b64decode(said, validate=True).decode("utf-8", "replace")
    return f"{given.get('knativeerrorcode', 'no answer')} {said[:200]}".strip()
