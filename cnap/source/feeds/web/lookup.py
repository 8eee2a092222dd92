"""Host names, looked up without keeping anybody waiting."""

import asyncio
import socket
import threading

from aiohttp.abc import AbstractResolver, ResolveResult


class Lookup(AbstractResolver):
    """A thread for each lookup, which ends when the system's resolver does: that may take half a
    minute, and nobody waits for it, neither other cameras in a shared pool nor the process's end.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def settle(results: list[ResolveResult], error: OSError | None) -> None:
            if found.done():
                return
            if error:
                found.set_exception(error)
            else:
                found.set_result(results)

        def look() -> None:
            results, failed = [], None
            try:
                results = _addresses(host, port, family)
            except UnicodeError:
                failed = OSError(f"{host!r} is no name of a host")
            except OSError as error:
                failed = error
            try:
                loop.call_soon_threadsafe(settle, results, failed)
            except RuntimeError:
                return  # the camera was closed meanwhile

        threading.Thread(target=look, name="lookup", daemon=True).start()
        return await found

    async def close(self) -> None:
        return


def _addresses(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    entries = socket.getaddrinfo(
        host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return [
        ResolveResult(
            hostname=host,
            host=address[0],
            port=address[1],
            family=found,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for found, _, protocol, _, address in entries
    ]
