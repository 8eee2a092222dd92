"""Whatever bytes come, parts are found or the camera has failed; nothing else happens."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from cnap.source.feeds.feed import CameraFailed
from cnap.source.feeds.web.parts import Part, Parts

JPEG = b"\xff\xd8\xff\xe0picture\xff\xd9"
PIECES = st.sampled_from(
    [
        b"--b0undary\r\n",
        b"b0undary",
        b"--",
        b"\r\n",
        b"\n\n",
        b"Content-Length: 13\r\n",
        b"Content-Length: 99999999999\r\n",
        b"Content-Length: 7\r\n\r\n",
        b"Content-Type: image/jpeg\r\n\r\n",
        JPEG,
        JPEG[:5],
        b"\0" * 50,
    ]
) | st.binary(max_size=20)
BOUNDARY = st.sampled_from(["b0undary", "--b0undary", '"b0undary"', "b", "--", "", '"'])


def parts_of(body: bytes, boundary: str, step: int) -> list[Part]:
    chunks = iter([body[n : n + step] for n in range(0, len(body), step)])

    async def read() -> bytes:
        return next(chunks, b"")

    async def all_of() -> list[Part]:
        parts, found = Parts(f"multipart/x-mixed-replace;boundary={boundary}", read), []
        try:
            while True:
                found.append(await parts.next())
        except CameraFailed:
            return found

    return asyncio.run(all_of())


@settings(deadline=None)
@given(st.lists(PIECES, max_size=30).map(b"".join), BOUNDARY, st.integers(1, 200))
def test_anything_is_read_to_its_end(body, boundary, step):
    found = parts_of(body, boundary, step)
    assert sum(len(part.data) for part in found) <= len(body)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 60))
def test_no_whole_picture_is_lost_among_others(whole, step):
    data = [JPEG if one else JPEG[:-4] for one in whole]
    head = b"--b0undary\r\nContent-Length: %d\r\n\r\n"
    body = b"".join(head % len(JPEG) + one + b"\r\n" for one in data) + b"--b0undary--\r\n"
    found = parts_of(body, "b0undary", step)
    assert [part.data for part in found if part.data == JPEG] == [JPEG] * sum(whole)
