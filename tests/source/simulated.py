"""A camera that is only times: what its clock says, when its packets come, and when they really
were captured."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace

TICK = Fraction(1, 90_000)
NOON = 1_790_000_000.0


@dataclass
class Packet:
    """What a timeline looks at of a packet."""

    pts: int | None
    dts: int | None
    stream: object
    duration: int | None = 3600
    truth: float = 0.0
    """Unix seconds at which the frame was captured."""
    is_keyframe: bool = True
    size: int = 1000


class Clock:
    """Stands still until it is moved on."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False


@dataclass
class Camera:
    """A feed. Times are seconds; `ticks` makes a packet's own time of the one that the camera's
    clock shows, and `comes` is when the packet of a frame captured at a time comes."""

    clock: Clock
    fps: float = 25.0
    seconds: float = 30.0
    latency: float = 0.05
    jitter: float = 0.0
    loss: float = 0.0
    drift: float = 0.0
    begins: int = 12_345
    """What the camera's clock shows at first, in ticks."""
    bits: int = 64
    bframes: bool = False
    ticks: Callable[[int, int], tuple[int | None, int | None]] = lambda n, t: (t, t)
    """Decode and presentation time of the n-th frame; the second is what they should be."""
    comes: Callable[[float], float] = lambda captured: captured
    told: float | None = None
    """Seconds after which the camera says what time it is."""
    wrong: float = 0.0
    """Seconds by which that is wrong."""
    claims: float = 25.0
    seed: int = 1

    live = True

    def __post_init__(self) -> None:
        self.stream = SimpleNamespace(
            time_base=TICK, codec_context=SimpleNamespace(reorder_depth=2 if self.bframes else 0)
        )
        self.zero: float | None = None
        self._random = random.Random(self.seed)

    @property
    def framerate(self) -> float:
        return self.claims

    def close(self) -> None: ...

    def packets(self) -> Iterator[Packet]:
        start, came = self.clock.now, self.clock.now
        tell = self.told or 0.0
        for n, frame in enumerate(self._decode_order()):
            captured = start + frame / self.fps
            # A frame is sent when those are captured that it refers to.
            sent = start + max(frame, n) / self.fps
            late = self.latency + self._random.uniform(0, self.jitter)
            came = max(came, self.comes(sent + late))
            if n and self._random.random() < self.loss:
                continue
            shown = self._own(captured - start)
            decoded = self._own((n - 2 if self.bframes else n) / self.fps)
            dts, pts = self.ticks(n, decoded)
            if pts is not None:
                pts = pts + shown - decoded
            if self.told is not None and captured - start >= tell:
                self.zero = captured + self.wrong - pts / 90_000
                tell += 5
            self.clock.now = max(self.clock.now, came)
            yield Packet(pts, dts, self.stream, truth=captured)

    def _own(self, seconds: float) -> int:
        time = self.begins + round(seconds * (1 + self.drift) * 90_000)
        return time if self.bits == 64 else time % (1 << self.bits)

    def _decode_order(self) -> Iterator[int]:
        count = int(self.seconds * self.fps)
        if not self.bframes:
            yield from range(count)
            return
        yield 0
        for p in range(3, count, 3):
            yield from (p, p - 2, p - 1)
