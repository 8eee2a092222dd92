"""A camera that uploads its video: a phone, or an edge box. `url: "push:"`"""

import time
from collections.abc import Iterator

import av

from cnap.cameras import Camera
from cnap.source.feeds.feed import Misconfigured
from cnap.source.feeds.pushed.inbox import Inbox
from cnap.source.feeds.pushed.upload import Upload
from cnap.source.feeds.times import TIME_BASE
from cnap.source.uploads import Uploads

AT_ONCE = 2.0
"""Seconds of an upload that are given at once; what follows, `FASTER` than time goes by."""
FASTER = 2.0
SELDOM = 0.5
"""Seconds between single pictures, from which on none waits for others to share a segment with."""
LOOK = 1.0
"""Seconds after which it is looked whether the feed was closed."""


class PushedFeed:
    """Takes what is uploaded for the camera while it is open; what comes before is refused."""

    live = placed = True
    """Uploads are on one timeline already, by the clock of whoever sends them or by ours."""
    waits = "waiting for uploads"
    """Why there is no video, which is not the camera's failure."""

    def __init__(self, camera: Camera, uploads: Uploads | None) -> None:
        if uploads is None:
            raise Misconfigured("no uploads are taken here: this source has no address or no token")
        self._inbox = Inbox(camera.fresh)
        self._current: Upload | None = None
        self._apart, self._came = 0.0, float("-inf")
        self.whole = False
        """Whether an upload has been given to its end: another begins with a key frame."""
        uploads.open(camera.name, self._inbox)
        self._uploads = uploads

    @property
    def stream(self) -> av.VideoStream:
        """Of the newest upload: none before the first packet."""
        return self._current.stream

    @property
    def framerate(self) -> float:
        if self._current is None or self._current.still:
            return 0.0
        return float(self._current.stream.average_rate or 0)

    @property
    def apart(self) -> float:
        """Seconds of video that come at once, as of the newest upload."""
        return self._apart

    @property
    def zero(self) -> float | None:
        """From the first packet on."""
        return self._inbox.zero

    def packets(self) -> Iterator[av.Packet]:
        while not self._inbox.closed:
            upload = self._inbox.take(LOOK)
            if upload is None:
                continue
            self._apart = upload.seconds
            quick = upload.still and time.monotonic() - self._came < SELDOM
            self._came = time.monotonic()
            if self._current and self._current.kind == upload.kind:
                upload.join(self._current.stream)
            else:  # the one before stays open until nobody cuts its packets any more
                self._current = upload
            yield from self._paced(upload, whole=not quick)

    def _paced(self, upload: Upload, whole: bool) -> Iterator[av.Packet]:
        """A long upload comes at once, and would be left out as what can't be coped with."""
        packets, upload.packets = upload.packets, []  # its stream may be needed for long
        began, first, last = time.monotonic(), packets[0].dts, packets[-1]
        for packet in packets:
            ahead = float((packet.dts - first) * TIME_BASE) - AT_ONCE
            if ahead > 0 and self._inbox.rest(began + ahead / FASTER - time.monotonic()):
                return
            self.whole = whole and packet is last
            yield packet

    def close(self) -> None:
        self._uploads.close(self._inbox)
        self._inbox.close()
