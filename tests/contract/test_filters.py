"""Which events a Trigger's filters let through."""

import pytest

EVENT = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/streams/gate"}


@pytest.mark.parametrize(
    ("attributes", "paths"),
    [
        ({"type": "has"}, []),
        ({"type": "has", "subject": "gate"}, ["/has-subject"]),
        ({"type": "has", "keyid": "a1"}, ["/has-extension"]),
        ({"type": "exact", "keyid": "1"}, ["/dialects"]),
        ({"type": "exact", "keyid": "2"}, []),
        ({"type": "exact"}, []),
        ({"type": "prefix.x"}, ["/dialects"]),
        ({"type": "x.prefix."}, []),
        ({"type": "x.suffix"}, ["/dialects"]),
        ({"type": ".suffix.x"}, []),
        ({"type": "all"}, ["/dialects"]),
        ({"type": "all", "keyid": "2"}, ["/dialects"]),
        ({"type": "all", "keyid": "1"}, []),
        ({"type": "shadowed"}, []),
    ],
)
async def test_filters(send, sink, attributes, paths):
    headers = {**EVENT, **{f"ce-{name}": value for name, value in attributes.items()}}
    assert (await send(headers, b"")).status == 202
    assert sink.paths() == paths
