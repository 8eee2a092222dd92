"""HLS: a playlist of segments, of a film or of a camera (RFC 8216)."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator

import av
from aiohttp import ClientResponse
from yarl import URL

from cnap.pictures import Size
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.hls import playlist, variants
from cnap.source.feeds.hls.evenly import Evenly
from cnap.source.feeds.hls.following import MOST_FAILURES, Fetched, Follower, load
from cnap.source.feeds.hls.joining import Joining
from cnap.source.feeds.hls.playlist import Media
from cnap.source.feeds.hls.segment import Segment
from cnap.source.feeds.times import LONGEST_GOP
from cnap.source.feeds.web.client import Web

SHORTEST = 0.1
"""Seconds of a film that begins again at its end."""


class HlsFeed:
    """A film (`live` is False) is read as fast as it is asked for.

    A camera's segments come whole, seconds at once. Their packets are handed out evenly, as far
    apart as their frames were captured, and just so late that none is missing when its turn comes:
    about a segment's length after the capture, which `late` tells. `zero` is by the playlist's
    dates (EXT-X-PROGRAM-DATE-TIME) where they can be true, else as if a segment's last frame was
    captured when the segment appeared, and then corrected slowly.
    """

    def __init__(self, web: Web, answer: ClientResponse, size: Size | None, loop: bool) -> None:
        """`size` is the largest picture that anything looks at. Raises CameraFailed."""
        self._web, self._loop = web, loop
        self._url, self._media = web.run(_chosen(web, answer, size))
        self.live = not self._media.ended
        self._joining = Joining(self.live)
        self._evenly = Evenly(self._media.target)
        self._template: av.VideoStream | None = None
        self._in_row = self._keyless = 0
        self._wants_key = True
        self._follow()
        first = self._next()
        if first is None:
            raise CameraFailed("there is no video in the playlist")
        self._first, self.stream, self.framerate = first, first.stream, first.framerate

    @property
    def zero(self) -> float | None:
        return self._joining.zero

    @property
    def late(self) -> float:
        """Seconds from a frame's capture to when its packet is handed out."""
        if not self.live or self._joining.zero is None:
            return 0.0
        wall = time.time() - time.monotonic()
        return max(0.0, self._evenly.offset + wall - self._joining.zero)

    @property
    def note(self) -> str:
        """What goes wrong, for people, or nothing."""
        if lost := self._follower.lost_just_now:
            return f"{lost} segments were gone or broken"
        return self._joining.note

    def packets(self) -> Iterator[av.Packet]:
        """Raises CameraFailed; only films end."""
        segment: Segment | None = self._first
        while segment is not None:
            left = deque(segment.packets)
            segment.packets.clear()
            while left:
                packet = left.popleft()  # and so its bytes are nobody's but the caller's
                if self.live:
                    self._wait(float(packet.dts * packet.time_base))
                yield packet
            segment = self._next()
        if self.live:
            raise CameraFailed("the camera has ended its playlist")

    def close(self) -> None:
        self._web.close()

    def _follow(self) -> None:
        self._followed = time.monotonic()
        self._follower = Follower(self._web, self._url, self._media)
        self._queue: asyncio.Queue[Fetched | Exception | None] = asyncio.Queue(1)
        self._web.beside(_filled(self._queue, self._follower))

    def _wait(self, moment: float) -> None:
        now = time.monotonic()
        due = self._evenly.due(moment, now)
        ahead = due - now
        if ahead > 0 and due <= self._follower.idle:
            self._web.sleep(ahead)  # a fifth of what it costs to look for work
        elif ahead > 0:
            self._web.run(asyncio.sleep(ahead))

    def _next(self) -> Segment | None:
        """The next segment, on the timeline; None at the end."""
        while True:
            fetched = self._web.run(self._queue.get())
            if isinstance(fetched, Exception):
                raise fetched
            if fetched is None:
                if self.live or not self._loop or self._template is None:
                    return None
                # One without any length is not to be fetched as fast as can be.
                self._web.sleep(max(0.0, self._followed + SHORTEST - time.monotonic()))
                self._follow()
                continue
            try:
                segment = Segment(fetched.data)
                if self._begins(segment, fetched):
                    return self._joined(segment, fetched)
            except CameraFailed as error:
                self._lose(error)

    def _lose(self, error: CameraFailed) -> None:
        self._follower.leave_out(1, 0.0)
        self._in_row += 1
        first = self.live and self._template is None
        if first or self._in_row >= MOST_FAILURES or isinstance(error, Misconfigured):
            raise error

    def _begins(self, segment: Segment, fetched: Fetched) -> bool:
        """Leaves out what can't be decoded, where something is missing before the segment; whether
        anything is left."""
        self._wants_key |= bool(fetched.lost) or fetched.breaks
        if not self._wants_key:
            return True
        packets = segment.packets
        first = next((n for n, one in enumerate(packets) if one.is_keyframe), len(packets))
        if first == len(packets) and self._keyless + first > LONGEST_GOP:
            first = 0  # none comes: no frame is marked as one
        self._keyless = self._keyless + first if first == len(packets) else 0
        del packets[:first]
        self._wants_key = not packets
        return bool(packets)

    def _joined(self, segment: Segment, fetched: Fetched) -> Segment:
        if self._template is not None and segment.goes_on(self._template):
            segment.join(self._template)
        elif segment.stream.codec_context.width:
            self._template = segment.stream
        else:
            raise CameraFailed(
                "a segment doesn't say what its picture is, or claims too large a one"
            )
        self._in_row = 0
        start = self._joining.add(segment, fetched)
        self._evenly.came(start, fetched.ready)
        return segment


async def _filled(queue: "asyncio.Queue[Fetched | Exception | None]", follower: Follower) -> None:
    try:
        async for fetched in follower.segments():
            await queue.put(fetched)
        await queue.put(None)
    except Exception as error:  # whoever waits for segments is to know
        await queue.put(error)


async def _chosen(web: Web, answer: ClientResponse, size: Size | None) -> tuple[URL, Media]:
    """The playlist of segments, and where it is."""
    text = await web.read(answer, playlist.MOST_BYTES, "the playlist")
    found = playlist.parse(text.decode("utf-8", "replace"), answer.url)
    if isinstance(found, Media):
        return answer.url, found
    url = variants.choose(found, size).url
    return url, await load(web, url)
