"""The segments of an HLS playlist, fetched in turn: all of a film, and the newest of a camera."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from aiohttp import ClientResponse
from yarl import URL

from cnap.source.feeds.feed import CameraFailed
from cnap.source.feeds.hls import playlist
from cnap.source.feeds.hls.files import Files
from cnap.source.feeds.hls.playlist import Media, Piece
from cnap.source.feeds.web.client import Web

MOST_BEHIND = 3
"""Segments that wait to be fetched; where more do, only the newest is: nobody wants old video."""
MOST_FAILURES = 3
"""Segments in a row, or playlists, that can't be had."""
STALE = 3
"""Target durations without a new segment."""
LEAST_STALE = 6.0
EARLY, BETWEEN = 0.2, 0.5
"""Seconds before the next segment is due, and between two requests for the playlist."""
TOLD = 60.0
"""Seconds for which people are told that segments were lost."""
COSTLY = 50
"""Times as long as a playlist takes to read, it is left alone: some name days of video."""
SLOWEST = 2
"""Target durations that a segment may take to come."""


@dataclass(frozen=True)
class Fetched:
    """A segment, ready to be demuxed."""

    piece: Piece
    data: bytes
    appeared: float
    """Unix seconds at which it was first seen in the playlist."""
    ready: float
    """time.monotonic() when it was here."""
    lost: float
    """Seconds of video that are missing before it."""
    breaks: bool


class Follower:
    """Follows a playlist till its end.

    A live one is begun with its newest segment. RFC 8216 (6.3.3) would have three target durations
    of video ahead of what is shown, so that it never stops; here what is new matters, and what is
    late is waited for.
    """

    def __init__(self, web: Web, url: URL, media: Media) -> None:
        self._web, self._url, self._media = web, url, media
        self._loaded = self._news = time.monotonic()
        self._appeared = time.time()
        self._next: int | None = None if not media.ended else -1
        self._changed = False
        self._known = {one.sequence: one.url for one in media.pieces}
        self._begun = False
        self._cost = 0.0
        self._files = Files(web)
        self._failures = 0
        self._lost, self._breaks = 0.0, True
        self.idle = 0.0
        """time.monotonic() until which there is nothing to do."""
        self._gone, self._last_gone = 0, float("-inf")

    async def segments(self) -> AsyncIterator[Fetched]:
        """Raises CameraFailed."""
        while True:
            for piece in self._due():
                if fetched := await self._fetched(piece):
                    yield fetched
            if self._media.ended:
                return
            await self._reload()

    def _due(self) -> Iterator[Piece]:
        """What is new."""
        pieces = self._media.pieces
        new = pieces[-1:] if self._next is None else [p for p in pieces if p.sequence >= self._next]
        if new and self._next is not None and self._next > 0:
            missed = new[0].sequence - self._next
            self.leave_out(missed, missed * self._media.target)
        while not self._media.ended and len(new) > MOST_BEHIND:
            self.leave_out(len(new) - 1, sum(one.seconds for one in new[:-1]))
            self._breaks |= any(one.breaks for one in new[:-1])
            new = new[-1:]
        for piece in new:
            self._next = piece.sequence + 1
            yield piece

    def leave_out(self, pieces: int, seconds: float) -> None:
        """Counts segments that can't be had, or are not wanted."""
        self._gone += pieces
        self._lost += seconds
        if pieces:
            self._last_gone = time.monotonic()

    @property
    def lost_just_now(self) -> int:
        """All that were left out, while the last of them is worth telling."""
        return self._gone if time.monotonic() - self._last_gone < TOLD else 0

    async def _reload(self) -> None:
        """Waits until the playlist has changed.

        RFC 8216 (6.3.4) would have a target duration between two requests, and half of one where
        nothing had changed: then segments are found up to that late, always. To ask soon before the
        next one is due, and each half second from then on, takes one request or two a segment.
        """
        failures = 0
        seconds = min(self._media.target, *(one.seconds for one in self._media.pieces[-1:]))
        # How long the first was there is not known: the next tells.
        due = self._news + seconds - EARLY if self._changed else 0.0
        while True:
            due = max(due, self._loaded + max(BETWEEN, COSTLY * self._cost))
            self.idle = due
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._loaded, used = time.monotonic(), time.thread_time()
            try:
                media = await load(self._web, self._url)
                failures = 0
                if self._is_new(media):
                    self._media, self._appeared, self._changed = media, time.time(), True
                    return
            except CameraFailed:
                # One that is just being written may be cut short or missing.
                failures += 1
                if failures >= MOST_FAILURES:
                    raise
            finally:
                self._cost = time.thread_time() - used
            self._check_age()

    def _is_new(self, media: Media) -> bool:
        """Whether the playlist goes on, or begins anew: the camera was restarted then."""
        pieces = media.pieces
        newest = pieces[-1].sequence if pieces else -1
        if pieces and self._next and newest < self._next - 1:
            if self._known.get(newest) == pieces[-1].url:
                return False  # an older copy, from a cache
            self._next, self._breaks = None, True
        self._known = {one.sequence: one.url for one in pieces}
        new = self._next is None or newest >= self._next
        if new:
            self._news = time.monotonic()
        return new or media.ended

    def _check_age(self) -> None:
        age = time.monotonic() - self._news
        if age > max(LEAST_STALE, STALE * self._media.target):
            raise CameraFailed(f"the playlist is stale: no new segment for {age:.0f} s")

    async def _fetched(self, piece: Piece) -> Fetched | None:
        """The segment; None where it is gone, which is counted."""
        try:
            data, appeared = await self._whole(piece)
        except CameraFailed:
            self._failures += 1
            first = not (self._begun or self._media.ended)
            if first or self._failures >= MOST_FAILURES:
                raise
            self.leave_out(1, piece.seconds)
            self._breaks |= piece.breaks
            return None
        self._failures = 0
        breaks, lost = piece.breaks or self._breaks, self._lost
        self._breaks, self._lost = False, 0.0
        return Fetched(piece, data, appeared, time.monotonic(), lost, breaks)

    async def _whole(self, piece: Piece) -> tuple[bytes, float]:
        """Its bytes, and when it appeared."""
        if piece.gap:
            raise CameraFailed("the playlist has a gap")
        data, answer = await self._files.whole(piece, SLOWEST * self._media.target)
        appeared = self._appeared
        if not self._begun:  # it was there before
            self._begun = True
            appeared -= _age(answer, STALE * self._media.target)
        return data, appeared


async def load(web: Web, url: URL) -> Media:
    """A media playlist. Raises CameraFailed."""
    answer = await web.get(url)
    text = await web.read(answer, playlist.MOST_BYTES, "the playlist")
    media = playlist.parse(text.decode("utf-8", "replace"), answer.url)
    if not isinstance(media, Media):
        raise CameraFailed("the playlist names playlists that name playlists")
    return media


def _age(answer: ClientResponse, most: float) -> float:
    """Seconds since the file was written, by its server's own clock; 0 where that can't be."""
    try:
        now, written = (
            parsedate_to_datetime(answer.headers[name]) for name in ("Date", "Last-Modified")
        )
        age = (now - written).total_seconds()
    except (KeyError, ValueError, TypeError):
        return 0.0
    return age if 0 <= age <= most else 0.0
