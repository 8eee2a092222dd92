"""The ports the runtime listens on."""

import errno
from collections.abc import Awaitable, Callable

from aiohttp import web

MAX_HEADER = 1 << 16
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class PortError(OSError):
    """A port that cannot be listened on; the message says which and why."""


class Listeners:
    """HTTP servers that end together."""

    def __init__(self) -> None:
        self._runners: list[web.ServerRunner] = []

    async def open(self, handler: Handler, host: str, port: int) -> str:
        """Listens on a port, 0 for any free one; returns the URL. Raises PortError."""
        server = web.Server(
            handler,
            handler_cancellation=True,  # a client that gives up ends what is done for it
            access_log=None,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
        )
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        try:
            await web.TCPSite(runner, host, port).start()
        except (OSError, OverflowError) as error:
            taken = getattr(error, "errno", None) == errno.EADDRINUSE
            why = "another program has it" if taken else str(error)
            raise PortError(f"cannot listen on port {port} of {host}: {why}") from None
        return f"http://{host}:{runner.addresses[0][1]}"

    async def close(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
