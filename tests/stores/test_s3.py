"""An S3 bucket as a store: what it says when its server is away, refuses or is not set up."""

import pytest

from cnap.errors import Unavailable
from cnap.stores import open_store
from tests import servers

USES = {
    "put": lambda store: store.put("a/b", b"1"),
    "get": lambda store: store.get("a/b"),
    "delete": lambda store: store.delete("a/b"),
    "objects": lambda store: list(store.objects("a/")),
}


@pytest.fixture(params=USES)
def use(request):
    return USES[request.param]


@pytest.fixture
def settings(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{servers.free_ports(1)[0]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    return monkeypatch


def test_a_server_that_is_away_is_unavailable(settings, use):
    with pytest.raises(Unavailable, match="s3://cnap does not answer"):
        use(open_store("s3://cnap"))


def test_a_bucket_that_is_not_there_is_unavailable(s3_url, use):
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        use(open_store("s3://nothing-of-this-name"))


def test_a_key_that_is_refused_is_unavailable(s3_url, use, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(Unavailable, match=r"SignatureDoesNotMatch|403"):
        use(open_store(f"s3://{servers.BUCKET}"))


def test_no_key_at_all_is_said_plainly(settings, use, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        settings.delenv(name)
    settings.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    settings.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    settings.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Unavailable, match="NoCredentials"):
        use(open_store("s3://cnap"))


def test_more_keys_than_one_request_may_delete(s3_url):
    store = open_store(f"s3://{servers.BUCKET}")
    store.put("a/first", b"")
    store.put("a/last", b"")
    store.delete("a/first", *(f"a/none-{n}" for n in range(1500)), "a/last")

    assert list(store.objects("a/")) == []
