"""How replicas started, as they and the runtime tell it in the log."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

STAMP = r"^(\S+ \S+) "
PROBED = re.compile(STAMP + r"(\S+)-00001-\d+ is ready after ([\d.]+) s$")
READY = re.compile(
    STAMP + r"(\S+)-00001-\d+ \| \S+: ready ([\d.]+) s after its start, ([\d.]+) s of it imports$"
)
FIRST = re.compile(STAMP + r"(\S+)-00001-\d+ \| \S+: first (\S+) answered in ([\d.]+) s$")

STAGES = ("spawn", "imports", "warm", "probe", "first event")


@dataclass(frozen=True)
class Start:
    """One replica's way to its first answer; Unix seconds."""

    function: str
    asked: float
    """When the runtime wanted it."""
    began: float
    """When its process did."""
    imported: float
    ready: float
    """When its models were loaded and its port open."""
    probed: float
    """When the runtime knew, and gave it the event."""
    first: float
    """Seconds that its first event took."""

    @property
    def stages(self) -> dict[str, float]:
        """Seconds by stage."""
        spent = (
            max(0.0, self.began - self.asked),  # the kernel tells by hundredths when it began
            self.imported - self.began,
            self.ready - self.imported,
            self.probed - self.ready,
            self.first,
        )
        return dict(zip(STAGES, spent, strict=True))


def starts(lines: Iterable[str], types: dict[str, str], since: float) -> dict[str, Start]:
    """The first start of each function at `since` (Unix seconds) or later, as far as all of it is
    told. `types` says, for each function, which type of event is its work: others only wake it."""
    probed: dict[str, tuple[float, float]] = {}
    ready: dict[str, tuple[float, float, float]] = {}
    first: dict[str, float] = {}
    for pattern, moment, (function, *rest) in _told(lines):
        if moment < since or function not in types:
            continue
        if pattern is PROBED:
            probed.setdefault(function, (moment, float(rest[0])))
        elif pattern is READY:
            ready.setdefault(function, (moment, float(rest[0]), float(rest[1])))
        elif rest[0] == types[function]:
            first.setdefault(function, float(rest[1]))
    return {
        function: _start(function, probed[function], ready[function], first[function])
        for function in types
        if function in probed and function in ready and function in first
    }


def _start(
    function: str, probed: tuple[float, float], ready: tuple[float, float, float], first: float
) -> Start:
    moment, age, imports = ready
    began = moment - age
    return Start(function, probed[0] - probed[1], began, began + imports, moment, probed[0], first)


def _told(lines: Iterable[str]) -> Iterator[tuple[re.Pattern[str], float, list[str]]]:
    for line in lines:
        for pattern in (PROBED, READY, FIRST):
            if match := pattern.match(line):
                stamp, *rest = match.groups()
                # logging's own format, in this machine's time zone
                moment = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S,%f").timestamp()
                yield pattern, moment, rest
