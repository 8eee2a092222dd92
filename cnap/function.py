"""What makes a handler of events a function: `main(context)` as parliament calls it.

It behaves the same under our runner, under `python -m parliament`, and called from a test: it never
raises, refuses what is not an event, and answers in the statuses that Knative understands.
"""

import functools
import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from cloudevents.http import CloudEvent

from cnap.errors import BadEvent, CnapError

log = logging.getLogger("cnap.function")

Reply = CloudEvent | tuple[str, int] | tuple[str, int, dict[str, str]]
LONGEST = 500
"""Characters of an error: Knative's dispatcher can't take 768 bytes or more into a dead letter."""
T = TypeVar("T")
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def function(handle: Callable[[CloudEvent, Any], CloudEvent | None]) -> Callable[[Any], Reply]:
    """Makes `main` of a handler that takes an event and the HTTP request it came in.

    A handler answers with an event, or None when it is done. What it raises becomes a status and
    one plain sentence: 400 for what can never work, 404, 429 or 503 for what is worth a retry.
    """

    @functools.wraps(handle)
    def main(context: Any) -> Reply:
        event = getattr(context, "cloud_event", None)
        try:
            if event is None:
                raise BadEvent("this is not a CloudEvent; POST one in binary or structured mode")
            reply = handle(event, getattr(context, "request", None))
        except CnapError as error:
            log.log(
                logging.WARNING if error.status < 500 else logging.ERROR,
                "%s: %s",
                _about(event),
                error,
            )
            return str(error)[:LONGEST], error.status, TEXT
        except Exception:
            # The cause goes to the log, never to the caller.
            log.exception("%s: unexpected error", _about(event))
            return "unexpected error; the function's log has the cause", 500, TEXT
        return ("", 204) if reply is None else reply

    return main


def once(make: Callable[[], T]) -> Callable[[], T]:
    """Makes something when it is first asked for, and once: several first events come together."""
    lock, cached = threading.Lock(), functools.cache(make)

    @functools.wraps(make)
    def made() -> T:
        with lock:
            return cached()

    return made


def _about(event: CloudEvent | None) -> str:
    return "request" if event is None else f"{event['type'][:80]} {event['id'][:120]}"
