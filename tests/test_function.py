"""Each function three ways, with the same answers: our runner, plain parliament, main called."""

import importlib
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cloudevents.http import CloudEvent

from cnap import runner
from cnap.accounts import account
from cnap.errors import Busy, CnapError, Missing, Poison, Unavailable
from cnap.function import function
from cnap.models import model
from tests import media, outcomes
from tests.functions import Answer, listens, under_parliament, under_runner
from tests.real import MODEL
from tests.segments import segments


@contextmanager
def called(name, environment):
    """main itself, with what a server would give it."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(key, value)
        main = runner.load(name).main

        def send(event, path="/", structured=False):
            args = {"deadletter": path.partition("=")[2]} if "=" in path else {}
            reply = main(SimpleNamespace(cloud_event=event, request=SimpleNamespace(args=args)))
            if isinstance(reply, CloudEvent):
                return SimpleNamespace(status=200, event=reply)
            text, status, *headers = reply
            return Answer(status, {k.lower(): v for h in headers for k, v in h.items()}, text)

        yield SimpleNamespace(send=send)


WAYS = {"runner": under_runner, "parliament": under_parliament, "called": called}


@pytest.fixture(scope="module", params=WAYS)
def serving(request, tmp_path_factory, redis_url, assets):
    """Starts a function; the store and the settings are the same for all."""
    if request.param == "parliament" and listens(8080):
        pytest.skip("port 8080 is taken, and parliament listens nowhere else")
    folder = tmp_path_factory.mktemp("store")
    environment = {
        "CNAP_STORE": f"file://{folder}",
        "CNAP_REDIS": redis_url,
        "CNAP_MODEL": MODEL,
        "CNAP_ASSETS": str(assets),
        "CNAP_FRAMES_SIZE": "x".join(map(str, model(MODEL).input.size)),
    }
    return lambda name: WAYS[request.param](name, environment), folder


@pytest.fixture
def segment(serving, tmp_path):
    from cnap.stores.directory import DirectoryStore

    store = DirectoryStore(f"file://{serving[1]}")
    return segments(media.clip(tmp_path / "a.mp4", frames=5), store, models=(MODEL,))[0].event


def plain(answer, status):
    assert answer.status == status
    assert answer.headers["content-type"].startswith("text/plain")
    text = answer.body if isinstance(answer.body, str) else answer.body.decode()
    assert 0 < len(text) < 500
    assert not any(word in text for word in ("Traceback", "<html", "<!", 'File "', "\n"))
    return text


def test_a_segment_s_way_through_the_three_functions(serving, segment, database):
    serve, _ = serving
    nobody = replace(segment, models=())
    gone = replace(segment, dataref=segment.dataref.replace("0000000000.mp4", "0000000009.mp4"))
    old = replace(segment, expirytime=datetime.now(UTC) - timedelta(seconds=1))
    with serve("transcode") as transcode:
        frames = transcode.send(segment.to_event())
        again = transcode.send(segment.to_event(), structured=True)
        assert transcode.send(nobody.to_event()).status == 204
        assert "0000000009.mp4 is not in the store" in plain(transcode.send(gone.to_event()), 404)
        dropped = transcode.send(old.to_event())
        assert "expected an event of type" in plain(
            transcode.send(outcomes.result(outcomes.frames(outcomes.segment()))), 400
        )
    assert frames.status == again.status == dropped.status == 200
    assert frames.event["type"] == "io.cnap.video.frames.v1"
    assert (again.event["id"], again.event["dataref"]) == (str(segment.id), frames.event["dataref"])
    assert dropped.event["type"] == "io.cnap.video.dropped.v1"

    with serve("infer") as infer:
        assert infer.send(replace(segment, wake=True).to_event()).status == 204
        result = infer.send(frames.event)
        other = CloudEvent(dict(frames.event.get_attributes()) | {"models": "another"}, b"")
        assert infer.send(other).status == 204
        assert "expected an event" in plain(infer.send(dropped.event), 400)
    assert result.event["type"] == "io.cnap.inference.result.v1"

    with serve("publish") as publish:
        for _ in range(2):
            assert publish.send(result.event).status == 204
        about = replace(segment, id=segment.id.at(1), capturedframes=2 * segment.framecount)
        dead = outcomes.dead(about)
        assert publish.send(dead, "/?deadletter=transcode").status == 204
        assert "not one of the models" in plain(publish.send(dead, "/?deadletter=x"), 400)
        assert "publish takes outcomes" in plain(publish.send(frames.event), 400)
    counts = account(database, "gate").models[MODEL]
    assert (counts.inferred, counts.failed, counts.inflight) == (5, 5, 0)


def context(event):
    return SimpleNamespace(cloud_event=event, request=None)


@pytest.mark.parametrize(
    ("raised", "status", "text"),
    [
        (Poison("it is no good"), 400, "it is no good"),
        (Missing("it is not there"), 404, "it is not there"),
        (Busy("not now"), 429, "not now"),
        (Unavailable("the store is gone"), 503, "the store is gone"),
        (CnapError("misconfigured"), 500, "misconfigured"),
        (ZeroDivisionError("secret"), 500, "unexpected error; the function's log has the cause"),
        (MemoryError(), 500, "unexpected error; the function's log has the cause"),
        (RecursionError("secret"), 500, "unexpected error; the function's log has the cause"),
    ],
)
def test_what_a_handler_raises_becomes_a_status(raised, status, text):
    @function
    def main(event, request):
        raise raised

    event = outcomes.segment().to_event()
    assert main(context(event))[:2] == (text, status)


@pytest.mark.parametrize("event", [None])
@pytest.mark.parametrize("what", [SimpleNamespace(), SimpleNamespace(cloud_event=None), None])
def test_what_is_no_event_is_refused(event, what):
    @function
    def main(event, request):
        raise AssertionError("called without an event")

    assert main(what)[1] == 400


def test_the_functions_are_where_func_looks_for_them():
    for name in ("transcode", "infer", "publish"):
        assert callable(runner.load(name).main)
    with pytest.raises(SystemExit, match="there is no"):
        runner.load("nothing")
    assert importlib.import_module("cnap.runner") is runner
