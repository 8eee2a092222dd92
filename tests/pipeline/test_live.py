"""A video file as a live camera: results come, functions go to zero when it is paused, and every
frame is accounted for at every moment."""

import asyncio
import dataclasses
import json
from pathlib import Path

import aiohttp

from cnap import cameras
from cnap.accounts import Account
from cnap.cameras import Camera
from cnap.events.stages import STAGES
from cnap.redis import connect
from cnap.running import Running
from tests.pipeline.running import account_of, kill, processes_of, running, until
from tests.real import MODEL

FUNCTIONS = {"transcode", f"infer-{MODEL}", "publish"}


async def change(at: Running, wanted: list[Camera]) -> None:
    """Edits the ConfigMap of cameras, as the page and kubectl do."""
    url = f"{at.kubernetes}/api/v1/namespaces/cnap/configmaps/{cameras.CONFIG_MAP}"
    headers = {
        "Authorization": f"Bearer {at.token}",
        "Content-Type": "application/merge-patch+json",
    }
    body = json.dumps({"data": {cameras.KEY: cameras.dump(wanted)}})
    async with (
        aiohttp.ClientSession() as session,
        session.patch(url, data=body, headers=headers) as answer,
    ):
        assert answer.status == 200


async def replicas(at: Running) -> dict[str, int]:
    url = f"{at.kubernetes}/apis/apps/v1/namespaces/cnap/deployments"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        items = (await answer.json())["items"]
    return {
        item["metadata"]["labels"]["serving.knative.dev/service"]: item["status"]["replicas"]
        for item in items
    }


async def at_zero(at: Running) -> bool:
    counts = await replicas(at)
    return not any(counts[name] for name in FUNCTIONS)


def drained(account: Account) -> bool:
    """Paused, and the source has been told what became of all that it had sent."""
    return (account.state, account.outstanding) == ("paused", 0)


async def test_a_paused_camera_lets_its_functions_go_and_a_resumed_one_wakes_them(
    film: Path,
) -> None:
    # Where it is here: 8.4 s between key frames, and segments of a second all the same.
    slow = film.with_name("bottle-detection.mp4")
    camera = Camera("gate", str(slow if slow.exists() else film), (MODEL,))
    async with running([camera]) as at:
        await until(lambda: account_of(at, "gate").inferred > 60)
        running_now = await replicas(at)
        assert all(running_now[name] >= 1 for name in FUNCTIONS)

        await change(at, [dataclasses.replace(camera, paused=True)])
        await until(lambda: drained(account_of(at, "gate")))
        paused = account_of(at, "gate")
        assert (paused.inflight, paused.failed) == (0, 0)
        async with asyncio.timeout(60):
            while not await at_zero(at):
                await asyncio.sleep(0.5)

        await change(at, [camera])
        await until(lambda: account_of(at, "gate").inferred > paused.inferred)
        _, newest = connect(at.redis).xrevrange("cnap:results:gate", count=1)[0]
        latency = json.loads(newest["about"])["latency"]
        assert latency < 20
        timings = json.loads(newest["data"])["timings"]
        assert set(timings) == set(STAGES)
        # All runs by one machine's clock, so nothing is left over but what is rounded.
        assert abs(sum(timings.values()) - latency) < 0.05
        assert float(connect(at.redis).hget("cnap:stream:gate", "coldstart")) > 0
        assert account_of(at, "gate").failed == 0


async def test_a_bad_camera_does_not_disturb_another(film: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a film")
    bad = Camera("bad", str(tmp_path / "text.mp4"), (MODEL,))
    good = Camera("good", str(film), (MODEL,))
    async with running([bad, good]) as at:
        await until(lambda: account_of(at, "good").inferred > 20)
        await until(lambda: account_of(at, "bad").state == "offline")

        assert "text.mp4 is not a video file" in account_of(at, "bad").reason
        assert account_of(at, "good").failed == 0


async def test_a_model_that_is_not_deployed_is_told_and_leaves_nothing_in_flight(
    film: Path,
) -> None:
    camera = Camera("gate", str(film), (MODEL, "face-0004"))
    async with running([camera]) as at:
        await until(lambda: account_of(at, "gate").inferred > 20)
        found = account_of(at, "gate")
        assert found.state == "misconfigured"
        assert "nothing here runs face-0004: start it" in found.reason
        assert set(found.models) == {MODEL}

        await change(at, [dataclasses.replace(camera, paused=True)])
        await until(lambda: drained(account_of(at, "gate")))
        assert account_of(at, "gate").inflight == 0


async def test_a_killed_source_leaves_nothing_unaccounted(film: Path) -> None:
    camera = Camera("gate", str(film), (MODEL,))
    async with running([camera]) as at:
        await until(lambda: account_of(at, "gate").inferred > 20)
        before = account_of(at, "gate").epoch
        assert kill(processes_of(at, "cnap.source"))
        await until(lambda: account_of(at, "gate").epoch > before)
        epoch = account_of(at, "gate").epoch
        await until(lambda: account_of(at, "gate").inferred > 40)

        assert account_of(at, "gate").epoch == epoch
        assert set(account_of(at, "gate").reasons) <= {
            "failed: interrupted",
            "dropped: thinned",
            "dropped: behind",
        }
