"""How replicas started, as they and whoever started them tell it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

WORDS = (
    r"ready (?P<age>[\d.]+) s after its start, (?P<imports>[\d.]+) s of it imports",
    r"first (?P<type>\S+) answered in (?P<first>[\d.]+) s",
)
OWN = re.compile(rf"^\S+: (?:{'|'.join(WORDS)})$")
"""What a function's server logs: `transcode: ready 0.5 s after its start, ...`."""
LINE = re.compile(
    r"^(?P<stamp>\S+ \S+) (?P<replica>\S+-00001-\d+) (?:\| (?P<own>.*)|(?P<rest>.*))$"
)
"""A line of the local runtime's log, by a replica or about it."""
PROBED = re.compile(r"^is ready after ([\d.]+) s$")

STAGES = ("spawn", "imports", "warm", "probe", "first event")


@dataclass
class Start:
    """One replica's way to its first answer; Unix seconds, 0 where it has not been told."""

    asked: float = 0.0
    """When it was wanted."""
    probed: float = 0.0
    """When whoever started it knew that it is ready, and gave it the event."""
    ready: float = 0.0
    """When its models were loaded and its port open."""
    age: float = 0.0
    """Seconds from its process' begin to that."""
    imports: float = 0.0
    """Seconds of those."""
    first: float = 0.0
    """Seconds that its first event took."""

    @property
    def whole(self) -> bool:
        return bool(self.asked and self.ready and self.probed and self.first)

    @property
    def stages(self) -> dict[str, float]:
        """Seconds by stage. The clocks of different tellers are not the same to the hundredth:
        nothing is below zero."""
        spent = (
            self.ready - self.age - self.asked,
            self.imports,
            self.age - self.imports,
            self.probed - self.ready,
            self.first,
        )
        return {name: max(0.0, seconds) for name, seconds in zip(STAGES, spent, strict=True)}

    def hear(self, words: str, moment: float, wanted: str) -> None:
        """Takes what the function said, if it is about its start. `wanted` is the type of event
        that is its work: others only wake it."""
        if not (match := OWN.match(words)):
            return
        if match["age"] and not self.ready:
            self.ready, self.age, self.imports = (
                moment,
                float(match["age"]),
                float(match["imports"]),
            )
        elif match["type"] == wanted and not self.first:
            self.first = float(match["first"])


def local(lines: Iterable[str], types: Mapping[str, str], since: float) -> dict[str, Start]:
    """From the log of the local runtime: the first start of each function at `since` (Unix
    seconds) or later, where all of it is told. `types` are the types of event by function."""
    found: dict[str, dict[str, Start]] = {function: {} for function in types}
    for line in lines:
        if not (match := LINE.match(line)) or (moment := _moment(match["stamp"])) < since:
            continue
        function = match["replica"].rpartition("-00001-")[0]
        if function not in types:
            continue
        start = found[function].setdefault(match["replica"], Start())
        if match["own"] is not None:
            start.hear(match["own"], moment, types[function])
        elif probed := PROBED.match(match["rest"]):
            start.asked, start.probed = moment - float(probed[1]), moment
    return firsts(found)


def firsts(found: Mapping[str, Mapping[str, Start]]) -> dict[str, Start]:
    """Of each function's replicas the first that is told of as a whole."""
    whole = {name: [one for one in own.values() if one.whole] for name, own in found.items()}
    return {name: min(own, key=lambda one: one.asked) for name, own in whole.items() if own}


def _moment(stamp: str) -> float:
    """logging's own format, in this machine's time zone."""
    try:
        return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S,%f").timestamp()
    except ValueError:
        return 0.0
