"""What the service answers when it can't: JSON with a sentence for people."""

import logging
import time
from collections.abc import Mapping

from aiohttp import web

from cnap.dashboard import metrics
from cnap.errors import CnapError, Poison

log = logging.getLogger("cnap.dashboard")


class Refused(CnapError):
    """Whatever HTTP has a status for."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def refusal(status: int, words: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"error": words}, status=status, headers=headers)


@web.middleware
async def plainly(request: web.Request, handler: web.RequestHandler) -> web.StreamResponse:
    """Turns whatever a handler raises into a status and a sentence; counts every answer."""
    began = time.perf_counter()
    response = await _answered(request, handler)
    route = request.match_info.route.resource
    path = route.canonical if route else "unknown"
    metrics.answered(path, response.status, time.perf_counter() - began)
    return response


async def _answered(request: web.Request, handler: web.RequestHandler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Poison as error:
        return refusal(400, str(error))
    except CnapError as error:
        headers = {"Retry-After": "1"} if error.status in (429, 503) else None
        return refusal(error.status, str(error), headers)
    except web.HTTPNotFound:
        return refusal(404, f"nothing is at {request.path[:80]}; /api/openapi.json says what is")
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return refusal(405, f"only {allowed} here", {"Allow": allowed})
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return refusal(error.status, error.reason)
    except Exception:
        # The cause goes to the log, never to the caller.
        log.exception("%s %s: unexpected error", request.method, request.path)
        return refusal(500, "unexpected error; the dashboard's log has the cause")
