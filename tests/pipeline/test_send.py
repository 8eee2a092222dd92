"""Files through the whole pipeline: every frame gets a result or a counted failure."""

import json
from pathlib import Path

import pytest

from cnap.events import outcome, schemas
from cnap.stores import open_store
from tests import media, real
from tests.pipeline.running import account_of, running, send
from tests.real import FRAMES, MODEL


@pytest.fixture
async def pipeline(assets: Path):
    async with running() as at:
        yield at


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """38 frames of any kind."""
    return media.clip(tmp_path / "short.mp4", size=(320, 240), frames=38)


async def test_every_frame_of_several_clips_has_a_result(pipeline, film: Path) -> None:
    clips = [film.with_name(name) for name in FRAMES]
    clips = [clip for clip in clips if clip.exists()]
    outcomes, summary = await send(pipeline, clips)

    for clip in clips:
        frames = sum(len(o["frames"]) for o in outcomes if o["file"] == clip.name)
        assert frames == FRAMES[clip.name]
    total = sum(FRAMES[clip.name] for clip in clips)
    assert (summary.inferred, summary.failed, summary.dropped) == (total, 0, 0)
    assert [o["sequence"] for o in outcomes] == sorted(o["sequence"] for o in outcomes)
    times = [frame["time"] for o in outcomes for frame in o["frames"]]
    assert times == sorted(times)
    assert len(set(times)) == len(times)
    for one in outcomes:
        schemas.validated(outcome.RESULT, {k: v for k, v in one.items() if k != "file"})
    seen = {
        d["label"]
        for o in outcomes
        if o["file"] == film.name
        for frame in o["frames"]
        for d in frame["detections"]
    }
    assert "car" in seen


async def test_the_account_is_settled_and_the_store_empty_when_all_is_sent(
    pipeline, short: Path
) -> None:
    await send(pipeline, [short])

    found = account_of(pipeline, "film")
    assert (found.captured, found.inferred, found.inflight) == (38, 38, 0)
    assert (found.state, found.outstanding) == ("ended", 0)
    assert list(open_store(pipeline.store).objects("segments/")) == []
    assert list(open_store(pipeline.store).objects("frames/")) == []


async def test_pictures_of_a_folder_are_a_stream(pipeline, tmp_path: Path) -> None:
    pictures = [tmp_path / f"{n}.jpg" for n in range(5)]
    for n, picture in enumerate(pictures):
        picture.write_bytes(media.jpeg(media.picture(n, (320, 240))))

    outcomes, summary = await send(pipeline, pictures)

    assert [o["file"] for o in outcomes] == [picture.name for picture in pictures]
    assert summary.inferred == 5


async def test_broken_files_are_told_and_leave_the_others_alone(
    pipeline, short: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("this is not a film")
    bomb = tmp_path / "bomb.png"
    header = (60000).to_bytes(4, "big") * 2
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + header + b"\x08\x02\0\0\0" + bytes(50))

    outcomes, summary = await send(pipeline, [text, bomb, short])

    (unread,) = [o for o in outcomes if o["file"] == "text.mp4"]
    assert unread["failed"][0]["index"] is None
    assert summary.unread == 1
    refused = [o for o in outcomes if o["file"] == "bomb.png"]
    (reason,) = [f["reason"] for o in refused for f in o["failed"]]
    assert "a picture of 60000x60000 is over the limit" in reason
    assert summary.inferred == 38
    assert account_of(pipeline, "film").failed == 1


async def test_two_models_each_see_every_frame(assets: Path, short: Path) -> None:
    models = (MODEL, real.OTHER)
    async with running(models=models) as at:
        outcomes, summary = await send(at, [short], models=models)

        assert [o["model"] for o in outcomes[:2]] == list(models)
        assert summary.inferred == 2 * 38
        counts = account_of(at, "film").models
        assert {name: counts[name].inferred for name in models} == dict.fromkeys(models, 38)
        assert list(open_store(at.store).objects("frames/")) == []


async def test_a_model_file_that_is_none_fails_its_frames_and_no_other_models(
    assets: Path, short: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"this is not a model")
    entry = {"family": "yolox", "file": str(broken), "size": [416, 416], "labels": ["x"]}
    facts = [f"{name} = {json.dumps(value)}" for name, value in entry.items()]
    catalog = "\n".join(["[models.broken]", *facts])
    models = (MODEL, "broken")
    async with running(models=models, catalog=catalog) as at:
        _, summary = await send(at, [short], models=models)

        assert (summary.inferred, summary.failed) == (38, 38)
        counts = account_of(at, "film").models
        assert (counts[MODEL].inferred, counts["broken"].failed) == (38, 38)
        assert account_of(at, "film").inflight == 0
        assert "broken.onnx" in str(account_of(at, "film").failures[0]["message"])
        assert list(open_store(at.store).objects("frames/")) == []
