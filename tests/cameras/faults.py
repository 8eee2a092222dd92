"""What a fake camera does wrong: switched by tests, also while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Faults:
    login: str = ""
    """basic or digest, where one is needed: `user` and `password` of the camera."""
    realm: str = "fake camera"
    wrong_realm: bool = False
    """No answer to a digest challenge is right, since the camera reckons with another realm."""

    hang: str = ""
    """Says nothing any more from here on: connect, or a method (OPTIONS, DESCRIBE, SETUP, PLAY);
    media: everything is answered, but no packet comes."""
    answers: dict[str, str] = field(default_factory=dict)
    """Status by method, as {"SETUP": "461 Unsupported Transport"}."""

    flood: bool = False
    """Sends as fast as the viewer takes it."""
    garbage: float = 0.0
    """Share of packets whose payload is random."""
    babble: float = 0.0
    """Share of pictures that random bytes follow, between the packets of a TCP connection."""
    damaged: int = 0
    """How many of the next key frames have parameter sets that make no sense."""
    lost: float = 0.0
    """Share of packets that are counted and never sent."""
    keyless: bool = False
    """Key frames are left out."""

    clock: Callable[[float], float] = float
    """What the RTP timestamps say, in seconds, `x` seconds after the camera began."""
    clock_start: int = 1_000_000_000
    """The first RTP timestamp; beyond 32 bits they begin again."""
    ntp: Callable[[float], float] | None = float
    """What sender reports say it is when it is `x` (unix seconds); None: no reports."""
    report_every: float = 1.0

    claims: tuple[int, int] | None = None
    """The picture that the SDP's parameter sets claim (H.264)."""
    sprop: bool = True
    """Whether the SDP has parameter sets."""
    inband: bool = True
    """Whether each key frame has them before it."""
    sdp_padding: int = 0
    """Bytes of nothing at the end of the SDP."""


def constant(_: float) -> float:
    return 0.0


def backward(x: float) -> float:
    return 1000.0 - x


def jumping(every: float, by: float) -> Callable[[float], float]:
    """A clock that jumps `by` seconds every `every` seconds."""
    return lambda x: x + x // every * by


def off(seconds: float) -> Callable[[float], float]:
    """A clock that is wrong by so much."""
    return lambda x: x + seconds


def drifting(rate: float) -> Callable[[float], float]:
    """A clock that gains `rate` seconds a second, from when it is made first asked on."""
    began: list[float] = []

    def told(x: float) -> float:
        began[:] = began or [x]
        return x + (x - began[0]) * rate

    return told
