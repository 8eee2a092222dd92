"""What Prometheus is told of the streams: the ledger's own numbers, in series that are bounded."""

import time
from collections import Counter
from dataclasses import replace

from aiohttp.test_utils import TestClient
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from cnap.accounts import account
from cnap.dashboard import scrape
from cnap.events import outcome
from cnap.ledger import Ledger
from tests.dashboard.ledger import MODEL, infer, tell
from tests.outcomes import expired, segment

GATE = {"stream": "gate", "model": MODEL}


async def samples(client: TestClient) -> dict[tuple, float]:
    """By name and sorted labels. The parser refuses what Prometheus would."""
    text = await (await client.get("/metrics")).text()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def of(name: str, **labels: str) -> tuple:
    return (name, *sorted(labels.items()))


async def test_every_frame_is_told_with_what_became_of_it(
    client: TestClient, database: Redis
) -> None:
    infer(database, "gate", 0, frames=10, expired=3)
    tell(database, "gate", captured=20)
    told = await samples(client)

    assert told[of("cnap_ledger_up")] == 1
    assert told[of("cnap_frames_captured_total", **GATE)] == 20
    assert told[of("cnap_frames_in_flight", **GATE)] == 7
    assert told[of("cnap_frames_total", **GATE, outcome="inferred", reason="")] == 10
    assert told[of("cnap_frames_total", **GATE, outcome="dropped", reason="expired")] == 3
    assert told[of("cnap_stream_state", stream="gate", state="live")] == 1
    assert told[of("cnap_stream_state", stream="gate", state="offline")] == 0
    assert told[of("cnap_detections_total", **GATE)] == 10
    assert told[of("cnap_result_latency_seconds_count", **GATE)] == 1
    assert told[of("cnap_result_latency_seconds_bucket", **GATE, le="+Inf")] == 1


async def test_stages_are_told_by_their_names(client: TestClient, database: Redis) -> None:
    for sequence in range(3):
        infer(database, "gate", sequence, timings={"decode": 0.25, "publish": 0.5})
    told = await samples(client)

    spent = {key: value for key, value in told.items() if key[0] == "cnap_stage_seconds_total"}
    assert spent == {
        of("cnap_stage_seconds_total", **GATE, stage="decode"): 0.75,
        of("cnap_stage_seconds_total", **GATE, stage="publish"): 1.5,
    }


async def test_a_state_is_told_with_its_beginning_and_how_often_the_camera_was_offline(
    client: TestClient, database: Redis
) -> None:
    for state in ("live", "offline", "offline", "connecting", "live", "offline"):
        tell(database, "gate", state)
    told = await samples(client)

    assert told[of("cnap_stream_breaks_total", stream="gate")] == 2
    assert told[of("cnap_stream_state", stream="gate", state="offline")] == 1
    assert time.time() - told[of("cnap_stream_since_timestamp_seconds", stream="gate")] < 60


async def test_the_identity_holds_in_the_samples(client: TestClient, database: Redis) -> None:
    for n, stream in enumerate(("gate", "yard", "gate", "yard", "door")):
        infer(database, stream, n, frames=5 + n, thinned=n)
    told = await samples(client)

    sums = Counter()
    for (name, *labels), value in told.items():
        if name in ("cnap_frames_total", "cnap_frames_in_flight"):
            sums[dict(labels)["stream"]] += value
    for stream, counted in sums.items():
        assert counted == account(database, stream).captured
    assert set(sums) == {"door", "gate", "yard"}


async def test_reasons_in_somebody_s_own_words_are_one_series(
    client: TestClient, database: Redis
) -> None:
    for n in range(20):
        what = outcome.parse(expired(segment(n, frames=2, models=(MODEL,))))
        words = {f"anything {n}": 1, f"inference failed: at {n}": 1}
        Ledger(database).commit(replace(what, dropped={}, failed=words))
    told = await samples(client)

    assert told[of("cnap_frames_total", **GATE, outcome="failed", reason="other")] == 20
    assert told[of("cnap_frames_total", **GATE, outcome="failed", reason="inference failed")] == 20
    assert len([key for key in told if key[0] == "cnap_frames_total"]) == 3


async def test_more_streams_than_are_told_apart(
    client: TestClient, database: Redis, monkeypatch
) -> None:
    monkeypatch.setattr(scrape, "MOST_STREAMS", 2)
    for stream in ("a", "b", "c"):
        infer(database, stream, 0)
    told = await samples(client)

    assert told[of("cnap_streams")] == 3
    streams = {dict(labels).get("stream") for name, *labels in told if name.startswith("cnap_fr")}
    assert streams - {None} == {"a", "b"}


async def test_without_redis_the_rest_is_told(start, tmp_path) -> None:
    client = await start(redis=f"unix://{tmp_path}/none.sock")
    await client.get("/health/liveness")
    told = await samples(client)

    assert told[of("cnap_ledger_up")] == 0
    assert of("cnap_streams") not in told
    assert any(name == "cnap_dashboard_requests_total" for name, *_ in told)
