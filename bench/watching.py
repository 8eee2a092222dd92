"""What happens in a deployed pipeline, as two kubectl processes tell it while they run."""

import subprocess
import threading
import time
from collections import deque

STATES = ("ready", "starting", "ending")
LISTED = 2.0
"""Seconds after which a watch has told of every pod that there is."""
LABEL = "serving.knative.dev/service"
COLUMNS = ",".join(
    (
        "TYPE:.type",
        "NAME:.object.metadata.name",
        r"SERVICE:.object.metadata.labels.serving\.knative\.dev/service",
        "READY:.object.status.conditions[?(@.type=='Ready')].status",
        "ENDING:.object.metadata.deletionTimestamp",
    )
)
ACCOUNTS = """
import os, select, sys
from cnap.accounts import account
from cnap.redis import connect
redis = connect(os.environ["CNAP_REDIS"])
while not select.select([sys.stdin], [], [], 0.5)[0]:  # until kubectl is gone
    found = [account(redis, name) for name in sys.argv[1:]]
    print(sum(one.inferred for one in found), flush=True)
"""


class Following:
    """A kubectl that is read line by line, and started again when it ends (a watch does)."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self._closed = False
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def begin(self) -> None:
        """It starts, also anew."""

    def line(self, text: str) -> None:
        raise NotImplementedError

    def __enter__(self):  # noqa: ANN204 (the class that it is)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        if self._process:
            self._process.terminate()

    def _follow(self) -> None:
        while not self._closed:
            self.begin()
            # of its own session, so that Ctrl-C ends only us
            self._process = subprocess.Popen(
                ["kubectl", *self._words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            for text in self._process.stdout or ():
                self.line(text)
            time.sleep(0.5)


class Pods(Following):
    """The pods of some functions, and whether each is starting, ready or ending."""

    def __init__(self, namespace: str, functions: tuple[str, ...]) -> None:
        super().__init__(
            "get", "pods", "-n", namespace, "-l", LABEL, "--watch", "--output-watch-events",
            "--no-headers", "-o", f"custom-columns={COLUMNS}",
        )  # fmt: skip
        self._functions = functions
        self._states: dict[str, tuple[str, str]] = {}
        self._began = 0.0

    def begin(self) -> None:
        self._states.clear()
        self._began = time.monotonic()

    def line(self, text: str) -> None:
        kind, name, function, ready, ending = text.split()
        if kind == "DELETED":
            self._states.pop(name, None)
            return
        state = "starting" if ready != "True" else "ready"
        self._states[name] = function, "ending" if ending != "<none>" else state

    def now(self) -> list[tuple[str, ...]]:
        """Each function's pods: those that answer first."""
        pods = sorted(self._states.values(), key=lambda pod: STATES.index(pod[1]))
        return [tuple(s for f, s in pods if f == function) for function in self._functions]

    def none(self) -> bool:
        return not any(self.now()) and time.monotonic() > self._began + LISTED

    def ending(self) -> bool:
        return all(state == "ending" for states in self.now() for state in states)


class Counts(Following):
    """The frames that some streams have results of, asked in the source's pod."""

    def __init__(self, namespace: str, streams: list[str]) -> None:
        super().__init__(
            "exec", "-i", "-n", namespace, "deploy/cameras", "--",
            "python", "-c", ACCOUNTS, *streams,
        )  # fmt: skip
        self._seen: deque[tuple[float, int]] = deque(maxlen=20)  # ten seconds
        self._before = 0

    def line(self, text: str) -> None:
        self._seen.append((time.monotonic(), int(text)))

    def settle(self) -> None:
        """What is there now was there before."""
        self._before = self.total

    def known(self) -> bool:
        return bool(self._seen)

    @property
    def total(self) -> int:
        return self._seen[-1][1]

    def any(self) -> bool:
        return self.total > self._before

    def rate(self) -> float:
        """Frames a second, over the last ten seconds."""
        seen = list(self._seen)
        if len(seen) < 2:
            return 0.0
        (first, before), (last, now) = seen[0], seen[-1]
        return (now - before) / (last - first)
