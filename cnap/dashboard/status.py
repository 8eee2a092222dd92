"""Streams and functions as they are now: what `cnap status` and the page show."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

from cnap.accounts import Account, accounts
from cnap.cameras import Camera
from cnap.dashboard import source
from cnap.dashboard.functions import functions
from cnap.dashboard.known import Known
from cnap.dashboard.results import Results
from cnap.kubernetes import Kubernetes

KEPT = 60.0
"""Seconds for which a camera that was removed is still told of."""
SOURCE = ("the camera was removed", "the source was stopped")
"""With what reasons the source ends a camera's stream; who sends files has others."""
ZEROS = {"captured": 0, "inferred": 0, "dropped": 0, "failed": 0, "inflight": 0}


class Status:
    def __init__(
        self, redis: Redis, kubernetes: Kubernetes, known: Known, results: Results
    ) -> None:
        self._redis, self._kubernetes, self._known = redis, kubernetes, known
        self._results = results
        self._missed: dict[str, float] = {}
        """Cameras that are in the list no more, though nobody has told of their end."""
        self.streams: tuple[str, ...] = ()
        """The streams' names, as of the last reading."""

    async def read(self) -> dict[str, Any]:
        """Raises Unavailable where Redis or the Kubernetes API does not answer."""
        told, _, services, deployments, reading = await asyncio.gather(
            asyncio.to_thread(accounts, self._redis),
            self._known.look(),
            self._kubernetes.services(),
            self._kubernetes.deployments(),
            self._kubernetes.deployment(source.DEPLOYMENT),
        )
        streams = self._merged(self._known.cameras, told, source.absence(reading))
        self.streams = tuple(stream["name"] for stream in streams)
        return {
            "streams": streams,
            "functions": functions(services, deployments),
            "problem": self._known.problem,
        }

    def _merged(
        self, known: list[Camera], told: list[Account], absence: dict[str, str]
    ) -> list[dict[str, Any]]:
        """The cameras in their own order, then the streams that were pushed, and for a while the
        cameras that were removed. `absence` is how cameras are that nobody reads."""
        by_name = {account.name: account for account in told}
        entries = []
        for camera in known:
            account = by_name.pop(camera.name, None)
            entry = self._told(account) if account else _untold(camera)
            entries.append(entry | absence | {"camera": True, "paused": camera.paused})
        self._missed = {
            name: self._missed.get(name, time.monotonic())
            for name, account in by_name.items()
            if account.listed and account.state != "ended"
        }
        return entries + [
            self._told(account) | {"camera": False, "paused": False}
            for name, account in sorted(by_name.items())
            if not _is_gone(account) and not self._is_missed(name)
        ]

    def _is_missed(self, name: str) -> bool:
        """Whether it was removed while its source was killed, and nobody will tell of its end."""
        return name in self._missed and time.monotonic() - self._missed[name] > KEPT

    def _told(self, account: Account) -> dict[str, Any]:
        entry = account.as_json()
        del entry["listed"]  # of what is told, `camera` says it by the list as it is now
        rate, latency = self._results.speed(account.name)
        for model, counts in entry["models"].items():
            counts["rate"], counts["latency"] = self._results.speed(account.name, model)
        return entry | {"rate": rate, "latency": latency}


def _is_gone(account: Account) -> bool:
    """Whether nothing will be heard any more of a stream that no camera in the list has."""
    on_its_way = account.inflight or account.outstanding
    if account.state != "ended" or account.reason not in SOURCE or on_its_way:
        return False
    try:
        ended = datetime.fromisoformat(account.since)
        return datetime.now(UTC) - ended > timedelta(seconds=KEPT)
    except (ValueError, TypeError):
        return True


def _untold(camera: Camera) -> dict[str, Any]:
    """A camera whose source has said nothing yet."""
    return ZEROS | {
        "name": camera.name,
        "state": "paused" if camera.paused else "connecting",
        "reason": "" if camera.paused else "its source has not told anything yet",
        "since": "",
        "nexttry": "",
        "breaks": 0,
        "epoch": 0,
        "framerate": 0.0,
        "outstanding": 0,
        "reasons": {},
        "models": {
            name: ZEROS | {"reasons": {}, "rate": 0.0, "latency": None} for name in camera.models
        },
        "rate": 0.0,
        "latency": None,
        "coldstart": None,
        "failures": [],
    }
