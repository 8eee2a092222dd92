"""The files that HLS playlists name: segments, what they begin with, and keys."""

from aiohttp import ClientResponse
from yarl import URL

from cnap.source.feeds.hls import aes
from cnap.source.feeds.hls.playlist import Piece, Range
from cnap.source.feeds.web.client import Web

MOST_BYTES = 64 << 20
MOST_INIT = 1 << 20
KEPT = 4
"""Keys and init sections: the same for many segments."""


class Files:
    """Fetches them. All of it raises CameraFailed."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._kept: dict[tuple[URL, Range | None], bytes] = {}

    async def whole(self, piece: Piece, seconds: float) -> tuple[bytes, ClientResponse]:
        """A segment's bytes, decrypted, and after what they are to follow; and its answer.
        `seconds` is how long it may take to come."""
        init = await self._once(*piece.init) if piece.init else b""
        data, answer = await self._load(piece.url, piece.range, MOST_BYTES, seconds)
        if piece.key:
            key = await self._once(piece.key.url, None)
            iv = piece.key.iv or piece.sequence.to_bytes(aes.BLOCK, "big")
            data = aes.decrypted(data, key, iv)
            init = aes.decrypted(init, key, iv) if init else b""
        return init + data, answer

    async def _once(self, url: URL, part: Range | None) -> bytes:
        if (url, part) not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[url, part] = (await self._load(url, part, MOST_INIT))[0]
        return self._kept[url, part]

    async def _load(
        self, url: URL, part: Range | None, most: int, seconds: float = 0.0
    ) -> tuple[bytes, ClientResponse]:
        headers = {"Range": f"bytes={part[0]}-{part[1] - 1}"} if part else {}
        answer = await self._web.get(url, headers)
        if part and answer.status == 200:  # the whole file, from a server that knows no ranges
            data = await self._web.read(answer, MOST_BYTES, "a file of segments", seconds)
            return data[slice(*part)], answer
        return await self._web.read(answer, most, "a segment", seconds), answer
