"""What `cnap doctor` says of this machine's settings: what is wrong, and what to do."""

import shutil
from collections import namedtuple

import pytest

from cnap.cli import settings
from tests.servers import BUCKET

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in ("CNAP_REDIS", "CNAP_STORE"):
        monkeypatch.delenv(name, raising=False)


def room(monkeypatch, free):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))


def test_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path / "new" / "cache"))
    assert settings.cache()[0]
    assert not (tmp_path / "new").exists()

    room(monkeypatch, 5 << 20)
    well, words = settings.cache()
    assert not well
    assert "has 5 MiB left, and models need 200; make room" in words

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path / "file"))
    well, words = settings.cache()
    assert not well
    assert words.endswith("can't be written; name another folder in CNAP_CACHE")


def test_the_redis_of_the_settings(monkeypatch, redis_url, tmp_path):
    monkeypatch.setenv("CNAP_REDIS", redis_url)
    well, words = settings.redis()
    assert well
    assert words.endswith("to keep counts when it restarts: appendonly yes")

    monkeypatch.setenv("CNAP_REDIS", "redis://me:secret@127.0.0.1:1/0?password=secret")
    well, words = settings.redis()
    assert not well
    assert words.startswith("redis://127.0.0.1:1/0 (CNAP_REDIS): Redis can't be used")
    assert "secret" not in words

    monkeypatch.setenv("CNAP_REDIS", "http://there")
    well, words = settings.redis()
    assert not well
    assert "must be redis://HOST:PORT" in words


def test_a_redis_that_forgets_counts_when_it_is_full(monkeypatch, redis_url, database):
    monkeypatch.setenv("CNAP_REDIS", redis_url)
    try:
        database.config_set("maxmemory-policy", "allkeys-lru")
        assert settings.redis()[0]  # it takes what the machine has
        database.config_set("maxmemory", "100mb")
        well, words = settings.redis()
    finally:
        database.config_set("maxmemory", 0)
        database.config_set("maxmemory-policy", "noeviction")
    assert not well
    assert words.endswith("is full (allkeys-lru); set there: maxmemory-policy noeviction")


def test_without_a_redis_the_bundled_one():
    assert settings.redis() == (True, "Valkey comes with the project (valkey-server)")


def test_the_store_of_the_settings(monkeypatch, s3_url, tmp_path):
    monkeypatch.setenv("CNAP_STORE", f"s3://{BUCKET}")
    assert settings.store() == (True, f"the store s3://{BUCKET} (CNAP_STORE) can be written")

    monkeypatch.setenv("CNAP_STORE", "s3://another")
    well, words = settings.store()
    assert not well
    assert words.endswith("are AWS_ENDPOINT_URL and the keys right?")

    monkeypatch.setenv("CNAP_STORE", f"file://{tmp_path}")
    assert settings.store()[0]
    assert list(tmp_path.iterdir()) == []

    monkeypatch.setenv("CNAP_STORE", f"file://{tmp_path}/new")
    assert settings.store()[1].endswith("is made when the pipeline starts")

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CNAP_STORE", f"file://{tmp_path}/file")
    assert not settings.store()[0]

    monkeypatch.setenv("CNAP_STORE", "nowhere")
    assert not settings.store()[0]


def test_little_shared_memory(monkeypatch):
    room(monkeypatch, 64 << 20)

    well, words = settings.store()
    assert well
    assert "has 64 MiB free and 1024 are needed (in a container: --shm-size=2g)" in words
