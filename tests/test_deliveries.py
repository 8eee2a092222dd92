"""The deliveries nest: an outer one never gives up before an inner one has buried its event.

An in-memory broker answers when the whole chain is done, retries and all. With one
function hanging, whichever it is, each caller must have more patience than what it calls takes.
"""

import yaml

from cnap.local.durations import iso
from cnap.source.sending.sink import ANSWER_WITHIN
from tests.real import REPOSITORY

NEVER = float("inf")


def documents(path: str) -> list[dict]:
    return list(yaml.safe_load_all((REPOSITORY / path).read_text()))


def answer_within(name: str) -> float:
    """Seconds that the Service of a function may take."""
    (service,) = documents(f"knative/base/{name}.yaml")
    return service["spec"]["template"]["spec"]["timeoutSeconds"]


def delivery(name: str) -> dict:
    trigger = documents(f"eventing/{name}.yaml")[0]
    (broker,) = documents("eventing/broker.yaml")
    return trigger["spec"].get("delivery") or broker["spec"]["delivery"]


def longest(name: str, attempt: float) -> float:
    """Seconds until an event whose every attempt takes this long is given up."""
    settings = delivery(name)
    assert settings["backoffPolicy"] == "exponential"
    waits = iso(settings["backoffDelay"]) * (2 ** settings["retry"] - 1)
    return (settings["retry"] + 1) * attempt + waits


def patience(name: str) -> float:
    """Seconds that one attempt of a Trigger may take, with all that follows from its reply."""
    return iso(delivery(name)["timeout"]) if "timeout" in delivery(name) else NEVER


def test_whichever_function_hangs_its_event_is_buried_before_anybody_stops_waiting() -> None:
    burial = answer_within("publish")
    publish_hangs = 2 * longest("publish", answer_within("publish"))  # the burial hangs as well
    infer_hangs = longest("infer", answer_within("infer")) + burial
    transcode_hangs = longest("transcode", answer_within("transcode")) + burial

    behind_infer = answer_within("infer") + publish_hangs
    assert behind_infer < patience("infer")
    behind_transcode = answer_within("transcode") + max(infer_hangs, behind_infer)
    assert behind_transcode < patience("transcode")
    assert max(transcode_hangs, behind_transcode) < ANSWER_WITHIN


def test_a_store_or_a_database_may_be_away_for_ten_seconds() -> None:
    for name in ("transcode", "infer", "publish"):
        assert longest(name, attempt=0) > 10


def test_a_function_says_the_same_of_its_scale_to_func_and_to_knative() -> None:
    for name in ("transcode", "infer", "publish"):
        (function,) = documents(f"functions/{name}/func.yaml")
        (service,) = documents(f"knative/base/{name}.yaml")
        options = function["deploy"]["options"]
        template = service["spec"]["template"]
        concurrency = template["spec"]["containerConcurrency"]
        annotations = template["metadata"]["annotations"]
        assert function["name"] == service["metadata"]["name"]
        assert options["resources"]["limits"]["concurrency"] == concurrency
        assert str(options["scale"]["target"]) == annotations["autoscaling.knative.dev/target"]
        for end in ("min", "max"):
            assert str(options["scale"][end]) == annotations[f"autoscaling.knative.dev/{end}-scale"]
