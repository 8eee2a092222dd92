"""`cnap doctor`: is everything there that the pipeline needs?"""

import json
import platform
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version

import click

from cnap import models as catalog
from cnap.cli import settings
from cnap.cli.settings import Finding
from cnap.cli.up import PORT
from cnap.files import folder
from cnap.running import Running


def _python() -> Finding:
    here = platform.python_version()
    return sys.version_info >= (3, 11), f"Python {here} (3.11 or newer is needed)"


def _libraries() -> Finding:
    names = ("av", "opencv-python-headless", "openvino", "cloudevents", "redis", "obstore")
    try:
        import av  # noqa: F401
        import cv2  # noqa: F401
        import openvino  # noqa: F401
    except ImportError as error:
        return False, f"a library can't be loaded: {error}; run `make install` again"
    return True, ", ".join(f"{name} {version(name)}" for name in names)


def _files() -> Finding:
    missing = [n for n in ("functions", "eventing", "knative", "ui") if not folder(n).is_dir()]
    return not missing, f"folders {', '.join(missing)} are missing" if missing else "all files"


def _models() -> Finding:
    here = [name for name in catalog.names() if catalog.model(name).here]
    return True, f"models on this machine: {', '.join(here) or 'none yet; `cnap up` fetches one'}"


def _port() -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            if not Running.find():
                return False, f"port {PORT} is taken; use: cnap up --port {PORT + 1}"
    return True, f"port {PORT} is free for the page, or already ours"


CHECKS: tuple[Callable[[], Finding], ...] = (
    _python,
    _libraries,
    _files,
    settings.cache,
    settings.redis,
    settings.store,
    _models,
    _port,
)


def _cluster(namespace: str, as_json: bool) -> None:
    from cnap.cli.cluster import cluster

    findings = []
    for finding in cluster(namespace):
        findings.append(finding)
        if not as_json:
            click.echo(finding)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    if any(finding.bad for finding in findings):
        raise SystemExit(1)


@click.command(epilog="Example:  cnap doctor --cluster --namespace cnap")
@click.option("--cluster", is_flag=True, help="Check the cluster of the current kubeconfig.")
@click.option("--namespace", "-n", default="cnap", help="With --cluster: where the pipeline is.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(cluster: bool, namespace: str, as_json: bool) -> None:
    """Check this machine, or a cluster, and say what is missing and how to mend it."""
    if cluster:
        _cluster(namespace, as_json)
        return
    findings = [check() for check in CHECKS]
    states = [("ok" if well else "missing", words) for well, words in findings]
    if as_json:
        facts = [{"state": state, "words": words} for state, words in states]
        click.echo(json.dumps(facts, indent=2))
    else:
        for state, words in states:
            click.echo(f"{state:<8} {words}")
    if not all(well for well, _ in findings):
        raise SystemExit(1)
