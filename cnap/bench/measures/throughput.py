"""Throughput, and what a frame costs: the clip as fast as the pipeline goes, and beside it, in the
same repeat, the other programs."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from cnap.bench.energy import Energy
from cnap.bench.feeding import ROLE, Sender
from cnap.bench.figure import Figure, joined, ratio
from cnap.bench.rivals import ONE_EVENT_A_FRAME, PROGRAMS, Run, program
from cnap.bench.target import LocalPipeline
from cnap.bench.usage import Usage
from cnap.bench.workload import Workload
from cnap.errors import CnapError

FRAMES_AHEAD = 5
"""Events of a frame each that are on their way at a time, where that is fastest: on two cores 2, 4,
5, 8, 16 and 32 made 44, 49, 55, 47, 44 and 32 frames a second. More than five bring replicas."""
RATE, CPU = "throughput", "CPU of a frame"


@dataclass(frozen=True)
class Measured(Run):
    """The pipeline's own: with what each process used, the most memory of each role in bytes, and
    the joules with their source."""

    usage: Usage
    memory: Mapping[str, int]
    energy: tuple[float | None, str]


def measure(
    target: LocalPipeline,
    workload: Workload,
    rivals: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> list[Figure]:
    """`workload.repeats` times; each time the pipeline once and, with `rivals`, each other once, in
    turn, and each time another first. `say` is told what has been done."""
    with ExitStack() as open_:
        sender = open_.enter_context(Sender(target.running))
        own = partial(pipeline, target, sender, workload)
        others = _others(workload, open_) if rivals else {}
        runs: list[dict[str, Run | str]] = []
        for number in range(workload.repeats):
            turn: dict[str, Callable[[], Run]] = {"": own} | others
            names = list(turn)
            first = (number + workload.seed) % len(names)
            done: dict[str, Run | str] = {}
            for name in names[first:] + names[:first]:
                done[name] = _tried(turn[name]) if name else turn[name]()
                say(_told(number, name, done[name]))
            runs.append(done)
    found = joined(_figures(one[""]) for one in runs)
    return found + [figure for name in others for figure in beside(name, runs)]


def pipeline(target: LocalPipeline, sender: Sender, workload: Workload, ahead: int = 0) -> Measured:
    """Once, after a pass of the clip that warms everything: functions run, and know the model, the
    codec and the picture's size. Raises CnapError where a frame has no result."""
    more = {"ahead": ahead} if ahead else {}
    sender.send(replace(workload, segment=1.0), seconds=0)
    with target.meter({sender.pid: ROLE}) as meter:
        energy = Energy()
        sent = sender.send(workload, **more)
        used = meter.spent()
        joules = energy.spent(used.total.cpu)
        memory = meter.peaks
    for stream in sent.streams:
        account = target.account(stream)
        if not account.captured == account.inferred > 0:
            raise CnapError(
                f"{stream}: by the ledger {account.inferred} of {account.captured} frames were "
                f"inferred: {account.reasons}"
            )
    return Measured(sent.inferred, sent.rate, used.total.cpu, sent.detections, used, memory, joules)


def _others(workload: Workload, open_: ExitStack) -> dict[str, Callable[[], Run]]:
    """Each by its name. Events of a frame each go through a pipeline of their own, which may have
    other replicas than the one that is measured."""
    second = open_.enter_context(LocalPipeline(workload.models))
    sender = open_.enter_context(Sender(second.running))
    one_by_one = replace(workload, segment=0)
    frame = partial(pipeline, second, sender, one_by_one, ahead=FRAMES_AHEAD)
    programs = {name: partial(program, module, workload) for name, module in PROGRAMS.items()}
    # They know one model only.
    return {ONE_EVENT_A_FRAME: frame} | (programs if len(workload.models) == 1 else {})


def _tried(run: Callable[[], Run]) -> Run | str:
    """What another program can't do costs only its own figures."""
    try:
        return run()
    except CnapError as error:
        return str(error)


def _told(number: int, name: str, run: Run | str) -> str:
    if isinstance(run, str):
        return f"{number + 1}. {name}: {run}"
    return f"{number + 1}. {name or 'pipeline'}: {run.rate:.1f} frames/s"


def _figures(run: Measured) -> list[Figure]:
    """Of one repeat."""
    frames = run.frames
    joules, source = run.energy
    roles = {role: spent for role, spent in run.usage.roles.items() if spent.cpu}
    moved = {role: (spent.read + spent.written) / frames for role, spent in roles.items()}
    return [
        Figure(RATE, "frames/s", "higher", [run.rate]),
        Figure(CPU, "ms", "lower", [1000 * run.cpu / frames], "of a core, all processes"),
        *(
            Figure(f"{CPU}: {role}", "ms", "lower", [1000 * spent.cpu / frames])
            for role, spent in roles.items()
        ),
        Figure(
            "bytes of a frame", "kB", "lower", [sum(moved.values()) / 1e3], "read and write calls"
        ),
        *(
            Figure(f"bytes of a frame: {role}", "kB", "lower", [amount / 1e3])
            for role, amount in moved.items()
        ),
        Figure("memory", "MB", "lower", [sum(run.memory.values()) / 1e6], "PSS, each at its most"),
        *(
            Figure(f"memory: {role}", "MB", "lower", [held / 1e6])
            for role, held in run.memory.items()
            if role in roles
        ),
        Figure(
            "energy of a frame", "J", "lower", [] if joules is None else [joules / frames], source
        ),
    ]


def beside(name: str, runs: list[dict[str, Run | str]]) -> list[Figure]:
    """Another program's figures, and the pipeline's as ratios to them, of the repeats that have
    both."""
    both = [(one[""], one[name]) for one in runs if isinstance(one[name], Run)]
    if not both:
        return [Figure(f"{name}: {RATE}", "frames/s", "", [], str(runs[-1][name]))]
    note = ""
    mine, other = both[0][0].detections, both[0][1].detections
    if mine != other:  # of pictures that are not the same, as JPEGs, a model finds other things
        note = f"finds {other} in the clip, the pipeline {mine}"
    found = []
    for figure, unit, better, value in (
        (RATE, "frames/s", "higher", lambda run: run.rate),
        (CPU, "ms", "lower", lambda run: 1000 * run.cpu / run.frames),
    ):
        own = Figure(figure, unit, better, [value(run) for run, _ in both])
        their = Figure(f"{name}: {figure}", unit, "", [value(run) for _, run in both], note)
        found += [their, ratio(f"{figure} / {name}", own, their)]
    return found
