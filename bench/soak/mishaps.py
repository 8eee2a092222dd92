"""What goes wrong in a soak, at random: cameras, processes, servers and people."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from bench.soak.soaked import Soaked
from tests.cameras.rtsp import FakeCamera
from tests.servers import Server

FUNCTIONS = ("transcode", "infer", "publish")
AWAY = (0.0, 8.0)
"""Seconds for which a killed server is away."""


class Mishaps:
    """One after another until `stop`, each by a generator of random numbers of its own."""

    def __init__(self, soaked: Soaked, cameras: Sequence[FakeCamera], seed: int) -> None:
        self._soaked, self._cameras = soaked, cameras
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.counts: Counter[str] = Counter()
        self.all: list[tuple[float, Callable[[], str]]] = [
            (4, self._disconnect),
            (2, self._hang),
            (2, self._refuse),
            (2, self._garble),
            (2, self._pause),
            (3, self._kill_function),
            (1, self._kill_source),
            (1, lambda: self._kill_server(self._soaked.redis)),
            (1, lambda: self._kill_server(self._soaked.store)),
        ]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when all is as it should be again."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        weights = [weight for weight, _ in self.all]
        while not self._stopping.wait(self._random.uniform(1, 8)):
            [(_, mishap)] = self._random.choices(self.all, weights)
            with suppress(OSError):  # the API, while Redis or the store is away
                self.counts[mishap()] += 1

    def _one(self) -> FakeCamera:
        return self._random.choice(self._cameras)

    def _disconnect(self) -> str:
        self._one().disconnect()
        return "camera disconnected"

    def _hang(self) -> str:
        camera = self._one()
        camera.faults.hang = "media"
        time.sleep(self._random.uniform(2, 15))
        camera.faults.hang = ""
        camera.disconnect()
        return "camera hung"

    def _refuse(self) -> str:
        camera = self._one()
        camera.refuse()
        camera.disconnect()
        time.sleep(self._random.uniform(1, 10))
        camera.accept()
        return "camera away"

    def _garble(self) -> str:
        camera = self._one()
        camera.faults.lost = camera.faults.garbage = 0.05
        time.sleep(self._random.uniform(2, 8))
        camera.faults.lost = camera.faults.garbage = 0.0
        return "camera sent garbage, lost packets"

    def _pause(self) -> str:
        path = f"/api/cameras/cam{self._random.randrange(len(self._cameras))}"
        self._soaked.api(path, "PATCH", {"paused": True})
        time.sleep(self._random.uniform(0, 5))
        while not self._resumed(path):
            time.sleep(0.5)
        return "camera paused and resumed"

    def _resumed(self, path: str) -> bool:
        with suppress(OSError):
            self._soaked.api(path, "PATCH", {"paused": False})
            return True
        return False

    def _kill_function(self) -> str:
        function = self._random.choice(FUNCTIONS)
        return f"{function} killed" if self._soaked.kill(function) else f"{function} was at zero"

    def _kill_source(self) -> str:
        self._soaked.kill("source")
        return "source killed"

    def _kill_server(self, server: Server) -> str:
        server.kill()
        time.sleep(self._random.uniform(*AWAY))
        server.start()
        return f"{server.name} killed"
