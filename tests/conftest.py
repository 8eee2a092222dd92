"""What several tests need."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from cnap.redis import connect
from cnap.stores.directory import DirectoryStore
from tests import clusters, real, servers


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of real models and clips, which the environment names from then on."""
    folder = real.folder()
    os.environ["CNAP_ASSETS"] = str(folder)
    return folder


@pytest.fixture
def clip(assets: Path) -> Callable[[str], Path]:
    """A real clip by its name; skips where it is not here."""
    return real.clip


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url


@pytest.fixture
def database(redis_url: str) -> Iterator[Redis]:
    """An empty Redis."""
    with connect(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a real S3 server; the environment names it as it would in a cluster."""
    with servers.seaweed(tmp_path_factory.mktemp("s3")) as server:
        settings = {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": servers.S3_KEY,
            "AWS_SECRET_ACCESS_KEY": servers.S3_SECRET,
            "AWS_REGION": "us-east-1",
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            yield server.url


@pytest.fixture
def folder_store(tmp_path: Path) -> DirectoryStore:
    folder = tmp_path / "store"
    folder.mkdir()
    return DirectoryStore(f"file://{folder}")


@pytest.fixture
def cluster(tmp_path: Path) -> clusters.Cluster:
    """A good cluster with the quickstart on it, as a kubectl of our own tells of it."""
    return clusters.Cluster(tmp_path, clusters.knative() | clusters.deployed("cnap"))
