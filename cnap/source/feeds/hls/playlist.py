"""HLS playlists (RFC 8216), as far as video needs them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from yarl import URL

from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.hls.variants import NAMES, Variant, attributes, named
from cnap.source.feeds.web.client import followed

MOST_BYTES = 1 << 20
MOST_SECONDS = 3600.0
"""Of a segment."""
MOST_TARGET = 60.0
"""Seconds of a target duration: all that is waited for depends on it."""

Range = tuple[int, int]
"""First byte and the one after the last."""


@dataclass(frozen=True)
class Key:
    """AES-128's: where its 16 bytes are, and the initialisation vector; None: from the sequence."""

    url: URL
    iv: bytes | None


@dataclass(frozen=True)
class Piece:
    """A media segment."""

    url: URL
    range: Range | None
    seconds: float
    sequence: int
    breaks: bool
    """Whether its times, or its parameters, don't go on from those of the one before."""
    date: float | None
    """Unix seconds at which its first frame was captured, where the playlist says so."""
    init: tuple[URL, Range | None] | None
    """The bytes that its own are to follow (EXT-X-MAP)."""
    key: Key | None
    gap: bool
    """Whether it is not there, and never was."""


@dataclass(frozen=True)
class Media:
    """A playlist of segments."""

    target: float
    """Seconds that no segment is longer than."""
    pieces: tuple[Piece, ...]
    ended: bool


def parse(text: str, base: URL) -> Media | list[Variant]:
    """Raises CameraFailed where it is no playlist, Misconfigured where it leads elsewhere than to
    the web."""
    lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    if not lines or not lines[0].startswith("#EXTM3U"):
        raise CameraFailed("the playlist is none: it doesn't begin with #EXTM3U")
    if any(line.startswith("#EXT-X-STREAM-INF:") for line in lines):
        return list(named(lines, base))
    return _Reader(base).read(lines)


class _Reader:
    """Reads a media playlist line by line. What it doesn't know it passes over (6.3.1)."""

    def __init__(self, base: URL) -> None:
        self._base = base
        self._target, self._ended, self._sequence = 0.0, False, 0
        self._pieces: list[Piece] = []
        self._key: Key | None = None
        self._init: tuple[URL, Range | None] | None = None
        self._ended_at = "", 0
        self._next_date: float | None = None
        self._begin()

    def _begin(self) -> None:
        self._seconds: float | None = None
        self._range_told = ""
        self._date: float | None = None
        self._breaks = self._gap = False

    def read(self, lines: list[str]) -> Media:
        for line in lines:
            name, _, value = line.partition(":")
            if line and not line.startswith("#"):
                self._add(line)
            elif reader := TAGS.get(name):
                reader(self, value)
        if not self._target:
            longest = max((one.seconds for one in self._pieces), default=0.0)
            self._target = min(longest, MOST_TARGET)
        if not self._target:
            raise CameraFailed("the playlist names no segments")
        return Media(self._target, tuple(self._pieces), self._ended)

    def _add(self, line: str) -> None:
        if self._seconds is None:
            return  # no EXTINF before it: not a segment
        sequence = self._sequence + len(self._pieces)
        date = self._next_date if self._date is None else self._date
        self._next_date = None if date is None else date + self._seconds
        self._pieces.append(
            Piece(
                followed(self._base, line, NAMES),
                self._range(self._range_told, line),
                self._seconds,
                sequence,
                self._breaks,
                date,
                self._init,
                self._key,
                self._gap,
            )
        )
        self._begin()

    def _range(self, told: str, line: str) -> Range | None:
        """Without an offset it begins where the one before ended, in the same file."""
        start = self._ended_at[1] if self._ended_at[0] == line else 0
        found = _range(told, start)
        self._ended_at = line, found[1] if found else 0
        return found

    def _target_duration(self, value: str) -> None:
        self._target = min(_seconds(value), MOST_TARGET)

    def _media_sequence(self, value: str) -> None:
        self._sequence = int(value) if re.fullmatch(r"\d{1,18}", value) else 0

    def _end_list(self, _: str) -> None:
        self._ended = True

    def _type(self, value: str) -> None:
        self._ended = self._ended or value.strip() == "VOD"

    def _inf(self, value: str) -> None:
        self._seconds = _seconds(value.partition(",")[0])

    def _byte_range(self, value: str) -> None:
        self._range_told = value.strip()

    def _discontinuity(self, _: str) -> None:
        self._breaks, self._next_date = True, None

    def _is_gap(self, _: str) -> None:
        self._gap = True

    def _date_time(self, value: str) -> None:
        try:
            date = datetime.fromisoformat(value.strip())
        except ValueError:
            return
        self._date = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()

    def _map(self, value: str) -> None:
        told = attributes(value)
        if uri := told.get("URI"):
            url = followed(self._base, uri, NAMES)
            self._init = url, _range(told.get("BYTERANGE", ""), 0)

    def _key_tag(self, value: str) -> None:
        told = attributes(value)
        method = told.get("METHOD", "")
        if method == "NONE":
            self._key = None
            return
        if method != "AES-128" or told.get("KEYFORMAT", "identity") != "identity":
            raise Misconfigured(
                f"the video is encrypted by {method or 'DRM'}: only AES-128 is undone"
            )
        iv = re.fullmatch(r"0[xX]([0-9A-Fa-f]{1,32})", told.get("IV", ""))
        self._key = Key(
            followed(self._base, told.get("URI", ""), NAMES),
            bytes.fromhex(iv[1].zfill(32)) if iv else None,
        )


TAGS = {
    "#EXT-X-TARGETDURATION": _Reader._target_duration,
    "#EXT-X-MEDIA-SEQUENCE": _Reader._media_sequence,
    "#EXT-X-ENDLIST": _Reader._end_list,
    "#EXT-X-PLAYLIST-TYPE": _Reader._type,
    "#EXTINF": _Reader._inf,
    "#EXT-X-BYTERANGE": _Reader._byte_range,
    "#EXT-X-DISCONTINUITY": _Reader._discontinuity,
    "#EXT-X-GAP": _Reader._is_gap,
    "#EXT-X-PROGRAM-DATE-TIME": _Reader._date_time,
    "#EXT-X-MAP": _Reader._map,
    "#EXT-X-KEY": _Reader._key_tag,
}


def _range(told: str, start: int) -> Range | None:
    """Of `length` or `length@offset`."""
    match = re.fullmatch(r"(\d{1,12})(?:@(\d{1,12}))?", told)
    if not match:
        return None
    start = int(match[2]) if match[2] else start
    return start, start + int(match[1])


def _seconds(text: str) -> float:
    """Never NaN or endless, whatever the text."""
    match = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{0,12})?)\s*", text)
    return min(float(match[1]), MOST_SECONDS) if match else 0.0
