"""Both times, of decoding and of presentation, for packets that lack one or both."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av

TIME_BASE = Fraction(1, 90_000)
"""Of what is put together from pieces: every usual frame rate is whole in it."""
LONGEST_GOP = 1000
"""Packets."""


def counted(packets: Iterable[av.Packet], duration: int) -> Iterator[av.Packet]:
    """Packets of a film that says no times: one is decoded after the other."""
    for number, packet in enumerate(packets):
        packet.dts = packet.pts = number * duration
        packet.duration = duration
        yield packet


def dated(packets: Iterable[av.Packet]) -> Iterator[av.Packet]:
    """Packets of a film that says times: what some packets lack follows from the others."""
    undated: list[av.Packet] = []
    after: int | None = None
    for packet in packets:
        if packet.pts is None and packet.dts is None:
            packet.dts = after
        if packet.dts is None:  # Matroska has none, and the first can't be computed
            undated.append(packet)
            continue
        yield from _before(packet.dts, undated)
        undated.clear()
        after = packet.dts + (packet.duration or 1)
        yield _both(packet)
    shown = [packet.pts for packet in undated if packet.pts is not None]
    yield from _before(min(shown, default=0), undated)


def _before(following: int, packets: list[av.Packet]) -> Iterator[av.Packet]:
    """The packets with decode times of their own, evenly before the one that follows."""
    for left, packet in zip(range(len(packets), 0, -1), packets, strict=True):
        packet.dts = following - left * (packet.duration or 1)
        yield _both(packet)


def _both(packet: av.Packet) -> av.Packet:
    if packet.pts is None:
        packet.pts = packet.dts
    return packet


def decodable(packets: Iterable[av.Packet]) -> Iterator[av.Packet]:
    """Without what comes before the first key frame, where a recording was joined in its midst. If
    none comes soon, no frame is marked as one."""
    before: list[av.Packet] | None = []
    for packet in packets:
        if before is None:
            yield packet
            continue
        if not packet.is_keyframe:
            before.append(packet)
        if packet.is_keyframe or len(before) > LONGEST_GOP:
            yield from [packet] if packet.is_keyframe else before
            before = None
    yield from before or []


def rescale(stream: av.VideoStream, packets: Iterable[av.Packet]) -> None:
    """Puts a stream whose container is read to its end, and all its packets, into TIME_BASE."""
    scale = Fraction(stream.time_base) / TIME_BASE
    stream.time_base = TIME_BASE
    for packet in packets:
        if scale != 1:
            packet.pts, packet.dts = round(packet.pts * scale), round(packet.dts * scale)
            packet.duration = round((packet.duration or 0) * scale)
        packet.time_base = TIME_BASE


def needed(packets: Iterable[av.Packet]) -> Iterator[av.Packet]:
    """Without the hidden packets that no shown one refers to: edit lists (ISO/IEC 14496-12, 8.6.6)
    hide frames, and end anywhere in a GOP. The others stay, hidden as they are."""
    hidden: list[av.Packet] = []
    last: int | None = None
    for packet in packets:
        if packet.is_keyframe and last is not None:
            # Those past the end of what was shown; before the beginning, a GOP may be needed.
            hidden = [one for one in hidden if one.pts < last]
        if packet.is_discard:
            hidden.append(packet)
            continue
        last = packet.pts if last is None else max(last, packet.pts)
        yield from hidden
        hidden.clear()
        yield packet


def begun(packets: Iterator[av.Packet], depth: int) -> Iterator[av.Packet]:
    """A live stream's packets, of which FFmpeg knows the times late: the first are held till one
    says when it is decoded, at most the `depth` that the codec reorders and one more."""
    held: list[av.Packet] = []
    for packet in packets:
        held.append(packet)
        if packet.dts is not None or len(held) > depth + 1:
            break
    if held and (decoded := held[-1].dts) is not None:
        for left, packet in zip(range(len(held) - 1, -1, -1), held, strict=True):
            packet.dts = decoded - left * (packet.duration or 1)
        first, shown = held[0], [packet.pts for packet in held if packet.pts is not None]
        if first.pts is None:
            first.pts = max(first.dts, min(shown, default=0) - (first.duration or 1))
    yield from held
    yield from packets
