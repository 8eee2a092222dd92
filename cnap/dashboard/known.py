"""The cameras that there are: the ConfigMap's, as the source too sees them."""

import asyncio

from cnap import cameras
from cnap.cameras import Camera
from cnap.kubernetes import Kubernetes


class Known:
    """Its text is parsed when it has changed. A camera with a mistake in it is as it was before."""

    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes
        self._text: str | None = None
        self._mistakes = ""
        self.cameras: list[Camera] = []
        self.problem = ""
        """What is wrong with the text, or with the file that it follows, line by line."""

    async def look(self) -> None:
        """Raises Unavailable where the Kubernetes API does not answer."""
        found = await self._kubernetes.config_map(cameras.CONFIG_MAP)
        text = found.data.get(cameras.KEY, cameras.NONE)
        if text != self._text:
            self.cameras, self._mistakes = await asyncio.to_thread(
                cameras.followed, text, self.cameras
            )
            self._text = text
        self.problem = self._mistakes or found.data.get(cameras.PROBLEM, "")
