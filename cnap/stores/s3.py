"""An S3 bucket as a store: MinIO or any other, found as AWS clients find it, in the environment
(AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_CA_BUNDLE), or by the
role of the pod.

By obstore rather than boto3, which takes three quarters of a second to start: as long as all the
rest of a function does.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import S3Store as Bucket

from cnap.errors import CnapError, Missing, Unavailable
from cnap.stores.base import Buffer, Store, StoredObject

CODE = re.compile(r"<Code>(\w+)</Code>")
"""https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""
ROLES = ("169.254.169.254", "169.254.170.2", "sts.")
"""Where credentials are looked for when the environment has none."""


class S3Store(Store):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.bucket = self.url.removeprefix("s3://")
        # Plain http is for AWS_ENDPOINT_URL to choose: AWS's own is https.
        client = {"allow_http": True, "connect_timeout": "2s", "read_timeout": "10s"}
        try:
            if bundle := os.environ.get("AWS_CA_BUNDLE"):
                client["root_certificate"] = Path(bundle).read_bytes()
            self._bucket = Bucket(
                self.bucket,
                client_options=client,
                # Knative retries the whole event; a function that hangs on helps nobody.
                retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=10)},
            )
        except (OSError, BaseError) as error:
            raise CnapError(f"the store {self.url} is not set up: {_first(error)}") from None

    def put(self, key: str, *parts: Buffer) -> None:
        with self._said_plainly(key):
            self._bucket.put(key, parts, use_multipart=False)

    def get(self, key: str) -> memoryview:
        with self._said_plainly(key):
            return memoryview(self._bucket.get(key).bytes())

    def delete(self, *keys: str) -> None:
        if keys:
            with self._said_plainly(keys[0]):
                self._bucket.delete(keys)

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        folder = prefix.rpartition("/")[0]  # only whole names are looked for there
        with self._said_plainly(prefix):
            for some in self._bucket.list(folder):
                for entry in some:
                    if entry["path"].startswith(prefix):
                        modified = entry["last_modified"].timestamp()
                        yield StoredObject(entry["path"], entry["size"], modified)

    @contextmanager
    def _said_plainly(self, key: str) -> Iterator[None]:
        try:
            yield
        except (OSError, BaseError) as error:
            answered = CODE.search(str(error))
            code = answered[1] if answered else ""
            if code == "NoSuchKey":
                raise Missing(f"{key} is not in the store {self.url}") from None
            if code:
                raise Unavailable(f"the store {self.url} answered {code} for {key}") from None
            raise Unavailable(f"the store {self.url} does not answer ({_first(error)})") from None


def _first(error: Exception) -> str:
    """The cause of an error without its details."""
    words = str(error).partition("\n")[0]
    if any(f"//{place}" in words for place in ROLES):
        return "NoCredentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    return words.rpartition(" - ")[2][:200]
