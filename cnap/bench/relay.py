"""`python -m cnap.bench.relay results|account STREAM...`: what Redis has of some streams, as lines
of JSON, for whoever can't reach it from where they are. Results go on until its input ends."""

import json
import select
import sys
from collections.abc import Sequence

from cnap.accounts import account
from cnap.bench.results import FromRedis
from cnap.redis import connect

EVERY = 0.3
"""Seconds between two looks."""


def results(streams: Sequence[str]) -> None:
    with connect() as redis:
        fresh = FromRedis(redis, streams)
        while not select.select([sys.stdin], [], [], EVERY)[0]:
            for entry in fresh():
                print(json.dumps(entry), flush=True)


def accounts(streams: Sequence[str]) -> None:
    with connect() as redis:
        for stream in streams:
            print(json.dumps(account(redis, stream).as_json()), flush=True)


if __name__ == "__main__":
    what, *names = sys.argv[1:]
    {"results": results, "account": accounts}[what](names)
