"""What processes have used, as the kernel counts it in /proc: processor time, bytes, memory."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

PROC = Path("/proc")
EVERY = 0.5
"""Seconds between a meter's looks. A process that ends has used, unseen, at most as much more."""
MEMORY_EVERY = 4
"""Looks of which one asks for memory too: the kernel walks all pages of a process to tell it."""


@dataclass(frozen=True)
class Spent:
    """By one or several processes."""

    user: float = 0.0
    """Seconds of a core, in their own code."""
    system: float = 0.0
    """Seconds of a core, in the kernel on their behalf."""
    read: int = 0
    """Bytes through read calls: files and pipes; neither mapped memory nor recv on a socket."""
    written: int = 0
    memory: int = 0
    """Bytes in memory at that moment, what is shared in proportion (PSS)."""
    processes: int = 1

    @property
    def cpu(self) -> float:
        """Seconds of a core."""
        return self.user + self.system

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def since(self, earlier: "Spent") -> "Spent":
        return Spent(
            self.user - earlier.user,
            self.system - earlier.system,
            self.read - earlier.read,
            self.written - earlier.written,
            self.memory,
            self.processes,
        )


NOTHING = Spent(processes=0)
Life = tuple[int, float]
"""A process: its id, which may be given again, and when it began."""


@dataclass(frozen=True)
class Usage:
    """By process, at one moment (monotonic seconds). `later - earlier` is what was used between:
    `seconds` long, also by processes that began meanwhile."""

    moment: float
    lives: Mapping[Life, tuple[str, Spent]] = field(default_factory=dict)
    seconds: float = 0.0

    @classmethod
    def of(cls, pids: Mapping[int, str], memory: bool = True, proc: Path = PROC) -> "Usage":
        """Of processes by id, each with its role. Those that are gone, or are not ours to look at,
        are left out."""
        lives = {}
        for pid, role in pids.items():
            with suppress(OSError, ValueError):
                began, spent = _read(proc / str(pid), memory)
                lives[pid, began] = (role, spent)
        return cls(time.monotonic(), lives)

    def __sub__(self, earlier: "Usage") -> "Usage":
        lives = {
            life: (role, spent.since(earlier.lives.get(life, (role, Spent()))[1]))
            for life, (role, spent) in self.lives.items()
        }
        return Usage(self.moment, lives, self.moment - earlier.moment)

    @property
    def roles(self) -> dict[str, Spent]:
        """By role, sorted."""
        found: dict[str, Spent] = {}
        for role, spent in sorted(self.lives.values(), key=lambda life: life[0]):
            found[role] = found.get(role, NOTHING) + spent
        return found

    @property
    def total(self) -> Spent:
        return sum((spent for _, spent in self.lives.values()), NOTHING)


class Meter:
    """Looks at processes that come and go: those that ended count as they were seen last.

    `with Meter(processes) as meter: ...; meter.spent()`, where `processes()` gives those that are
    there now, by id, each with its role."""

    def __init__(
        self, processes: Callable[[], Mapping[int, str]], every: float = EVERY, proc: Path = PROC
    ) -> None:
        self._processes, self._every, self._proc = processes, every, proc
        self._lives: dict[Life, tuple[str, Spent]] = {}
        self._peaks: dict[str, int] = {}
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)
        self._began = Usage(time.monotonic())

    def __enter__(self) -> "Meter":
        self._began = self.look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def look(self, memory: bool = True) -> Usage:
        """All that was ever seen, up to now; what has ended holds no memory."""
        with self._lock:
            now = self.usage(memory)
            if memory:
                for role, spent in now.roles.items():
                    self._peaks[role] = max(self._peaks.get(role, 0), spent.memory)
            self._lives |= now.lives
            gone = {
                life: (role, Spent(s.user, s.system, s.read, s.written, 0, 0))
                for life, (role, s) in self._lives.items()
                if life not in now.lives
            }
            return Usage(now.moment, gone | dict(now.lives))

    def usage(self, memory: bool) -> Usage:
        """Of those that are there now."""
        return Usage.of(self._processes(), memory, self._proc)

    def spent(self) -> Usage:
        """From the beginning up to now."""
        return self.look() - self._began

    @property
    def peaks(self) -> dict[str, int]:
        """The most memory that each role was seen to hold at once, in bytes."""
        with self._lock:
            return dict(self._peaks)

    def _watch(self) -> None:
        looks = 0
        while not self._over.wait(self._every):
            looks += 1
            self.look(memory=looks % MEMORY_EVERY == 0)


def _read(place: Path, memory: bool) -> tuple[float, Spent]:
    """When a process began, and what it has used. Its name may hold blanks and parentheses."""
    numbers = (place / "stat").read_text().rpartition(")")[2].split()
    tick = os.sysconf("SC_CLK_TCK")
    moved = _entries(place / "io")
    held = 0
    if memory:
        with suppress(OSError):  # it has ended, and waits for its parent to take note
            held = _entries(place / "smaps_rollup").get("Pss", 0) * 1024
    spent = Spent(
        user=int(numbers[11]) / tick,
        system=int(numbers[12]) / tick,
        read=moved["rchar"],
        written=moved["wchar"],
        memory=held,
    )
    return int(numbers[19]) / tick, spent


def _entries(path: Path) -> dict[str, int]:
    """The lines `name: number` of a file; its others are left out."""
    pairs = (line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
    words = {name: value.split() for name, value in pairs}
    return {name: int(value[0]) for name, value in words.items() if value and value[0].isdigit()}
