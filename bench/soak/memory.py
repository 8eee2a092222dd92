"""What processes hold, sampled over their lives, and whether it grows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from cnap.bench.processes import role_of


def processes(redis: str) -> dict[int, str]:
    """The pipeline's processes by id, each with its role: those whose environment names its Redis,
    which no other pipeline has. (Pods of a cluster on this machine are seen here as well.)"""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # just gone
            environment = (place / "environ").read_bytes().split(b"\0")
            if f"CNAP_REDIS={redis}".encode() not in environment:
                continue
            found[int(place.name)] = role_of(place)
    return found


class Samples:
    """Anonymous memory (MiB), open files and threads of each process, over its life in minutes."""

    MEASURES = ("MiB", "files", "threads")

    def __init__(self, warm: float) -> None:
        """`warm`: minutes of a process' life that don't count, while caches fill."""
        self._warm = warm
        self._lives: dict[tuple[str, int], list[tuple[float, ...]]] = defaultdict(list)

    def take(self, minute: float, found: Mapping[int, str]) -> None:
        for pid, role in found.items():
            with suppress(OSError, KeyError):  # just gone, or a zombie, which holds nothing
                held = _held(Path(f"/proc/{pid}"))
                self._lives[role, pid].append((minute, *held))

    def roles(self) -> Iterator[tuple[str, int, list[tuple[float, float, float]]]]:
        """Each role, how many lives it had, and for each measure: the median of the first warm
        samples, of the last ones, and the growth in an hour."""
        for role in sorted({role for role, _ in self._lives}):
            lives = [life for (name, _), life in self._lives.items() if name == role]
            warm = [[s for s in life if s[0] - life[0][0] >= self._warm] for life in lives]
            warm = [life for life in warm if len(life) > 1]
            yield role, len(lives), [_trend(warm, number) for number in range(1, 4)] if warm else []


def _held(place: Path) -> tuple[float, float, float]:
    status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
    anonymous = int(status["RssAnon"].split()[0]) / 1024
    return anonymous, len(list((place / "fd").iterdir())), int(status["Threads"])


def _trend(lives: list[list[tuple[float, ...]]], number: int) -> tuple[float, float, float]:
    """The slope is one line through all lives, each with a level of its own (least squares)."""
    above = below = 0.0
    for life in lives:
        middle = sum(s[0] for s in life) / len(life)
        level = sum(s[number] for s in life) / len(life)
        above += sum((s[0] - middle) * (s[number] - level) for s in life)
        below += sum((s[0] - middle) ** 2 for s in life)
    edge = max(len(life) // 10 for life in lives) or 1
    first = _median([s[number] for life in lives for s in life[:edge]])
    last = _median([s[number] for life in lives for s in life[-edge:]])
    return first, last, 60 * above / below if below else 0.0


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
