"""The CloudEvents project's own conformance files, sent through the broker.

They are looked for beside CNAP_ASSETS, in `vectors/cloudevents`
(https://github.com/cloudevents/conformance).
"""

import json
import os
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ASSETS = Path(os.environ.get("CNAP_ASSETS", ROOT.parent / "shared" / "data"))
VECTORS = ASSETS.parent / "vectors" / "cloudevents"

pytestmark = pytest.mark.skipif(
    not VECTORS.is_dir(), reason=f"no CloudEvents conformance files in {VECTORS}"
)


def scenarios():
    """Request, attributes and data of each example of the HTTP binding's feature file."""
    path = VECTORS / "features" / "http-protocol-binding.feature"
    text = path.read_text() if path.exists() else ""
    for outline in text.split("Scenario Outline: ")[1:]:
        request, data = re.findall(r'"""\n(.*?)"""', outline, re.DOTALL)
        given, _, examples = outline.partition("Examples:")
        attributes = dict(re.findall(r"\|\s*(\w+)\s*\|\s*(.*?)\s*\|", given.split("attributes")[1]))
        attributes.pop("key")
        for content_type in re.findall(r"\|\s*(\S+)\s*\|", examples)[1:]:
            yield (
                outline.split("(")[0].strip(),
                request.replace("<contentType>", content_type),
                {k: v.replace("<contentType>", content_type) for k, v in attributes.items()},
                json.loads(data),
            )


def events():
    for path in sorted((VECTORS / "yaml").glob("**/*.yaml")):
        yield from yaml.safe_load_all(path.read_text())


def delivered(request):
    """The attributes of what reached the sink."""
    attributes = {
        name.removeprefix("ce-"): value.encode("utf-8", "surrogateescape").decode()
        for name, value in request.headers.items()
        if name.startswith("ce-") and name != "ce-knativearrivaltime"
    }
    return {**attributes, "datacontenttype": request.headers["content-type"]}


@pytest.mark.parametrize(("name", "request_text", "attributes", "data"), list(scenarios()))
async def test_http_binding(send, sink, name, request_text, attributes, data):
    head, _, body = request_text.partition("\n\n")
    headers = dict(line.strip().split(": ", 1) for line in head.splitlines()[1:])
    for own in ("Host", "Content-Length"):
        headers.pop(own)
    assert (await send(headers, body.strip().encode())).status == 202
    (request,) = sink.delivered
    assert delivered(request) == attributes
    assert json.loads(request.body) == data


@pytest.mark.parametrize("structured", [False, True], ids=["binary", "structured"])
@pytest.mark.parametrize(
    "event", list(events()), ids=lambda event: event["ContextAttributes"]["id"]
)
async def test_events(send, sink, event, structured):
    attributes = {name: str(value) for name, value in event["ContextAttributes"].items()}
    data = event["Data"]
    if structured:
        is_json = "json" in attributes["datacontenttype"]
        document = {**attributes, "data": json.loads(data) if is_json else data}
        headers = {"content-type": "application/cloudevents+json"}
        status = (await send(headers, json.dumps(document).encode())).status
    else:
        headers = {f"ce-{name}": value for name, value in attributes.items()}
        headers["content-type"] = headers.pop("ce-datacontenttype")
        status = (await send(headers, data.encode())).status
    assert status == 202
    (request,) = sink.delivered
    assert delivered(request) == attributes
    if structured and "json" in attributes["datacontenttype"]:
        assert json.loads(request.body) == json.loads(data)
    else:
        assert request.body.decode() == data
