"""`python -m cnap.dashboard`"""

import logging
import os

from aiohttp import web

from cnap.dashboard.app import create_app
from cnap.dashboard.settings import Settings

log = logging.getLogger("cnap.dashboard")


def main() -> None:
    """Runs until SIGTERM."""
    logging.basicConfig(level=os.environ.get("CNAP_LOG", "INFO"), format="%(message)s")
    settings = Settings.from_environment()
    if not (settings.token or settings.loopback):
        log.warning("CNAP_TOKEN is not set: nobody can see or change anything")
    web.run_app(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=None,
        print=None,
        shutdown_timeout=2.0,
        handler_cancellation=True,
    )


if __name__ == "__main__":
    main()
