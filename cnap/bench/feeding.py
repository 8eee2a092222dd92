"""Feeding the pipeline as fast as it goes, by a process that does nothing else."""

import itertools
import json
import secrets
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cnap.archive.sending import IN_FLIGHT
from cnap.bench.workload import Workload
from cnap.errors import CnapError
from cnap.running import Running

ROLE = "sender"


@dataclass(frozen=True)
class Sent:
    """What came of it."""

    streams: tuple[str, ...]
    given: Sequence[tuple[float, int]]
    """When each result came, in seconds, and of how many frames it was; in order."""
    frames: int
    """As many as were sent."""
    inferred: int
    """Counted for each model."""
    detections: int
    """In one pass of the clip."""

    @property
    def rate(self) -> float:
        """Frames a second from the first result to the last: the first is the start of the clock,
        and its own frames don't count."""
        began, ended = self.given[0][0], self.given[-1][0]
        return sum(count for _, count in self.given[1:]) / (ended - began)


class Sender:
    """`with Sender(running) as sender:` a process that waits for orders."""

    def __init__(self, at: Running) -> None:
        self._at = at
        self._run, self._numbers = secrets.token_hex(3), itertools.count(1)

    def __enter__(self) -> "Sender":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cnap.bench.sender"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is ours; it ends with its input
        )
        self._ask(asdict(self._at))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()  # it ends then, unless it is in the middle of something
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(
        self, workload: Workload, seconds: float | None = None, ahead: int = IN_FLIGHT
    ) -> Sent:
        """The clip, whole and again, for `seconds` at least, as new streams. Returns when every
        frame has its result. Raises CnapError where one has none."""
        number = next(self._numbers)
        names = [f"bench-{self._run}-{number}-{n}" for n in range(1, workload.streams + 1)]
        answer = self._ask(
            {
                "streams": names,
                "clip": str(Path(workload.clip).absolute()),
                "segment": workload.segment,
                "seconds": workload.seconds if seconds is None else seconds,
                "ahead": ahead,
            }
        )
        if answer.get("error") or answer["said"]:
            raise CnapError(f"sending failed: {answer.get('error') or answer['said'][0]}")
        given = sorted((moment, count) for moment, count in answer["given"] if count)
        wanted = answer["frames"] * len(self._at.models)
        if answer["inferred"] != wanted or len(given) < 2:
            raise CnapError(f"{answer['inferred']} of {wanted} frames were inferred")
        return Sent(tuple(names), given, answer["frames"], answer["inferred"], answer["detections"])

    def _ask(self, order: dict) -> dict:
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())
        except (OSError, ValueError):
            raise CnapError("the process that sends the clip has ended") from None
