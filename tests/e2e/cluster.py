"""A cluster as the tests see it: what kubectl says of one namespace, and its dashboard."""

import base64
import json
import os
import subprocess
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import yaml

NAMESPACE = "cnap"
INGRESS = os.environ.get("CNAP_INGRESS", "")
"""Where public routes are answered, if their host names do not resolve here: http://ADDRESS:PORT."""
FUNCTIONS = ("transcode", "infer-yolox-nano", "publish")

Found = TypeVar("Found")


def kubectl(*arguments: str, given: str | None = None, check: bool = True) -> str:
    done = subprocess.run(["kubectl", *arguments], input=given, text=True, capture_output=True)
    if check and done.returncode:
        raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def until(
    condition: Callable[[], Found], seconds: float, what: str, state: Callable[[], object] = str
) -> Found:
    """What a condition gives when it comes true; AssertionError says what was waited for."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}; {state()}"
        time.sleep(0.25)
    return found


class Cluster:
    """One deployed pipeline."""

    def kubectl(self, *arguments: str, **more: Any) -> str:
        return kubectl("-n", NAMESPACE, *arguments, **more)

    def get(self, kind: str, *more: str) -> list[dict[str, Any]]:
        return json.loads(self.kubectl("get", kind, "-o", "json", *more))["items"]

    def pods(self, function: str) -> list[dict[str, Any]]:
        """The pods of a function that are not on their way out."""
        pods = self.get("pods", "-l", f"serving.knative.dev/service={function}")
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def ready(self, kind: str) -> bool:
        """Whether there are objects of this kind and each is ready."""
        return all(
            any(c["type"] == "Ready" and c["status"] == "True" for c in one["status"]["conditions"])
            if "status" in one
            else False
            for one in self.get(kind) or [{}]
        )

    def film(self, *streams: str, loop: bool = False, **more: Any) -> None:
        """The demo clip as the only cameras, each played from its beginning."""
        clip = {"url": "/opt/models/assets/videos/bikes.mp4", "models": ["yolox-nano"]}
        self.cameras(*({"name": name, **clip, "loop": loop, **more} for name in streams))

    def cameras(self, *wanted: dict[str, Any]) -> None:
        """These, and no others, by kubectl."""
        text = yaml.safe_dump({"cameras": list(wanted)})
        patch = json.dumps({"data": {"cameras.yaml": text}})
        self.kubectl("patch", "configmap", "cameras", "--type=merge", "-p", patch)

    def sleep(self) -> None:
        """Waits until every function has gone to zero, and its last pod has drained: until then
        an activator that reckons with a mesh waits for that pod (docs/knative.md)."""
        self.film()
        selector = f"serving.knative.dev/service in ({','.join(FUNCTIONS)})"
        until(lambda: not self.get("pods", "-l", selector), 180, "functions at zero")

    def python(self, script: str, *arguments: str) -> str:
        """Runs Python in the source's pod, which has the library and everything's addresses."""
        return self.kubectl(
            "exec", "-i", "deploy/cameras", "--", "python", "-", *arguments, given=script
        )

    def kill(self, name: str) -> None:
        """Ends the process of a Deployment's container, from a debugging container beside it."""
        (pod,) = self.get("pods", "-l", f"app.kubernetes.io/name={name}")
        (image,) = {
            container["image"]
            for container in self.get("deploy", "--field-selector=metadata.name=cameras")[0][
                "spec"
            ]["template"]["spec"]["containers"]
        }
        self.kubectl(
            "debug", f"pod/{pod['metadata']['name']}", f"--image={image}", f"--target={name}",
            "--profile=restricted", "--quiet", "--",
            "python", "-c", "import os; os.kill(1, 15)",
        )  # fmt: skip

    def status(self) -> dict[str, Any]:
        """The dashboard's status, through the ingress."""
        end = time.monotonic() + 60
        while True:
            try:
                return json.loads(self.open("/api/status"))
            except HTTPError as error:  # while Redis is away
                if error.code != 503 or time.monotonic() > end:
                    raise
                time.sleep(0.5)

    def account(self, stream: str) -> dict[str, Any]:
        """A stream's account; its identity is checked whenever it is looked at."""
        streams = {one["name"]: one for one in self.status()["streams"]}
        found = streams.get(stream, {"state": "unknown", "captured": 0, "inflight": 0})
        for counts in found.get("models", {}).values():
            whole = sum(counts[name] for name in ("inferred", "dropped", "failed", "inflight"))
            assert counts["captured"] == whole
            assert counts["inflight"] >= 0
        return found

    def until_state(self, stream: str, *states: str, seconds: float = 60) -> dict[str, Any]:
        """The stream's account when it is in one of the states."""
        last: dict[str, Any] = {}

        def reached() -> bool:
            last.update(self.account(stream))
            return last["state"] in states

        until(reached, seconds, f"{stream} {' or '.join(states)}", lambda: last)
        return last

    def until_inferred(self, stream: str, more: int = 1, seconds: float = 120) -> None:
        """So many frames more than now have their result."""
        frames = self.account(stream).get("inferred", 0) + more
        until(
            lambda: self.account(stream).get("inferred", 0) >= frames,
            seconds,
            f"{more} more results of {stream}",
            lambda: self.account(stream),
        )

    def ended(self, stream: str, seconds: float = 120) -> dict[str, Any]:
        """The account of a film that was played once, when nothing of it is in flight."""
        last: dict[str, Any] = {}

        def over() -> bool:
            last.update(self.account(stream))
            return last["state"] == "ended" and last["outstanding"] == last["inflight"] == 0

        until(over, seconds, f"the end of {stream}", lambda: last)
        return last

    def results(self, stream: str) -> list[int]:
        """The sequence numbers of a stream's results, as they are in Redis."""
        script = (
            "import os, sys, json; from cnap.redis import connect\n"
            "redis = connect(os.environ['CNAP_REDIS'])\n"
            "for _, entry in redis.xrange(f'cnap:results:{sys.argv[1]}'):\n"
            "    print(json.loads(entry['data'])['sequence'])"
        )
        return [int(line) for line in self.python(script, stream).split()]

    def open(
        self,
        path: str,
        token: str | None = None,
        method: str = "GET",
        body: Any = None,
        host: str | None = None,
    ) -> str:
        """The body of what the dashboard answers; `token` is the right one unless it is given."""
        data = json.dumps(body).encode() if body is not None else None
        return self.ask(path, token, method, data, host=host).decode()

    def ask(
        self,
        path: str,
        token: str | None = None,
        method: str = "GET",
        data: bytes | None = None,
        kind: str = "application/json",
        host: str | None = None,
    ) -> bytes:
        headers = {"Host": host or self.host, "Content-Type": kind}
        if token := self.token if token is None else token:
            headers["Authorization"] = f"Bearer {token}"
        url = (INGRESS or self.address) + path
        with urlopen(Request(url, data, headers, method=method), timeout=60) as answer:
            return answer.read()

    @cached_property
    def address(self) -> str:
        return self.get("ksvc", "--field-selector=metadata.name=dashboard")[0]["status"]["url"]

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    @cached_property
    def token(self) -> str:
        secret = self.get("secret", "--field-selector=metadata.name=cnap-control")[0]
        return base64.b64decode(secret["data"]["token"]).decode()


def apply(overlay: Path) -> None:
    kubectl("apply", "-k", str(overlay))


def delete(overlay: Path) -> None:
    kubectl("delete", "--ignore-not-found", "-k", str(overlay), "--wait=true")
