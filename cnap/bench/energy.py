"""Joules: as the processor counts them, else estimated from what a person says, else unknown."""

import os
from dataclasses import dataclass
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
WATTS = "CNAP_WATTS"
"""Watts that a busy core takes, where the processor's own counters can't be read."""


@dataclass(frozen=True)
class Domain:
    """A RAPL counter of microjoules; it begins anew at 0 after `wraps`."""

    place: Path
    wraps: int

    def read(self) -> int:
        return int((self.place / "energy_uj").read_text())

    def between(self, earlier: int, later: int) -> float:
        """Joules. It is taken to have begun anew once at most."""
        return (later - earlier if later >= earlier else later + self.wraps - earlier) / 1e6


class Energy:
    """From when it is made up to `spent`."""

    def __init__(self, powercap: Path = POWERCAP, watts: str | None = None) -> None:
        """`watts` is what CNAP_WATTS says, unless it is given."""
        self._watts = os.environ.get(WATTS, "") if watts is None else watts
        self._why, self._first = "", {}
        try:
            self._first = {domain: domain.read() for domain in domains(powercap)}
        except (OSError, ValueError) as error:
            self._why = f"RAPL can't be read: {getattr(error, 'strerror', None) or error}"
        else:
            if not self._first:
                self._why = f"no RAPL counters in {powercap}"

    def spent(self, cpu: float) -> tuple[float | None, str]:
        """Joules, and where they are known from; None and why where they are not. `cpu` is how many
        seconds of a core were used meanwhile."""
        if self._first:
            joules = sum(d.between(first, d.read()) for d, first in self._first.items())
            return joules, "RAPL: all that this machine's processors took, also idle"
        try:
            watts = float(self._watts)
        except ValueError:
            said = f"{WATTS}={self._watts!r} is no number" if self._watts else f"no {WATTS}"
            return None, f"unknown: {self._why}, and {said}"
        return cpu * watts, f"estimated: {watts:g} W a busy core ({WATTS}); {self._why}"


def domains(powercap: Path) -> list[Domain]:
    """The processors' packages and their memory. What lies within a package (its cores) counts with
    it, and `psys` would count all of it again."""
    found = []
    for place in sorted(powercap.glob("intel-rapl:*")):
        name = (place / "name").read_text().strip()
        if name.startswith("package") or name == "dram":
            found.append(Domain(place, int((place / "max_energy_range_uj").read_text())))
    return found
