"""The pipeline on a real S3 server and a real Redis, as on a cluster."""

from pathlib import Path

import pytest

from cnap.stores import open_store
from tests import real
from tests.pipeline.running import account_of, running, send
from tests.servers import BUCKET, S3_KEY, S3_SECRET


async def test_every_frame_has_a_result_through_s3_and_redis(
    assets: Path, s3_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "CNAP_STORE": f"s3://{BUCKET}",
        "CNAP_REDIS": redis_url,
        "AWS_ENDPOINT_URL": s3_url,
        "AWS_ACCESS_KEY_ID": S3_KEY,
        "AWS_SECRET_ACCESS_KEY": S3_SECRET,
        "AWS_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    async with running() as at:
        assert (at.store, at.redis) == (settings["CNAP_STORE"], redis_url)
        _, summary = await send(at, [real.clip("bikes.mp4")], stream="archive")

        assert (summary.inferred, summary.failed, summary.dropped) == (250, 0, 0)
        assert account_of(at, "archive").inflight == 0
    assert list(open_store(settings["CNAP_STORE"]).objects("")) == []
