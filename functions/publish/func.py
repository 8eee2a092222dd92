"""publish: outcomes and states in, nothing out; also where dead letters go."""

from typing import Any

from cloudevents.http import CloudEvent

from cnap.events import outcome, schemas
from cnap.function import function, once
from cnap.ledger import Ledger
from cnap.publish import Publisher
from cnap.redis import connect
from cnap.stores import open_store


@once
def warm() -> Publisher:
    schemas.prepare(outcome.RESULT)
    return Publisher(open_store(), Ledger(connect()))


@function
def main(event: CloudEvent, request: Any) -> CloudEvent | None:
    whose = request.args.get("deadletter") if request is not None else None
    if whose:
        return warm().dead_letter(event, whose)
    return warm()(event)
