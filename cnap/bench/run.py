"""All that is measured, one thing after another, each with a pipeline of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from cnap.bench.clips import content
from cnap.bench.figure import Figure, joined
from cnap.bench.machine import machine, versions
from cnap.bench.measures import MEASURES
from cnap.bench.report import Report
from cnap.bench.target import LocalPipeline
from cnap.bench.workload import Workload
from cnap.errors import CnapError

ONCE = ("density",)
"""A search, which finds about the same again, in minutes."""

Target = Callable[[Sequence[str]], LocalPipeline]


def run(
    workload: Workload,
    measures: Sequence[str] = MEASURES,
    baselines: bool = True,
    say: Callable[[str], None] = lambda _: None,
    target: Target = LocalPipeline,
) -> Report:
    """What can't be measured is told in the report, and keeps nothing else from being measured. So
    does Ctrl-C: what there is by then is reported."""
    report = Report(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        versions=versions(),
        settings=settings(workload, measures, baselines) | {"where": _where(target)},
    )
    for name in measures:
        say(name)
        try:
            report.figures[name] = _measured(name, workload, baselines, say, target)
        except CnapError as error:
            report.missing[name] = str(error)
            say(f"{name}: {error}")
        except (KeyboardInterrupt, SystemExit):
            report.missing[name] = "interrupted"
            break
    return report


def settings(workload: Workload, measures: Sequence[str], baselines: bool) -> dict[str, Any]:
    """The workload, with the clip told by what is in it, wherever it lies."""
    return {
        "clip": workload.clip.name,
        "content": content(workload.clip),
        "models": list(workload.models),
        "streams": workload.streams,
        "segment": workload.segment,
        "framerate": workload.framerate,
        "framesize": list(workload.framesize) if workload.framesize else None,
        "seconds": workload.seconds,
        "repeats": workload.repeats,
        "seed": workload.seed,
        "baselines": baselines,
        "measures": list(measures),
    }


def _where(target: Target) -> str:
    """On this machine ("local"), or on a cluster."""
    return getattr(target, "func", target).kind


def _measured(
    name: str,
    workload: Workload,
    baselines: bool,
    say: Callable[[str], None],
    target: Target,
) -> list[Figure]:
    measure = import_module(f"cnap.bench.measures.{name}").measure
    with target(workload.models) as pipeline:
        if name == "throughput":  # which has others to take turns with
            return measure(pipeline, workload, baselines, say)
        once = replace(workload, repeats=1)
        repeats = []
        for number in range(1 if name in ONCE else workload.repeats):
            repeats.append(measure(pipeline, once))
            first = next((one for one in repeats[-1] if one.values), None)
            if first:
                say(f"{number + 1}. {first.name}: {first.median:.4g} {first.unit}")
        return joined(repeats)
