"""Basic and digest logins of a camera (RFC 7617, RFC 7616)."""

import hashlib
import re
from base64 import b64encode

from tests.cameras.faults import Faults

NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c0"


def challenge(faults: Faults) -> str:
    """The value of WWW-Authenticate."""
    if faults.login == "basic":
        return f'Basic realm="{faults.realm}"'
    return f'Digest realm="{faults.realm}", nonce="{NONCE}"'


def admitted(faults: Faults, method: str, answer: str, user: str, password: str) -> bool:
    """Whether the value of Authorization is that of the user."""
    if not faults.login:
        return True
    if faults.login == "basic":
        return answer == "Basic " + b64encode(f"{user}:{password}".encode()).decode()
    fields = dict(re.findall(r'(\w+)="([^"]*)"', answer))
    realm = "another" if faults.wrong_realm else faults.realm
    secret = _md5(f"{user}:{realm}:{password}")
    asked = _md5(f"{method}:{fields.get('uri', '')}")
    return fields.get("response") == _md5(f"{secret}:{NONCE}:{asked}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
