"""transcode: a segment event in, a frames event out."""

from cloudevents.http import CloudEvent

from cnap.events.segment import SegmentEvent
from cnap.function import function, once
from cnap.stores import open_store
from cnap.transcode import Options, Transcoder


@once
def warm() -> Transcoder:
    return Transcoder(open_store(), Options.from_environment())


@function
def main(event: CloudEvent, _request: object) -> CloudEvent | None:
    return warm()(SegmentEvent.from_event(event))
