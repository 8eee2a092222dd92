"""What a pipeline costs that has nothing to do."""

import time
from typing import TYPE_CHECKING

from cnap.bench.figure import Figure
from cnap.bench.measures import streams
from cnap.bench.usage import Usage
from cnap.bench.workload import Workload

if TYPE_CHECKING:
    from cnap.bench.target import LocalPipeline

SETTLE = 2.0
"""Seconds for the last words of what has just ended."""


def measure(target: "LocalPipeline", workload: Workload) -> list[Figure]:
    """For `workload.seconds`. Nobody looks at the page, so it is at zero too."""
    streams.rest(target)
    time.sleep(SETTLE)
    met, until = 0, time.monotonic() + workload.seconds
    with target.meter() as meter:
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(1.0, left))
            met = max(met, target.functions())
        return figures(meter.spent(), met)


def figures(used: Usage, functions: int) -> list[Figure]:
    """`functions` is how many processes of functions were seen at once."""
    cpu = {role: 100 * spent.cpu / used.seconds for role, spent in used.roles.items()}
    memory = {role: spent.memory / 1e6 for role, spent in used.roles.items()}
    return [
        Figure("idle: CPU", "% of a core", "lower", [sum(cpu.values())], _by_role(cpu, ".2f")),
        Figure("idle: memory", "MB", "lower", [sum(memory.values())], _by_role(memory, ".0f")),
        Figure("idle: function processes", "processes", "lower", [float(functions)]),
    ]


def _by_role(values: dict[str, float], form: str) -> str:
    return ", ".join(f"{role} {value:{form}}" for role, value in values.items())
