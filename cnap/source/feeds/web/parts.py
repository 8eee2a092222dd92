"""The parts of a multipart/x-mixed-replace body, however a camera writes them."""

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import ClientResponse

from cnap.source.feeds.feed import CameraFailed
from cnap.source.feeds.web.images import MOST_BYTES

MOST_HEADERS = 16 << 10
BLANK = re.compile(rb"\r?\n\r?\n")
JPEG, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
SURE = 6
"""Letters of a boundary that don't occur in a picture by chance."""


@dataclass(frozen=True)
class Part:
    data: bytes
    headers: dict[str, str]
    """By their names in small letters."""
    began: float
    """When its headers were there: time.monotonic()."""


class Parts:
    """Takes bytes, gives parts. Neither boundary nor length is believed where they differ: dashes
    are missing or too many, blank lines are missing, and lengths are those of other pictures."""

    def __init__(self, content_type: str, read: Callable[[], Awaitable[bytes]]) -> None:
        """`read` gives some bytes, none at the end."""
        self._needle = _boundary(content_type)
        self._read = read
        self._buffer = bytearray()

    @classmethod
    def of(cls, answer: ClientResponse) -> "Parts":
        return cls(answer.headers.get("Content-Type", ""), answer.content.readany)

    async def next(self) -> Part:
        """Raises CameraFailed at the end, or where a part is endless."""
        if not self._needle:
            await self._learn()
        await self._drop_through_boundary()
        headers, start = await self._headers()
        began = time.monotonic()
        end = await self._end(start, headers.get("content-length", ""))
        # Whatever stands between the headers and the picture: blank lines, or more headers.
        picture = self._buffer.find(JPEG, start, min(end, start + MOST_HEADERS))
        data = bytes(self._buffer[max(start, picture) : end])
        del self._buffer[:end]
        return Part(data, headers, began)

    async def _learn(self) -> None:
        """A boundary that the answer's headers don't tell is what the body begins with."""
        while not (line := re.match(rb"\s*-*([^\s-][^\r\n]*)\r?\n", self._buffer)):
            if len(self._buffer) > MOST_HEADERS:
                raise CameraFailed("the camera's answer has no parts")
            await self._more()
        self._needle = _needle(line[1])

    async def _more(self) -> None:
        if len(self._buffer) > MOST_BYTES:
            raise CameraFailed(f"a picture is larger than {MOST_BYTES >> 20} MiB")
        chunk = await self._read()
        if not chunk:
            raise CameraFailed("the camera ended the connection")
        self._buffer += chunk

    async def _find(self, needle: bytes, start: int) -> int:
        while (place := self._buffer.find(needle, start)) < 0:
            start = max(start, len(self._buffer) - len(needle) + 1)
            await self._more()
        return place

    async def _drop_through_boundary(self) -> None:
        place = await self._find(self._needle, 0)
        del self._buffer[: place + len(self._needle)]
        end = await self._find(b"\n", 0)
        del self._buffer[: end + 1]

    async def _headers(self) -> tuple[dict[str, str], int]:
        """Those of the part, and where its data begins."""
        while True:
            # A part without headers begins with its blank line.
            blank = BLANK.search(self._buffer)
            bare = re.match(rb"\r?\n", self._buffer)
            picture = self._buffer.find(JPEG, 0, MOST_HEADERS)
            ends = [match.end() for match in (bare or blank,) if match]
            ends += [picture] if picture >= 0 else []
            if ends:
                return _fields(bytes(self._buffer[: min(ends)])), min(ends)
            if len(self._buffer) > MOST_HEADERS:
                raise CameraFailed(f"a part has more than {MOST_HEADERS >> 10} KiB of headers")
            await self._more()

    async def _end(self, start: int, told: str) -> int:
        """Where the data ends that begins at `start`: after as many bytes as are told, if those end
        as a JPEG does and no other part began before; else where the next part begins."""
        end = start + int(told) if told.isdecimal() and len(told) < 10 else 0
        place, searched = -1, start
        while True:
            place = self._buffer.find(self._needle, searched)
            if 0 <= place < end or (place >= 0 and not end):
                return place
            if end and len(self._buffer) >= end:
                if self._buffer.endswith(JPEG_END, start, end):
                    return end
                end = 0
                continue
            searched = max(start, len(self._buffer) - len(self._needle) + 1)
            await self._more()


def _boundary(content_type: str) -> bytes:
    """What separates parts, without its dashes, of which cameras write any number."""
    match = re.search(r'boundary\s*=\s*("[^"]*"|[^;\s]+)', content_type, re.IGNORECASE)
    return _needle(match[1].strip('"').strip("-").encode()) if match else b""


def _needle(bare: bytes) -> bytes:
    return bare if len(bare) >= SURE or not bare else b"--" + bare


def _fields(text: bytes) -> dict[str, str]:
    lines = text.decode("latin-1").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
