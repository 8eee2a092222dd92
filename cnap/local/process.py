"""Child processes that never outlive the runtime, with their output in its log."""

import asyncio
import contextlib
import logging
import os
import signal
from collections import deque
from collections.abc import Mapping, Sequence

log = logging.getLogger("cnap.local")

TAIL_LINES = 10
TAIL_LENGTH = 500  # Knative's dispatcher has trouble with errors above 768 bytes
LINE_LIMIT = 64 * 1024


class Guard:
    """A process group that dies with the runtime, however the runtime ends.

    Its leader is a shell that waits on a pipe only the runtime holds: when the runtime is
    gone, even by SIGKILL, the pipe closes and the shell kills the whole group.
    """

    def __init__(self) -> None:
        self._leader: asyncio.subprocess.Process | None = None

    @property
    def group(self) -> int:
        if self._leader is None:
            raise RuntimeError("the guard is not started")
        return self._leader.pid

    async def start(self) -> None:
        self._leader = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            "trap '' HUP INT TERM; read -r _; kill -KILL 0",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            process_group=0,
        )

    async def stop(self) -> None:
        if self._leader is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._leader.pid, signal.SIGKILL)
        await self._leader.wait()
        self._leader = None


class Process:
    """One running container: a child process whose lines go to the log under its name."""

    def __init__(self, name: str, child: asyncio.subprocess.Process) -> None:
        self.name = name
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._child = child
        self._readers = [
            asyncio.create_task(self._forward(stream, keep))
            for stream, keep in ((child.stdout, False), (child.stderr, True))
            if stream is not None
        ]

    @classmethod
    async def start(
        cls, name: str, argv: Sequence[str], env: Mapping[str, str], guard: Guard
    ) -> "Process":
        """Starts `argv` in the guard's group. Raises OSError when it cannot be executed."""
        child = await asyncio.create_subprocess_exec(
            *argv,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            process_group=guard.group,
            limit=LINE_LIMIT,
        )
        return cls(name, child)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        return self._child.returncode

    async def wait(self) -> int:
        """The exit code, once the process has ended and all it wrote is in the log."""
        code = await self._child.wait()
        # A grandchild may hold the pipes open; its words are not waited for.
        await asyncio.wait(self._readers, timeout=0.2)
        for reader in self._readers:
            reader.cancel()
        return code

    async def stop(self, grace: float) -> None:
        """SIGTERM, then SIGKILL after `grace` seconds."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await self._child.wait()
        except TimeoutError:
            log.warning("%s did not end %.1f s after SIGTERM: killed", self.name, grace)
            self._signal(signal.SIGKILL)
        await self.wait()

    def epitaph(self) -> str:
        """How it ended, in a person's words: exit code or signal, and its last line, which is
        where Python says why."""
        code = self.returncode
        if code is None:
            how = "still running"
        elif code < 0:
            how = f"killed by {signal.Signals(-code).name}"
        else:
            how = f"exit code {code}"
        return f"{how}: {self.tail[-1][-TAIL_LENGTH:]}" if self.tail else how

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(number)

    async def _forward(self, stream: asyncio.StreamReader, keep: bool) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than LINE_LIMIT: asyncio has dropped what it held
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            if keep and text:
                self.tail.append(text)
            log.info("%s | %s", self.name, text)
