"""From zero, past one pod, and back to zero."""

import time

from tests.e2e.cluster import Cluster, until
from tests.e2e.coldstart import Start, Watch

FRAMES = 250  # of the demo clip


def test_the_first_segment_of_all_wakes_every_function(
    cluster: Cluster, stream: str, report: list[str]
) -> None:
    cluster.sleep()
    cluster.status()  # the dashboard is up before, so that only the functions start
    with Watch() as watch:
        began = time.time()
        cluster.film(stream)
        until(lambda: cluster.account(stream).get("coldstart"), 120, "a result")
        starts = watch.starts(cluster)
    account = cluster.ended(stream)
    report.append(f"cold start: {account['coldstart']} s, segment sent to result in Redis")
    report.append(Start.HEAD)
    report += [start.row(began) for start in starts]

    # While functions start a live stream is thinned, and says so; nothing is lost.
    assert account["captured"] == FRAMES == account["inferred"] + account["dropped"]
    assert account["reasons"].keys() <= {"dropped: thinned", "dropped: behind"}
    numbers = cluster.results(stream)
    assert 0 in numbers
    assert len(numbers) == len(set(numbers))


def test_a_model_grows_past_one_pod_under_load_and_all_go_back_to_zero(
    cluster: Cluster, stream: str, report: list[str]
) -> None:
    cluster.sleep()
    began = time.monotonic()
    cluster.film(*(f"{stream}-{number}" for number in range(8)), loop=True)
    until(lambda: len(cluster.pods("infer-yolox-nano")) > 1, 120, "a second pod of the model")
    report.append(
        f"scale out: a second pod after {time.monotonic() - began:.1f} s of eight streams"
    )
    until(
        lambda: all(cluster.account(f"{stream}-{number}").get("inferred") for number in range(8)),
        120,
        "results of every stream",
    )
    began = time.monotonic()
    cluster.film()
    for number in range(8):  # at once: they leave the status after a minute
        account = cluster.ended(f"{stream}-{number}")
        assert account["failed"] == 0
        assert account["captured"] == account["inferred"] + account["dropped"]
    until(lambda: not cluster.pods("infer-yolox-nano"), 180, "the model at zero")
    report.append(f"scale to zero: {time.monotonic() - began:.1f} s after the last stream ended")
