"""Starting and ending: ports, processes, what the YAML asks in vain."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from aiohttp import web

from cnap.local import ManifestError, PortError, Runtime

ROOT = Path(__file__).parents[2]
OWNER = """
import asyncio, sys
from cnap.local import Runtime

async def main():
    runtime = Runtime([sys.argv[1]])
    await runtime.start()
    print(runtime.url, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def running(pid):
    """Whether a process is there and not just waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def pid_of(post, runtime, service="fn"):
    _, text = await post(runtime, "env", b"pid", service)
    return int(text.split('"')[3])


async def test_every_problem_is_told_at_once(run, objects):
    with pytest.raises(ManifestError) as raised:
        await run(objects.trigger(), objects.service(image="redis:7"), objects.trigger("other"))
    assert len(raised.value.problems) == 3
    assert str(raised.value).count("\n") == 2


async def test_unsupported_fields_stop_the_start(run, objects):
    with pytest.raises(ManifestError, match=r"spec.template.spec.hostNetwork: not supported"):
        await run(objects.service(pod={"hostNetwork": True}))


async def test_a_name_for_pods_is_no_function(run, objects, ready):
    name = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "fn"}}
    runtime = await run(objects.service(), name)

    assert (await ready(runtime))["status"] == "True"


@pytest.mark.parametrize("which", ["port", "public_port"])
async def test_a_taken_port(run, objects, which):
    blocker = web.ServerRunner(web.Server(lambda request: web.Response()))
    await blocker.setup()
    await web.TCPSite(blocker, "127.0.0.1", 0).start()
    taken = blocker.addresses[0][1]
    with pytest.raises(PortError, match=f"port {taken} of 127.0.0.1: another program has it"):
        await run(objects.service(public=True), **{which: taken})
    await blocker.cleanup()


async def test_stop_leaves_nothing(run, objects, post, http):
    runtime = await run(objects.service(), objects.service("deaf", "deaf"))
    pids = [await pid_of(post, runtime, name) for name in ("fn", "deaf")]
    assert all(running(pid) for pid in pids)
    async with asyncio.timeout(4):
        await runtime.stop()
    assert not any(running(pid) for pid in pids)
    with pytest.raises(OSError):
        await http.get(runtime.url)


async def test_stop_while_a_function_starts_and_works(run, objects, post):
    runtime = await run(objects.service(), objects.service("never", "/none"))
    await post(runtime)
    asking = [
        asyncio.create_task(post(runtime, "hang")),
        asyncio.create_task(post(runtime, service="never")),
    ]
    await asyncio.sleep(0.3)
    async with asyncio.timeout(4):
        await runtime.stop()
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


async def test_stop_before_start_and_twice(objects, tmp_path):
    runtime = Runtime([tmp_path])
    await runtime.stop()
    await runtime.start()
    await runtime.stop()
    await runtime.stop()


async def test_what_is_withheld_no_service_inherits(run, objects, post, monkeypatch):
    monkeypatch.setenv("GATE_PASSWORD", "geheim")
    monkeypatch.setenv("YARD_PASSWORD", "geheim")
    withheld = {"GATE_PASSWORD"}
    runtime = await run(objects.service(), objects.service("later"), withheld=withheld)
    names = b"GATE_PASSWORD YARD_PASSWORD"

    _, text = await post(runtime, "env", names)
    assert '{"GATE_PASSWORD": null, "YARD_PASSWORD": "geheim"}' in text
    withheld.add("YARD_PASSWORD")
    _, text = await post(runtime, "env", names, "later")
    assert "geheim" not in text


async def test_given_config_maps_win(run, objects, get):
    runtime = await run(
        objects.config_map("cameras", a="yaml"), configmaps={"cameras": {"a": "given"}}
    )
    item = await get(runtime, "api/v1", "configmaps/cameras")
    assert item["data"] == {"a": "given"}


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
async def test_no_child_outlives_a_killed_runtime(objects, post, tmp_path, until):
    file = tmp_path / "deaf.yaml"
    file.write_text(yaml.safe_dump(objects.service("fn", "deaf")))
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(file), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    url = (await owner.stdout.readline()).decode().strip()
    child = await pid_of(post, SimpleNamespace(url=url))
    assert running(child)
    os.kill(owner.pid, signal.SIGKILL)
    await owner.wait()

    async def gone():
        return not running(child)

    await until(gone)
