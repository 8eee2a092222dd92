"""HLS playlists that name others: the same video in several sizes (RFC 8216, 4.3.4)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yarl import URL

from cnap.pictures import Size
from cnap.source.feeds.feed import CameraFailed
from cnap.source.feeds.web.client import followed

ATTRIBUTE = re.compile(r'([A-Z0-9-]+)\s*=\s*("[^"]*"|[^,]*)')
NAMES = "the playlist leads"
"""Who leads where, in what people are told."""
SOUNDS = ("mp4a", "ac-3", "ec-3", "opus", "fLaC", "stpp", "wvtt")
"""How the names of codecs begin that are none of video."""


@dataclass(frozen=True)
class Variant:
    """One of several renditions of the same video."""

    url: URL
    size: Size | None
    bandwidth: int


def choose(variants: Sequence[Variant], size: Size | None) -> Variant:
    """The smallest that is at least `size`, else the largest; of two as large, the better one."""
    if not variants:
        raise CameraFailed("the playlist names no video")

    def rank(one: Variant) -> tuple[int, int]:
        return (one.size[0] * one.size[1] if one.size else 0), one.bandwidth

    enough = [
        one for one in variants
        if size and one.size and one.size[0] >= size[0] and one.size[1] >= size[1]
    ]  # fmt: skip
    if enough:
        return min(enough, key=lambda one: (rank(one)[0], -one.bandwidth))
    return max(variants, key=rank)


def named(lines: list[str], base: URL) -> Iterator[Variant]:
    told: dict[str, str] | None = None
    for line in lines:
        if line.startswith("#EXT-X-STREAM-INF:"):
            told = attributes(line)
        elif line and not line.startswith("#") and told is not None:
            size = re.fullmatch(r"(\d{1,5})x(\d{1,5})", told.get("RESOLUTION", ""))
            bandwidth = told.get("BANDWIDTH", "")
            codecs = told.get("CODECS", "")
            if size or not codecs or not _is_sound(codecs):
                yield Variant(
                    followed(base, line, NAMES),
                    (int(size[1]), int(size[2])) if size else None,
                    int(bandwidth) if re.fullmatch(r"\d{1,15}", bandwidth) else 0,
                )
            told = None


def _is_sound(codecs: str) -> bool:
    """Whether no codec of the list is one of video."""
    return all(one.strip().startswith(SOUNDS) for one in codecs.split(","))


def attributes(line: str) -> dict[str, str]:
    return {name: value.strip().strip('"') for name, value in ATTRIBUTE.findall(line)}
