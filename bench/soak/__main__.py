"""`make soak`: cameras and mishaps for an hour (`--minutes`), then the reckoning.

Exits with 1 where a frame is unaccounted for, a stream does not come back, or something is left
behind. Growth of memory is printed, for people to judge: in minutes, caches still fill.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from bench.soak.memory import Samples
from bench.soak.mishaps import Mishaps
from bench.soak.soaked import NUMBERS, Soaked, unbalanced, wait_for
from tests import media
from tests.cameras.rtsp import FakeCamera

NOTHING: Mapping[str, int] = {}
EVERY = 5.0
"""Seconds between two looks."""
SETTLED = 90.0
"""Seconds after the last mishap within which every camera must be live, and nothing in flight."""
GOING = {"live", "degraded"}
SILENCE = 60.0
"""Seconds without any result, whatever the mishaps: then it is no test of what works."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--model", default="fastestdet")
    parser.add_argument("--framerate", type=float, default=1.0, help="frames a second to look at")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--json", type=Path, help="the report as JSON, too")
    given = parser.parse_args()
    print(f"{given.streams} cameras, {given.minutes:g} minutes, --seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="cnap-soak-") as folder, ExitStack() as leaving:
        clip = media.clip(Path(folder) / "clip.mp4", size=(320, 240), frames=100, rate=10, gop=20)
        cameras = [leaving.enter_context(FakeCamera(clip)) for _ in range(given.streams)]
        listed = Path(folder) / "cameras.yaml"
        listed.write_text(_listed(cameras, given.model, given.framerate))
        soaked = leaving.enter_context(Soaked(Path(folder), listed, given.model).running())
        report = soak(soaked, cameras, given.minutes, given.seed)
    _print(report)
    if given.json:
        given.json.write_text(json.dumps(report, indent=2))
    sys.exit(bool(report["problems"]))


def _listed(cameras: list[FakeCamera], model: str, framerate: float) -> str:
    entries = [{"name": f"cam{n}", "url": camera.url} for n, camera in enumerate(cameras)]
    usual = {"models": [model], "framerate": framerate}
    return yaml.safe_dump({"defaults": usual, "cameras": entries}, sort_keys=False)


def soak(soaked: Soaked, cameras: list[FakeCamera], minutes: float, seed: int) -> dict[str, Any]:
    began, problems = time.monotonic(), []
    samples, mishaps = Samples(warm=min(2.0, minutes / 5)), Mishaps(soaked, cameras, seed)
    first = wait_for(lambda: _all_go(soaked, len(cameras)), SETTLED)
    if first is None:
        problems.append(f"not every camera was live after {SETTLED:g} s: {_states(soaked)}")
    looks, objects, flow = Counter(), [], Flow()
    mishaps.start()
    try:
        while (minute := (time.monotonic() - began) / 60) < minutes:
            time.sleep(EVERY)
            samples.take(minute, soaked.processes())
            try:
                streams = soaked.streams()
                broken = [words for stream in streams for words in unbalanced(stream)]
                broken += flow.see(streams)
                problems += [f"minute {minute:.1f}: {words}" for words in broken]
                looks["answered"] += 1
                objects.append(soaked.objects())
            except Exception:  # whatever is said where the store's or the API's server is away
                looks["not answered"] += 1
    finally:
        mishaps.stop()
    before: dict[str, int] = {}
    wait_for(lambda: before.update(_inferred(soaked)) or before, SETTLED)
    again = wait_for(lambda: _all_go(soaked, len(cameras), before), SETTLED)
    if again is None:
        problems.append(f"not every camera came back within {SETTLED:g} s: {_states(soaked)}")
    return {
        "seconds to live at first": first,
        "seconds to live at last": again,
        "looks": dict(looks),
        "mishaps": dict(sorted(mishaps.counts.items())),
        "objects in the store": {"median": sorted(objects)[len(objects) // 2], "most": max(objects)}
        if objects
        else {},
        "processes": [
            {"role": role, "lives": lives, **dict(zip(Samples.MEASURES, trend, strict=False))}
            for role, lives, trend in samples.roles()
        ],
        **_reckoning(soaked, problems),
    }


class Flow:
    """Whether results come."""

    def __init__(self) -> None:
        self._inferred, self._since = 0, time.monotonic()

    def see(self, streams: list[dict[str, Any]]) -> list[str]:
        """What is wrong, once for each time that nothing came for SILENCE seconds."""
        inferred, now = sum(one["inferred"] for one in streams), time.monotonic()
        silent = now - self._since
        if inferred == self._inferred and silent <= SILENCE:
            return []
        words = [f"no result of any camera for {silent:.0f} s"] * (inferred == self._inferred)
        self._inferred, self._since = inferred, now
        return words


def _all_go(soaked: Soaked, count: int, before: Mapping[str, int] = NOTHING) -> bool:
    """Whether all cameras go and have more results than `before`."""
    streams = soaked.streams()
    return len(streams) == count and all(
        one["state"] in GOING and one["inferred"] > before.get(one["name"], -1) for one in streams
    )


def _inferred(soaked: Soaked) -> dict[str, int]:
    return {one["name"]: one["inferred"] for one in soaked.streams()}


def _states(soaked: Soaked) -> str:
    trouble = [one for one in soaked.streams() if one["state"] not in GOING]
    return "; ".join(f"{one['name']} {one['state']} ({one['reason']})" for one in trouble)


def _reckoning(soaked: Soaked, problems: list[str]) -> dict[str, Any]:
    """Pauses all cameras, and counts when nothing is in flight; then ends it all."""
    for stream in soaked.streams():
        soaked.api(f"/api/cameras/{stream['name']}", "PATCH", {"paused": True})
    drained = wait_for(lambda: not any(one["inflight"] for one in soaked.streams()), SETTLED)
    streams = soaked.streams()
    problems += [words for stream in streams for words in unbalanced(stream)]
    if drained is None:
        left = {one["name"]: one["inflight"] for one in streams if one["inflight"]}
        problems.append(f"in flight {SETTLED:g} s after the last frame: {left}")
    if status := soaked.stop():
        problems.append(f"cnap up ended with {status}")
    if wait_for(lambda: not soaked.pipeline(), 10) is None:
        problems.append(f"processes left: {soaked.pipeline()}")
    if left := soaked.objects():
        problems.append(f"{left} objects left in the store")
    reasons = sum((Counter(one["reasons"]) for one in streams), Counter())
    return {
        "frames": {number: sum(one[number] for one in streams) for number in NUMBERS},
        "reasons": dict(reasons.most_common()),
        "problems": problems,
    }


def _print(report: dict[str, Any]) -> None:
    for name, value in report.items():
        if name in ("processes", "problems"):
            continue
        words = (
            value
            if not isinstance(value, dict)
            else ", ".join(f"{count} {what}" for what, count in value.items())
        )
        print(f"{name}: {words:.1f}" if isinstance(words, float) else f"{name}: {words}")
    print(f"\n{'process':12}{'lives':>6}{'MiB':>16}{'MiB/h':>8}{'files':>12}{'threads':>12}")
    for one in report["processes"]:
        if "MiB" not in one:
            continue
        (low, high, slope), files, threads = one["MiB"], one["files"], one["threads"]
        print(
            f"{one['role']:12}{one['lives']:>6}{f'{low:.1f} → {high:.1f}':>16}{slope:>8.1f}"
            f"{f'{files[0]:.0f} → {files[1]:.0f}':>12}{f'{threads[0]:.0f} → {threads[1]:.0f}':>12}"
        )
    print("\n" + ("\n".join(report["problems"]) or "every frame is accounted for; nothing is left"))


if __name__ == "__main__":
    main()
