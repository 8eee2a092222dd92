"""How the dashboard is told what to do: its environment."""

import ipaddress
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 8080
    token: str = ""
    """Whoever has it may change things; and, away from loopback, look."""
    redis: str = "redis://127.0.0.1:6379/0"
    source: str = ""
    """Where the source takes what cameras upload: http://HOST:PORT or unix:///path."""

    @classmethod
    def from_environment(cls) -> "Settings":
        return cls(
            host=os.environ.get("CNAP_HOST", cls.host),
            port=int(os.environ.get("PORT", cls.port)),
            token=os.environ.get("CNAP_TOKEN", ""),
            redis=os.environ.get("CNAP_REDIS", cls.redis),
            source=os.environ.get("CNAP_SOURCE", cls.source),
        )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_address(self.host) and ipaddress.ip_address(self.host).is_loopback


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
