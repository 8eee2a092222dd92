"""From zero, past one pod, and back to zero."""

import time

from tests.e2e.cluster import Cluster, until
from tests.e2e.coldstart import Start, Watch

FRAMES = 250  # of the demo clip


def test_the_first_segment_of_all_wakes_every_function(
    cluster: Cluster, stream: str, report: list[str]
) -> None:
    cluster.sleep()
    with Watch() as watch:
        began = time.time()
        cluster.film(stream)
        account = cluster.ended(stream)
        report.append(f"cold start: {account['coldstart']} s, segment sent to result in Redis")
        report.append(Start.HEAD)
        report += [start.row(began) for start in watch.starts(cluster)]

    assert (account["captured"], account["inferred"]) == (FRAMES, FRAMES)
    numbers = cluster.results(stream)
    assert sorted(numbers) == list(range(len(numbers)))
