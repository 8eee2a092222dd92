"""An S3 bucket as a store: MinIO or any other, found the way every AWS client finds it
(AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cnap.errors import Missing, Unavailable
from cnap.stores.base import Buffer, Store, StoredObject

# It tells in each process where it found credentials.
logging.getLogger("botocore").setLevel(logging.WARNING)

DELETED_AT_ONCE = 1000
"""S3's own limit for one DeleteObjects request."""


class S3Store(Store):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.bucket = self.url.removeprefix("s3://")
        self._client = boto3.client(
            "s3",
            config=Config(
                connect_timeout=2,
                read_timeout=10,
                # Knative retries the whole event; a function that hangs on helps nobody.
                retries={"total_max_attempts": 2},
                s3={"addressing_style": "path"},
                max_pool_connections=32,
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, key: str, *parts: Buffer) -> None:
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        with self._said_plainly(key):
            self._client.put_object(Bucket=self.bucket, Key=key, Body=bytes(body))

    def get(self, key: str) -> memoryview:
        with self._said_plainly(key):
            return memoryview(self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def delete(self, *keys: str) -> None:
        for start in range(0, len(keys), DELETED_AT_ONCE):
            some = [{"Key": key} for key in keys[start : start + DELETED_AT_ONCE]]
            with self._said_plainly(some[0]["Key"]):
                answer = self._client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": some, "Quiet": True}
                )
                for error in answer.get("Errors", ()):
                    raise Unavailable(
                        f"the store {self.url} did not delete {error['Key']}: {error['Code']}"
                    )

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        with self._said_plainly(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix
            )
            for page in pages:
                for entry in page.get("Contents", ()):
                    modified = entry["LastModified"].timestamp()
                    yield StoredObject(entry["Key"], entry["Size"], modified)

    @contextmanager
    def _said_plainly(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("NoSuchKey", "404"):
                raise Missing(f"{key} is not in the store {self.url}") from None
            raise Unavailable(f"the store {self.url} answered {code} for {key}") from None
        except BotoCoreError as error:
            raise Unavailable(
                f"the store {self.url} does not answer ({type(error).__name__})"
            ) from None
