"""infer: a frames event in, one model's result event out."""

import os

from cloudevents.http import CloudEvent

from cnap.events import segment
from cnap.events.frames import FramesEvent
from cnap.function import function, once
from cnap.infer import Inferrer
from cnap.inference import Engine
from cnap.models import cache_dir, model
from cnap.stores import open_store


@once
def warm() -> Inferrer:
    engine = Engine(model(os.environ.get("CNAP_MODEL", "")), cache_dir())
    return Inferrer(open_store(), engine)


@function
def main(event: CloudEvent, _request: object) -> CloudEvent | None:
    inferrer = warm()
    if event["type"] == segment.TYPE:
        return None  # only sent to wake this function while the frames are being decoded
    return inferrer(FramesEvent.from_event(event))
