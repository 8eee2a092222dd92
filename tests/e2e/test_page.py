"""The page, through the cluster's ingress."""

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser import looking
from tests.e2e.cluster import INGRESS, Cluster, until

CHROMIUM = Path("/usr/bin/chromium")


def test_the_page_shows_moving_pictures_with_boxes(cluster: Cluster, stream: str) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    cluster.film(stream, loop=True, framerate=5)
    until(lambda: cluster.account(stream).get("inferred"), 120, "results")
    at = urlsplit(INGRESS or cluster.address)
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", f"--host-resolver-rules=MAP {cluster.host} {at.hostname}"],
        )
        page = browser.new_page()
        page.on("console", lambda said: problems.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        port = f":{at.port}" if at.port else ""
        page.goto(f"{at.scheme}://{cluster.host}{port}/#token={cluster.token}")
        looking.tile(page, stream).wait_for(timeout=60_000)
        looking.moves(page, stream, "video")
        overlay = looking.tile(page, stream).locator(".overlay")
        looking.until(lambda: any(overlay.evaluate(looking.OVERLAY)["drawn"]))
        browser.close()
    cluster.film()

    assert problems == []


def test_results_come_without_a_gap_though_the_service_ends_every_request(
    cluster: Cluster, stream: str
) -> None:
    cluster.film(stream, loop=True, framerate=5)
    until(lambda: cluster.account(stream).get("inferred"), 120, "results")
    last, seen, connections = "", [], 0
    end = time.monotonic() + 75  # more than the Service's timeoutSeconds
    while time.monotonic() < end:
        connections += 1
        for id, sequence in results(cluster, stream, last):
            last = id
            seen.append(sequence)
            if time.monotonic() > end:
                break
    cluster.film()

    assert connections > 1
    assert len(seen) == len(set(seen))
    # A Broker promises no order: what is newest may still lack one before it.
    assert set(range(min(seen), max(seen) - 3)) <= set(seen)


def results(cluster: Cluster, stream: str, last: str) -> Iterator[tuple[str, int]]:
    """What one request for events gives after the event `last`, until the server ends it."""
    at = urlsplit(INGRESS or cluster.address)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
    headers = {"Host": cluster.host, "Authorization": f"Bearer {cluster.token}"}
    connection.request(
        "GET", f"/api/events?stream={stream}", headers=headers | {"Last-Event-ID": last}
    )
    answer, fields = connection.getresponse(), {}
    while line := answer.readline().decode():
        name, _, value = line.rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif fields.get("event") == "result":
            yield fields["id"], json.loads(fields["data"])["sequence"]
            fields = {}
        else:
            fields = {}
    connection.close()
