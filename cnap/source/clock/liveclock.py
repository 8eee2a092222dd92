"""When a live camera's frames were captured: by its own clock, or by when they came."""

import math
from collections.abc import Callable
from fractions import Fraction

import av

from cnap.errors import CnapError
from cnap.source.clock.cameratimes import CameraTimes
from cnap.source.clock.leastdelay import LeastDelay
from cnap.source.clock.slew import Slew
from cnap.source.feeds.feed import Feed

TRUSTED, DISTRUSTED = 5.0, 7.5
"""Seconds by which a camera's clock may differ from this machine's to be believed, and may come to
differ afterwards."""
SETTLED = 0.5
"""Seconds for which packets wait at the beginning: cameras begin with a heap of older ones, and
some soon say what time it is. No segment gets later by it."""
SELDOM = 0.2
"""Seconds between frames from which on there is nothing to wait for."""
SET = 5.0
"""Seconds by which this machine's clock may be set without a new epoch."""
STALE = 15.0
"""Seconds by which video may suddenly come later than usual."""
SILENCE = 60.0
"""Seconds without a packet, where they don't come more seldom anyway."""
UNSURE = 30.0
"""Seconds in which a camera whose clock has jumped should say anew what time it is."""
SAME = 0.1
"""Seconds that make no difference between what it says and what is used."""
TOLD = 60.0
"""Seconds for which people are told that a clock has jumped."""
NEWS = 0.5
"""Seconds by which it must have jumped for that: what is less was a hiccup, and is put right."""


class ClockJumped(CnapError):
    """Times can't go on: the stream begins a new epoch, with a new timeline."""


class LiveClock:
    """Puts the times of a live feed's packets right. `wall` is this machine's clock, unix seconds,
    and `steady` one that nobody sets."""

    def __init__(
        self, feed: Feed, wall: Callable[[], float], steady: Callable[[], float], after: int
    ) -> None:
        self._feed, self._wall, self._steady, self._after = feed, wall, steady, after
        self._stream = feed.stream
        self._tick = Fraction(self._stream.time_base)
        self._rate = float(1 / self._tick)
        reorder = self._stream.codec_context.reorder_depth
        self._times = CameraTimes(self._tick, feed.framerate, reorder)
        self._delay = LeastDelay(self._tick)
        self._begun: float | None = None
        self._came = self._unix = 0.0
        """When the newest packet came by the steady clock, and how far this machine's is ahead."""
        self._held: list[av.Packet] = []
        self._slew: Slew | None = None
        self._shown: int | None = None
        self._trusted = False
        self._skew = 0.0
        self._shift = 0
        self._doubted: float | None = None
        self._jumps, self._jumped = 0, float("-inf")
        self._doubted_since = 0.0
        self.epoch = 0

    @property
    def note(self) -> str:
        """What is odd about the camera's clock, for people, else empty."""
        if self._times.taken:
            return f"{self._times.taken}: pictures are taken as they come"
        if self._came - self._jumped < TOLD and abs(self._times.jumped) >= NEWS:
            way = "ahead" if self._times.jumped > 0 else "back"
            return f"the camera's clock jumped {way} by {_span(abs(self._times.jumped))}"
        if self._skew:
            way = "behind" if self._skew > 0 else "ahead"
            told = f"the camera's clock is {_span(abs(self._skew))} {way}"
            return f"{told}: this machine's is used"
        return ""

    def take(self, packet: av.Packet) -> list[av.Packet]:
        """The packets that are ready, their times put right. Raises ClockJumped."""
        if packet.stream is not self._stream:
            earlier = self.rest()
            self._change(packet.stream)
            return [*earlier, *self.take(packet)]
        arrived = self._arrival()
        dts, pts = self._times.read(packet, arrived)
        if self._shown is None or pts > self._shown:
            self._shown = pts
        self._delay.add(arrived, arrived - self._shown)
        late = (arrived - self._shown - self._delay.ticks) / self._rate
        if late > STALE:
            raise ClockJumped(f"video comes {_span(late)} late: the stream begins anew")
        packet.dts, packet.pts = dts, pts
        usual, duration = self._times.usual, packet.duration or 0
        if not usual <= 4 * duration <= 16 * usual:
            packet.duration = usual
        if self._slew is None:
            self._held.append(packet)
            return self.rest() if self._settled(packet) else []
        if pts >= self._slew.end:
            self._go_on(pts)
        self._date(packet)
        return [packet]

    def rest(self) -> list[av.Packet]:
        """What has waited till times were settled."""
        ready, self._held = self._held, []
        if ready and self._slew is None:
            self._begin(ready[0].dts)
        for packet in ready:
            self._date(packet)
        return ready

    def _arrival(self) -> int:
        """Ticks at which a packet came, since the beginning."""
        came = self._steady()
        if self._begun is None:
            self._begun = self._came = came
            self._unix = self._wall() - came
        silent, self._came = came - self._came, came
        if silent > max(SILENCE, 5 * self._times.usual / self._rate):
            raise ClockJumped(f"nothing came for {_span(silent)}: the stream begins anew")
        moved = self._wall() - came - self._unix
        if abs(moved) > SET:
            raise ClockJumped(f"this machine slept, or its clock was set, by {_span(abs(moved))}")
        return int((came - self._begun) * self._rate)

    def _settled(self, packet: av.Packet) -> bool:
        return (
            self._came - self._begun >= SETTLED
            or 0 < self._feed.framerate <= 1 / SELDOM
            or packet.duration >= SELDOM * self._rate
        )

    def _begin(self, first: int) -> None:
        zero = self._zero()
        begins = math.floor((zero + first / self._rate) * 1000)
        self.epoch = max(begins, self._after + 1)
        offset = max(-first, math.ceil((zero - self.epoch / 1000) * self._rate))
        self._slew = Slew(first, self._shown + 1, offset, self._tick)

    def _go_on(self, time: int) -> None:
        offset = round((self._zero() - self.epoch / 1000) * self._rate)
        self._slew.go_on(time, offset, leap=bool(self._times.taken))

    def _date(self, packet: av.Packet) -> None:
        dts, pts = packet.dts, packet.pts
        packet.dts = dts + self._slew.at(dts)
        packet.pts = pts + self._slew.at(pts)

    def _zero(self) -> float:
        """Unix seconds of the packets' time 0, as it seems now."""
        self._unix = self._wall() - self._steady()
        arrival = self._unix + self._begun + self._delay.ticks / self._rate
        told = self._feed.zero
        if self._shift != self._times.shift:
            self._shift = self._times.shift
            self._doubted, self._doubted_since = told, self._came
        if self._jumps != self._times.jumps:
            self._jumps, self._jumped = self._times.jumps, self._came
        if told is None or self._times.taken:
            self._skew = 0.0
            return arrival
        camera = told - self._shift / self._rate
        arrival -= getattr(self._feed, "late", 0.0)
        unsure = told == self._doubted and self._came - self._doubted_since < UNSURE
        if unsure and self._slew is not None:  # it is by the old clock, which has jumped since
            used = self.epoch / 1000 + self._slew.now / self._rate
            if abs(camera - used) > SAME:
                return used if self._trusted else arrival
        self._doubted = None
        limit = DISTRUSTED if self._trusted else TRUSTED
        self._trusted = abs(arrival - camera) <= limit
        self._skew = 0.0 if self._trusted else arrival - camera
        return camera if self._trusted else arrival

    def _change(self, stream: av.VideoStream) -> None:
        """The same timeline goes on with packets of another stream."""
        self._stream, tick = stream, Fraction(stream.time_base)
        if tick == self._tick:
            return
        ratio = self._tick / tick
        self._tick, self._rate = tick, float(1 / tick)
        self._times.rescale(ratio)
        self._delay.rescale(ratio)
        if self._slew is not None:
            self._slew.rescale(ratio)
        self._shift = self._times.shift
        self._shown = self._shown and round(self._shown * ratio)


def _span(seconds: float) -> str:
    """A length of time for people: 4.2 s, 2 h 59 min, 3 d 4 h."""
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d" + (f" {hours} h" if hours else "")
    return f"{hours} h" + (f" {minutes} min" if minutes else "")
