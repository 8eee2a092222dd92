"""WS-Discovery (April 2005, as ONVIF Core 7 has it): who in the network is a camera."""

import asyncio
import contextlib
import socket
import uuid
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from cnap.errors import CnapError
from cnap.onvif.xml import BadAnswer, clean, parse, told

GROUP = ("239.255.255.250", 3702)
MOST = 500
"""Cameras; a network where more answer is being flooded."""
AGAIN = 0.5
"""Seconds after which it is asked once more: nobody repeats a datagram that was lost."""
PROBE = """<?xml version="1.0" encoding="utf-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header>
<w:MessageID>{identity}</w:MessageID>
<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action>
</e:Header><e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body>
</e:Envelope>"""
SCOPE = "onvif://www.onvif.org/"


@dataclass
class Found:
    """A camera that answered. `address` is where the answer came from, `service` its own url."""

    address: str
    service: str
    name: str = ""
    model: str = ""
    warnings: list[str] = field(default_factory=list)


async def probe(
    seconds: float, interface: str = "", target: tuple[str, int] = GROUP
) -> list[Found]:
    """Those that answer within so many seconds, by their addresses. `interface` is the name or the
    address of the one to ask through. Raises CnapError where there is no such interface or network.
    """
    identity = f"uuid:{uuid.uuid4()}"
    answers = _Answers(identity)
    opened = _socket(interface)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: answers, sock=opened)
    try:
        question = PROBE.format(identity=identity).encode()
        for wait in (min(AGAIN, seconds / 2), max(0.0, seconds - AGAIN)):
            opened.sendto(question, target)
            await asyncio.sleep(wait)
    except OSError as error:
        raise CnapError(f"nobody can be asked in this network: {error.strerror}") from None
    finally:
        transport.close()
    return sorted(answers.found.values(), key=lambda found: found.address)


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, identity: str) -> None:
        self._identity = identity
        self.found: dict[tuple[str, str], Found] = {}

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        if len(self.found) >= MOST:
            return
        with contextlib.suppress(BadAnswer, ValueError):
            envelope = parse(data)
            if told(envelope, "*:Header/*:RelatesTo") != self._identity:
                return  # an answer to somebody else, or to nobody
            for match in envelope.iterfind("{*}Body/{*}ProbeMatches/{*}ProbeMatch"):
                camera = told(match, "*:EndpointReference/*:Address")
                if len(self.found) < MOST:
                    found = _match(sender[0], told(match, "*:XAddrs"), told(match, "*:Scopes"))
                    self.found.setdefault((sender[0], camera), found)


def _match(address: str, places: str, scopes: str) -> Found:
    urls = [url for url in places.split() if urlsplit(url).scheme in ("http", "https")]
    own = [url for url in urls if urlsplit(url).hostname == address]
    found = Found(address, (own or urls or [""])[0])
    for scope in scopes.split():
        kind, _, value = scope.removeprefix(SCOPE).partition("/")
        if kind == "name":
            found.name = clean(unquote(value))
        elif kind == "hardware":
            found.model = clean(unquote(value))
    if not urls:
        found.warnings.append("it says no address of its service")
    elif not own:
        found.warnings.append(f"it names another machine than itself: {urls[0]}; it isn't asked")
    return found


def _socket(interface: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    if interface:
        try:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, _address(interface))
        except OSError:
            opened.close()
            names = ", ".join(name for _, name in socket.if_nameindex())
            raise CnapError(f"there is no interface {interface}: there are {names}") from None
    return opened


def _address(interface: str) -> bytes:
    """What IP_MULTICAST_IF takes: an address, or an index (struct ip_mreqn)."""
    try:
        return socket.inet_aton(interface)
    except OSError:
        return bytes(8) + socket.if_nametoindex(interface).to_bytes(4, "little")
