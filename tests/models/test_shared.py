"""Models in a store of one's own: a folder, or a bucket of a real S3 server."""

import hashlib

import pytest
from click.testing import CliRunner

from cnap.cli import cli
from cnap.models import Asset, ModelError, fetch, shared
from tests import servers

CONTENT = b"the model's bytes" * 1000
NOWHERE = "http://127.0.0.1:9/m.onnx"
ASSET = Asset("models/M.onnx", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), url=NOWHERE)


@pytest.fixture(params=["folder", "bucket", "bucket with a prefix"])
def store(request, cache, tmp_path, monkeypatch):
    """An empty store that CNAP_MODELS names; puts files into it as any S3 client would."""
    url = f"file://{tmp_path}/models"
    (tmp_path / "models").mkdir()
    if request.param != "folder":
        request.getfixturevalue("s3_url")
        url = f"s3://{servers.BUCKET}{'/our/models' if 'prefix' in request.param else ''}"
    monkeypatch.setenv("CNAP_MODELS", url)
    opened, prefix = shared.opened()
    yield lambda path, content: opened.put(prefix + path, content)
    opened.delete(*(found.key for found in opened.objects(prefix)))


def test_a_model_comes_from_the_store_and_then_from_the_cache(cache, store, monkeypatch):
    store(ASSET.path, CONTENT)
    told = []
    path = fetch(ASSET, lambda *state: told.append(state))
    monkeypatch.setenv("CNAP_MODELS", "file:///gone")

    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(cache)
    assert told[-1] == ("M.onnx", len(CONTENT), len(CONTENT))
    assert fetch(ASSET) == path


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"!", CONTENT * 2, b""])
def test_something_else_in_its_place_is_not_it(store, content):
    store(ASSET.path, content)
    with pytest.raises(ModelError) as caught:
        fetch(ASSET)

    said = str(caught.value)
    assert "not the expected file (its SHA-256 differs)" in said
    assert said.index(shared.address()) < said.index(NOWHERE)  # and so the order is


def test_a_store_that_lacks_it_is_named_and_the_others_are_asked(store):
    with pytest.raises(ModelError, match=r"M.onnx is not in the store.*; http://127"):
        fetch(ASSET)


@pytest.mark.parametrize("url", ["models", "s3://", "http://h/models", "file://", "file://h/a"])
def test_an_address_that_is_none(cache, monkeypatch, url):
    monkeypatch.setenv("CNAP_MODELS", url)
    with pytest.raises(ModelError, match="CNAP_MODELS must be s3://BUCKET/PREFIX or file:///FOLD"):
        fetch(ASSET)


def test_every_copy_has_the_same_time_and_so_finds_the_same_compiled_code(
    cache, store, monkeypatch
):
    store(ASSET.path, CONTENT)
    first = fetch(ASSET)
    time = first.stat().st_mtime
    first.unlink()

    assert fetch(ASSET).stat().st_mtime == time == int(time) > 0


def test_push_puts_a_model_where_it_is_looked_for(store, cache, tmp_path, monkeypatch):
    catalog = tmp_path / "catalog.toml"
    facts = f'path="{ASSET.path}", sha256="{ASSET.sha256}", bytes={ASSET.bytes}'
    catalog.write_text(
        f'[models.m]\nfamily = "yolox"\n[[models.m.releases]]\nfiles = [{{{facts}}}]\n'
        f'[models.own]\nfamily = "yolox"\nfile = "/own.onnx"\n'
    )
    mine = tmp_path / "mine"
    (mine / "models").mkdir(parents=True)
    (mine / ASSET.path).write_bytes(CONTENT)
    monkeypatch.setenv("CNAP_CATALOG", str(catalog))
    monkeypatch.setenv("CNAP_ASSETS", str(mine))
    said = CliRunner().invoke(cli, ["models", "--push", "m"])
    own = CliRunner().invoke(cli, ["models", "--push", "own"])
    monkeypatch.delenv("CNAP_ASSETS")

    assert said.output == f"{shared.address()}/{ASSET.path}\n"
    assert fetch(ASSET).read_bytes() == CONTENT
    assert own.exit_code and "a file of your own" in str(own.exception or own.output)


def test_push_without_a_store_says_what_to_set(cache, monkeypatch):
    monkeypatch.delenv("CNAP_MODELS", raising=False)
    said = CliRunner().invoke(cli, ["models", "--push", "yunet"])

    assert said.exit_code
    assert "CNAP_MODELS must be set" in str(said.exception or said.output)
