"""A camera's streams, by ONVIF's device and media services (ver10), over SOAP."""

import asyncio
import base64
import contextlib
import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import aiohttp

from cnap.errors import CnapError, Unavailable
from cnap.onvif.xml import MOST_BYTES, BadAnswer, parse, told

PATIENCE = 10.0
"""Seconds for all that one camera is asked."""
MOST_PROFILES = 32
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
DIGEST = f"{SECURITY}-username-token-profile-1.0#PasswordDigest"
BASE64 = f"{SECURITY}-soap-message-security-1.0#Base64Binary"
ENVELOPE = """<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">{header}<s:Body>{body}</s:Body>
</s:Envelope>"""
SIGNED = """<s:Header><Security s:mustUnderstand="1" xmlns="{security}-wssecurity-secext-1.0.xsd">
<UsernameToken><Username>{user}</Username><Password Type="{kind}">{digest}</Password>
<Nonce EncodingType="{base64}">{nonce}</Nonce>
<Created xmlns="{security}-wssecurity-utility-1.0.xsd">{created}</Created>
</UsernameToken></Security></s:Header>"""


@dataclass(frozen=True)
class Login:
    user: str
    password: str


@dataclass(frozen=True)
class Profile:
    """A stream that a camera offers; `url` has no login in it."""

    name: str
    url: str
    codec: str = ""
    size: tuple[int, int] = (0, 0)
    warning: str = ""


class Refused(CnapError):
    """The camera refused the login."""


class Device:
    """A camera at the url of its device service: the login is sent to that host, to no other."""

    def __init__(self, session: aiohttp.ClientSession, service: str, login: Login | None) -> None:
        self._session, self._service, self._login = session, service, login
        self._host = urlsplit(service).hostname
        self._clock = timedelta(0)
        digest = login and aiohttp.DigestAuthMiddleware(login.user, login.password)
        self._middlewares = (digest,) if digest else ()

    async def profiles(self) -> list[Profile]:
        """Raises Refused, Unavailable or BadAnswer."""
        try:
            async with asyncio.timeout(PATIENCE):
                with contextlib.suppress(BadAnswer, Refused, ValueError):
                    await self._set_clock()
                media = await self._media()
                return [await self._profile(media, one) for one in await self._offered(media)]
        except TimeoutError:
            raise Unavailable(f"it does not answer within {PATIENCE:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"it can't be asked: {error}") from None
        except ValueError as error:
            raise BadAnswer(f"it answers nonsense: {error}") from None

    async def _set_clock(self) -> None:
        """Cameras refuse logins that seem old to them: it is their time that counts."""
        answer = await self._asked(
            self._service, f'<GetSystemDateAndTime xmlns="{DEVICE}"/>', False
        )
        moment = answer.find(".//{*}UTCDateTime")
        if moment is not None:
            parts = [f"*:Date/*:{part}" for part in ("Year", "Month", "Day")]
            parts += [f"*:Time/*:{part}" for part in ("Hour", "Minute", "Second")]
            numbers = [int(told(moment, part)) for part in parts]
            self._clock = datetime(*numbers, tzinfo=UTC) - datetime.now(UTC)

    async def _media(self) -> str:
        body = f'<GetCapabilities xmlns="{DEVICE}"><Category>Media</Category></GetCapabilities>'
        answer = await self._asked(self._service, body)
        url = told(answer.find(".//{*}Media"), "*:XAddr")
        if urlsplit(url).scheme not in ("http", "https"):
            raise BadAnswer("it has no media service")
        if urlsplit(url).hostname != self._host:
            raise BadAnswer(f"its media service is said to be on another machine: {url}")
        return url

    async def _offered(self, media: str) -> list[Element]:
        answer = await self._asked(media, f'<GetProfiles xmlns="{MEDIA}"/>')
        return answer.findall(".//{*}Profiles")[:MOST_PROFILES]

    async def _profile(self, media: str, offered: Element) -> Profile:
        body = (
            f'<GetStreamUri xmlns="{MEDIA}"><StreamSetup>'
            f'<Stream xmlns="{SCHEMA}">RTP-Unicast</Stream>'
            f'<Transport xmlns="{SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
            f"<ProfileToken>{escape(offered.get('token', ''))}</ProfileToken></GetStreamUri>"
        )
        answer = await self._asked(media, body)
        url = _without_login(told(answer, ".//*:MediaUri/*:Uri"))
        encoder = offered.find("{*}VideoEncoderConfiguration")
        size = [told(encoder, f"*:Resolution/*:{side}") for side in ("Width", "Height")]
        return Profile(
            name=told(offered, "*:Name") or offered.get("token", ""),
            url=url,
            codec=told(encoder, "*:Encoding"),
            size=tuple(int(side) if side.isdecimal() else 0 for side in size),
            warning=self._doubt(url),
        )

    def _doubt(self, url: str) -> str:
        if urlsplit(url).scheme not in ("rtsp", "rtsps"):
            return "this is no rtsp:// url"
        if urlsplit(url).hostname != self._host:
            return f"this stream is on another machine than the camera ({self._host})"
        return ""

    async def _asked(self, url: str, body: str, signed: bool = True) -> Element:
        header = self._token() if signed and self._login else ""
        async with self._session.post(
            url,
            data=ENVELOPE.format(header=header, body=body).encode(),
            headers={"Content-Type": "application/soap+xml; charset=utf-8"},
            allow_redirects=False,
            middlewares=self._middlewares,
        ) as answer:
            data = await answer.content.read(MOST_BYTES + 1)
            while len(data) <= MOST_BYTES and (more := await answer.content.read(1 << 16)):
                data += more
            if answer.status in (401, 403):
                raise Refused(_refusal(self._login))
            if answer.status not in (200, 400, 500):  # the latter are how SOAP tells of a fault
                raise BadAnswer(f"it answers {answer.status}")
            envelope = parse(data)
        fault = envelope.find("{*}Body/{*}Fault")
        if fault is not None:
            codes = " ".join(one.text or "" for one in fault.iterfind(".//{*}Value"))
            if "NotAuthorized" in codes or "FailedAuthentication" in codes:
                raise Refused(_refusal(self._login))
            raise BadAnswer(f"it refuses: {told(fault, './/*:Text') or 'it does not say why'}")
        return envelope

    def _token(self) -> str:
        """WSS UsernameToken Profile 1.0, 3.1."""
        nonce = os.urandom(16)
        created = f"{datetime.now(UTC) + self._clock:%Y-%m-%dT%H:%M:%SZ}"
        secret = nonce + created.encode() + self._login.password.encode()
        return SIGNED.format(
            security=SECURITY,
            kind=DIGEST,
            base64=BASE64,
            user=escape(self._login.user),
            digest=base64.b64encode(hashlib.sha1(secret, usedforsecurity=False).digest()).decode(),
            nonce=base64.b64encode(nonce).decode(),
            created=created,
        )


def _refusal(login: Login | None) -> str:
    if login:
        return f"it refused the login of {login.user}"
    return "it wants a login: --username NAME --password-stdin"


def _without_login(url: str) -> str:
    """Some cameras put their own password into the url."""
    scheme, separator, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{separator}{place.rpartition('@')[2]}{slash}{path}"
