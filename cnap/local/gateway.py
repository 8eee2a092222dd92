"""The streaming reverse proxy in front of Services."""

from collections.abc import Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from cnap.local.service import Service, Unanswered

# RFC 9110, 7.6.1: these belong to one connection (and so, here, does waiting for a 100).
HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


async def forward(service: Service, request: web.BaseRequest) -> web.StreamResponse:
    """Answers a request with what a replica of the Service answers, as it comes."""
    headers = _end_to_end(request.headers)
    headers["x-forwarded-for"] = request.remote or "127.0.0.1"
    headers["x-forwarded-proto"] = request.scheme
    body = request.content if request.can_read_body else None
    answer: web.StreamResponse | None = None
    try:
        async with service.request(request.method, request.raw_path, headers, body) as response:
            answer = web.StreamResponse(
                status=response.status,
                reason=response.reason,
                headers=_end_to_end(response.headers),
            )
            await answer.prepare(request)
            async for chunk in response.content.iter_any():
                await answer.write(chunk)
            await answer.write_eof()
            return answer
    except Unanswered as error:
        return web.Response(status=error.status, text=error.text + "\n")
    except (aiohttp.ClientError, TimeoutError):
        # The answer has begun: all that is left is to end the connection.
        if answer is not None:
            answer.force_close()
            if request.transport is not None:
                request.transport.close()
            return answer
        raise


def _end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    named = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    dropped = HOP_BY_HOP | named
    return CIMultiDict((k, v) for k, v in headers.items() if k.lower() not in dropped)
