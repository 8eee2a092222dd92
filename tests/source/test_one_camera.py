"""A source that is given its cameras, as the ContainerSource of eventing/examples is."""

import asyncio
import os
import sys
from pathlib import Path

import yaml

from cnap.cameras import parse
from cnap.files import folder
from cnap.local import Runtime
from cnap.source.references import FOLDER
from tests import media
from tests.broker import broker, until

EXAMPLE = folder("eventing") / "examples" / "one-camera.yaml"
PASSWORD = "Sesame-9/31"
METADATA = {"name": "default"}
ENDS = ("offline", "misconfigured")


def cameras(*entries):
    return yaml.safe_dump({"cameras": [{"models": ["a"], **entry} for entry in entries]})


async def source(text, folder_store, sink="http://127.0.0.1:9"):
    """A source with this CNAP_CAMERAS."""
    env = {**os.environ, "CNAP_CAMERAS": text, "CNAP_STORE": folder_store.url, "K_SINK": sink}
    command = [sys.executable, "-m", "cnap.source"]
    return await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.PIPE)


def test_the_example_is_as_the_source_of_all_cameras_but_for_its_list():
    shipped = next(
        one
        for one in yaml.safe_load_all((folder("eventing") / "cameras.yaml").read_text())
        if one["kind"] == "Deployment"
    )["spec"]["template"]
    example = yaml.safe_load(EXAMPLE.read_text())["spec"]["template"]
    (one,), (all_of_them,) = (pod["spec"]["containers"] for pod in (example, shipped))

    (setting,) = one.pop("env")
    assert setting["name"] == "CNAP_CAMERAS" and parse(setting["value"])
    assert one.pop("resources") and all_of_them.pop("resources")
    assert all_of_them.pop("env") and all_of_them.pop("ports")  # what uploads need
    assert one == all_of_them
    assert example["spec"]["volumes"] == shipped["spec"]["volumes"]
    assert [Path(mount["mountPath"]) for mount in one["volumeMounts"]] == [FOLDER]
    # NetworkPolicies select by these; the name is each one's own, by which a Deployment selects.
    labels = [template["metadata"]["labels"] for template in (example, shipped)]
    names = [label.pop("app.kubernetes.io/name") for label in labels]
    assert labels[0] == labels[1] and names[0] != names[1]


async def test_the_example_runs_on_one_machine(tmp_path, folder_store):
    clip = media.clip(tmp_path / "clip.mp4", frames=30, rate=100, gop=10)
    async with broker() as (fake, sink):
        eventing = {"apiVersion": "eventing.knative.dev/v1", "metadata": METADATA}
        around = [
            {**eventing, "kind": "Broker", "spec": {}},
            {**eventing, "kind": "Trigger", "spec": {"subscriber": {"uri": sink.url}}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cnap"}},
        ]
        (tmp_path / "around.yaml").write_text(yaml.safe_dump_all(around))
        gate = {"name": "gate", "url": str(clip), "segment": 0.1}
        runtime = Runtime(
            [tmp_path / "around.yaml", EXAMPLE],
            env={"CNAP_CAMERAS": cameras(gate), "CNAP_STORE": folder_store.url},
        )
        await runtime.start()
        try:
            await until(lambda: len(fake.segments()) > 5)
        finally:
            await runtime.stop()

    assert {one.id.stream for one in fake.segments()} == {"gate"}
    assert fake.last.state == "ended"


async def test_a_mistake_ends_it_with_words(folder_store):
    process = await source("cameras: [{name: gate}]", folder_store)
    _, log = await process.communicate()

    said = "cnap: CNAP_CAMERAS: cameras.yaml line 1: camera gate: url is missing\n"
    assert log.decode() == said
    assert process.returncode == 1


async def test_what_a_reference_stands_for_is_told_nobody(tmp_path, folder_store, monkeypatch):
    """Neither the Broker nor the log, whatever is wrong with the camera."""
    (tmp_path / "films" / PASSWORD).mkdir(parents=True)
    (tmp_path / "films" / PASSWORD / "text.mp4").write_text("no film")
    monkeypatch.setenv("CNAP_LOG", "DEBUG")
    monkeypatch.setenv("PASSWORD", PASSWORD)
    names = ["text", "none"]
    urls = [f"{tmp_path}/films/${{PASSWORD}}/{name}.mp4" for name in names]
    entries = [{"name": name, "url": url} for name, url in zip(names, urls, strict=True)]
    entries.append({"name": "open", "url": "rtsp://u:${NOT_SET}@127.0.0.1/"})
    given = {"text", "none", "open"}
    async with broker() as (fake, sink):
        process = await source(cameras(*entries), folder_store, sink.url)
        await until(lambda: {one.stream for one in fake.states() if one.state in ENDS} == given)
        process.terminate()
        _, log = await process.communicate()

    reasons = {one.stream: one.reason for one in fake.states() if one.state in ENDS}
    assert reasons["open"] == "nothing is called NOT_SET in the environment"
    assert reasons["none"] == f"{urls[1]} is not there"
    assert reasons["text"].startswith(f"{urls[0]} is not a video file")
    assert PASSWORD not in str([event.get_data() for event in fake.events])
    assert f"offline: {urls[1]} is not there" in log.decode()
    assert PASSWORD not in log.decode()
