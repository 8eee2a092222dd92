"""A camera, a store and a Broker with a pipeline behind it, which do what a test says."""

import asyncio
import contextlib
import itertools
import queue
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from cloudevents.http import CloudEvent, from_http

from cnap.accounts import Account
from cnap.errors import Unavailable
from cnap.events import segment
from cnap.events.segment import SegmentEvent
from cnap.publish import Publisher
from cnap.source.feeds import FileFeed
from cnap.source.sending.sink import UNANSWERED, UNREACHED, Sink
from cnap.stores.directory import DirectoryStore
from tests.outcomes import dead, expired, frames, result


class Clip:
    """Packets to be sent again and again."""

    def __init__(self, path: Path) -> None:
        self.feed = FileFeed(str(path), loop=False)  # stays open: packets refer to its stream
        self.stream = self.feed.stream
        self.packets = [(bytes(one), one.is_keyframe) for one in self.feed.packets()]
        self.apart = round(Fraction(1, 100) / self.stream.time_base)
        """Ticks between two frames."""


class Scripted:
    """A camera: whoever reads it gets the packets that `send` put in, and each is counted."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._queue: queue.Queue[av.Packet | Exception] = queue.Queue()
        self._numbers = itertools.count()
        self._place = 0
        self.given = 0
        self.hangs = False
        self.refuses: Exception | None = None

    def open(self, camera: object, uploads: object = None) -> "Connection":
        if self.refuses:
            raise self.refuses
        return Connection(self, self._clip.stream)

    def send(self, count: int, garbage: bool = False) -> None:
        for _ in range(count):
            data, key = self._clip.packets[self._place % len(self._clip.packets)]
            self._place += 1
            packet = av.Packet(b"\1garbage" if garbage else data)
            packet.pts = packet.dts = next(self._numbers) * self._clip.apart
            packet.duration, packet.time_base = self._clip.apart, self._clip.stream.time_base
            packet.stream, packet.is_keyframe = self._clip.stream, key and not garbage
            packet.is_corrupt = garbage
            self._queue.put(packet)

    def skip(self, count: int) -> None:
        """Goes on later in the clip."""
        self._place += count

    def fail(self, error: Exception) -> None:
        """Of the connection that comes so far."""
        self._queue.put(error)

    @property
    def waits(self) -> bool:
        """Whether there is something that nobody took."""
        return not self._queue.empty()

    def take(self) -> av.Packet | None:
        """None where nothing comes just now."""
        while self.hangs:
            time.sleep(0.005)
        with contextlib.suppress(queue.Empty):
            one = self._queue.get(timeout=0.01)
            if isinstance(one, Exception):
                raise one
            self.given += 1
            return one
        return None


class Connection:
    live, framerate, zero, waits = True, 100.0, None, "nothing was sent"

    def __init__(self, camera: Scripted, stream: av.VideoStream) -> None:
        self._camera, self.stream = camera, stream
        self._closed = False

    def packets(self) -> Iterator[av.Packet]:
        while not self._closed:
            if packet := self._camera.take():
                yield packet

    def close(self) -> None:
        self._closed = True


class Straight:
    """A timeline without a clock: packets have their times."""

    note = ""

    def __init__(self, feed: Connection, wait: object, after: int = 0) -> None:
        self._feed = feed
        self.epoch = max(time.time_ns() // 1_000_000, after + 1)

    def packets(self) -> Iterator[av.Packet]:
        return self._feed.packets()


class Store(DirectoryStore):
    """`away`: no answer; `full`: nothing more is taken."""

    away = full = False

    def put(self, key: str, *parts: bytes) -> None:
        if self.away or self.full:
            raise Unavailable(f"the store is {'gone' if self.away else 'full'}")
        super().put(key, *parts)


class Pipeline(Sink):
    """Broker, functions and ledger. `mode` is what becomes of a segment that is posted: taken,
    away, refused, busy, lost (taken, but nobody is told), twice, or slow (held till `mode`
    changes)."""

    def __init__(self, publish: Publisher) -> None:
        super().__init__(None, "")
        self._publish = publish
        self.mode = "taken"
        self.held: list[CloudEvent] = []
        """Segments that the Broker has taken, and no function has looked at."""
        self.states: list[CloudEvent] = []
        self.inferred: Counter[tuple[str, str]] = Counter()
        self._done: set[tuple[str, str]] = set()

    async def _once(self, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        await asyncio.sleep(0)
        event = from_http(headers, body, lambda data: data)
        if event["type"] != segment.TYPE:
            if self.mode == "away":
                return UNREACHED, "away"
            self.states.append(event)
            return 202, ""
        while self.mode == "slow":
            await asyncio.sleep(0.005)
        if self.mode in ("taken", "twice", "lost"):
            self.held += [event] * (2 if self.mode == "twice" else 1)
        return {
            "away": (UNREACHED, "away"),
            "refused": (400, "no"),
            "busy": (503, "busy"),
            "lost": (UNANSWERED, "lost"),
        }.get(self.mode, (202, ""))

    def tell(self, events: list[CloudEvent]) -> None:
        for event in events:
            self._publish(event)

    def work(self, event: CloudEvent, fate: str) -> None:
        """All models of a segment have their outcome, which is what came first."""
        about = SegmentEvent.from_event(event)
        group = frames(about)
        for model in about.models:
            if fate == "inferred":
                self._publish(result(group, model))
            elif fate == "expired":
                self._publish(expired(about, (model,)))
            else:
                self._publish.dead_letter(dead(group), model)
            if (str(about.id), model) not in self._done:
                self._done.add((str(about.id), model))
                self.inferred[about.id.stream, model] += about.framecount * (fate == "inferred")


def assert_identity(found: Account) -> None:
    for counts in found.models.values():
        known = counts.inferred + counts.dropped + counts.failed + counts.inflight
        assert counts.captured == known
        assert counts.inflight >= 0, counts
        assert all(count >= 0 for count in counts.reasons.values()), counts
