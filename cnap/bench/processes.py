"""The processes of a pipeline, by their roles."""

from collections import defaultdict
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
MODULES = {"cnap.source": "source", "cnap.dashboard": "dashboard"}


def tree(root: int, proc: Path = PROC) -> dict[int, str]:
    """The process `root`, which is the runtime, and all that descend from it, by id; each with its
    role, or its command's name where it has none of ours."""
    children: dict[int, list[int]] = defaultdict(list)
    for place in proc.glob("[0-9]*"):
        with suppress(OSError, ValueError):  # just gone
            parent = (place / "stat").read_text().rpartition(")")[2].split()[1]
            children[int(parent)].append(int(place.name))
    found, rest = {}, [root]
    while rest:
        pid = rest.pop()
        rest += children[pid]
        with suppress(OSError):
            found[pid] = "runtime" if pid == root else role_of(proc / str(pid))
    return found


def role_of(place: Path) -> str:
    """Of one process, by its folder in /proc. Raises OSError where it is gone."""
    words = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
    if module := next((MODULES[word] for word in words if word in MODULES), ""):
        return module
    said = (place / "environ").read_bytes().decode(errors="replace").split("\0")
    environment = dict(entry.split("=", 1) for entry in said if "=" in entry)
    function = environment.get("CNAP_FUNCTION", "")
    if function == "infer":
        return f"infer-{environment.get('CNAP_MODEL', '')}"
    name = (place / "comm").read_text().strip()
    return function or {"valkey-server": "redis", "redis-server": "redis"}.get(name, name)
