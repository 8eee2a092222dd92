"""Makes the passwords of a pipeline that has a store and a Redis of its own in the cluster.

`python -m cnap.credentials` creates two Secrets with random values, and leaves those that exist:
`cnap` is what functions need, `cnap-control` the token of whoever may watch and change streams.
"""

import asyncio
import logging
import secrets

import aiohttp

from cnap.kubernetes import Kubernetes

log = logging.getLogger("cnap.credentials")


def generated() -> dict[str, dict[str, str]]:
    """The Secrets by name, with new values."""
    password = secrets.token_urlsafe(24)
    return {
        "cnap": {
            "AWS_ACCESS_KEY_ID": "cnap",
            "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(24),
            "REDIS_PASSWORD": password,
            "CNAP_REDIS": f"redis://:{password}@redis:6379/0",
        },
        "cnap-control": {"token": secrets.token_urlsafe(24)},
    }


async def create() -> None:
    """Raises Unavailable, in plain words, where the API server refuses."""
    async with aiohttp.ClientSession() as session:
        kubernetes = Kubernetes(session)
        for name, data in generated().items():
            made = await kubernetes.create_secret(name, data)
            log.info("secret %s %s", name, "created" if made else "was there already")


if __name__ == "__main__":
    logging.basicConfig(level="INFO", format="%(message)s")
    asyncio.run(create())
