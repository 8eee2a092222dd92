"""Functions wake at the first segment, grow under eight streams and go back to zero.

    python bench/demo.py [--namespace cnap] [--streams 8] [--framerate 10] [--model yolox-nano]

Needs kubectl and a deployed pipeline, on whatever cluster, and nothing else. The ConfigMap
`cameras` is changed meanwhile, and put back as it was at the end, also after Ctrl-C.
"""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import IO, NoReturn

from watching import STATES, Counts, Pods

CLIP = "/opt/models/assets/videos/bikes.mp4"
PATIENCE = 300.0
STEADY = 40.0
"""Seconds that all streams run, at least: a third pod may come late."""
MARKS = dict(zip(STATES, "●○·", strict=True))
PLAIN = dict(zip(STATES, "#o.", strict=True))
COLOURS = dict(zip(STATES, (32, 33, 2), strict=True))


class Table:
    """A row for each change; on a terminal, one more that is always of now."""

    def __init__(self, out: IO[str], pods: Pods, counts: Counts) -> None:
        self._out, self._pods, self._counts = out, pods, counts
        self._marks = MARKS if "utf" in (out.encoding or "").lower() else PLAIN
        self._last: object = None
        self.began = time.monotonic()
        self._say("   time  transcode  infer      publish    frames/s")

    @property
    def clock(self) -> float:
        return time.monotonic() - self.began

    def note(self, words: str) -> None:
        """A row that says what has just happened."""
        self._last = self._pods.now()
        self._say(f"{self._row()}  {words}")

    def tick(self) -> None:
        if (now := self._pods.now()) != self._last:
            self._last = now
            self._say(self._row())
        elif self._out.isatty():
            self._out.write(f"\r\x1b[K{self._row()}")
            self._out.flush()

    def _row(self) -> str:
        rate = round(self._counts.rate()) or ""
        cells = "  ".join(self._bar(states) for states in self._pods.now())
        return f"{self.clock:7.1f}  {cells}  {rate:>8}"

    def _bar(self, states: tuple[str, ...]) -> str:
        bar = "".join(self._marks[state] for state in states)
        if self._out.isatty():
            bar = "".join(f"\x1b[{COLOURS[s]}m{self._marks[s]}\x1b[0m" for s in states)
        return bar + " " * (9 - len(states))

    def _say(self, line: str) -> None:
        self._out.write(f"\r\x1b[K{line}\n" if self._out.isatty() else f"{line.rstrip()}\n")
        self._out.flush()


def kubectl(*words: str) -> str:
    try:
        done = subprocess.run(["kubectl", *words], capture_output=True, text=True)
    except FileNotFoundError:
        raise SystemExit("demo: kubectl is not on this machine") from None
    if done.returncode:
        raise SystemExit(f"demo: kubectl {words[0]}: {done.stderr.strip()}")
    return done.stdout


@contextlib.contextmanager
def cameras(namespace: str) -> Iterator[Callable[[str], None]]:
    """Sets the text of cameras.yaml; at the end it is what it was."""
    where = ("-n", namespace, "configmap", "cameras")
    before = json.loads(kubectl("get", *where, "-o", "json"))["data"]["cameras.yaml"]

    def put(text: str) -> None:
        kubectl("patch", *where, "--type=merge", "-p", json.dumps({"data": {"cameras.yaml": text}}))

    try:
        yield put
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave ours there
        put(before)


def show(wanted: argparse.Namespace, put: Callable[[str], None]) -> list[tuple[str, str]]:
    """Plays the demo; gives the figures."""
    names = [f"demo-{number}" for number in range(1, wanted.streams + 1)]
    camera = {"url": wanted.url, "models": [wanted.model], "framerate": wanted.framerate}
    functions = ("transcode", f"infer-{wanted.model}", "publish")

    def film(count: int) -> None:  # JSON is YAML
        put(json.dumps({"cameras": [{"name": name, **camera} for name in names[:count]]}))

    with Pods(wanted.namespace, functions) as pods, Counts(wanted.namespace, names) as counts:
        film(0)
        table = Table(sys.stdout, pods, counts)

        def until(what: str, condition: Callable[[], object]) -> float:
            end = time.monotonic() + PATIENCE
            while not condition():
                if time.monotonic() > end:
                    raise SystemExit(
                        f"demo: not within {PATIENCE:.0f} s: {what}; `cnap doctor --cluster`"
                    )
                table.tick()
                time.sleep(0.2)
            return table.clock

        def infer() -> int:
            return pods.now()[1].count("ready")

        table.note("no cameras; waiting until every pod is gone")
        until("every function at zero", pods.none)
        until("what Redis counts, as the source's pod sees it", counts.known)
        counts.settle()
        figures = []

        table.began = time.monotonic()
        film(1)
        table.note("nothing runs; one camera starts")
        first = until("a first result", counts.any)
        table.note(f"first result, {first:.1f} s after the camera was added")
        figures.append(("first result, from zero", f"{first:.1f} s"))
        until("ten seconds", lambda: table.clock > first + 10)

        film(wanted.streams)
        grown = table.clock
        table.note(f"{wanted.streams} cameras")
        seen, before = infer(), counts.total
        while table.clock < grown + STEADY:
            if infer() > seen:
                seen += 1
                words = f"pod {seen} of the model answers"
                table.note(words)
                figures.append((words, f"{table.clock - grown:.1f} s after the cameras were added"))
            table.tick()
            time.sleep(0.2)
        rate = (counts.total - before) / (table.clock - grown)
        figures.append((f"frames a second, {wanted.streams} streams", f"{rate:.0f}"))

        film(0)
        stopped = table.clock
        table.note("no cameras")
        ending = until("pods told to go", pods.ending) - stopped
        table.note("every pod has been told to go")
        gone = until("every function at zero", pods.none) - stopped
        table.note("nothing runs")
        figures.append(("scaled to zero", f"{ending:.1f} s after the cameras were removed"))
        figures.append(("the last pod is gone", f"{gone:.1f} s"))
        return figures


def interrupted(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--namespace", "-n", default="cnap")
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--framerate", type=float, default=10)
    parser.add_argument("--model", default="yolox-nano")
    parser.add_argument("--url", default=CLIP, help="what each camera plays, as the source sees it")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    wanted = parser.parse_args()
    with cameras(wanted.namespace) as put:
        figures = show(wanted, put)
    print()
    for name, value in figures:
        print(f"{name:<36} {value}")


if __name__ == "__main__":
    main()
