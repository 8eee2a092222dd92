"""An ONVIF camera that is none: answers WS-Discovery by UDP and four questions by SOAP, and lies
in whatever way a test wants."""

import base64
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
    'xmlns:t="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:m="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:c="http://www.onvif.org/ver10/schema">'
    "<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
NOT_AUTHORIZED = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value>"
    "</s:Subcode></s:Code><s:Reason><s:Text>go away</s:Text></s:Reason></s:Fault>"
)
CLOCK_MAY_DIFFER = timedelta(seconds=30)


@dataclass
class FakeCamera:
    user: str = "admin"
    password: str = "s3cret&more"
    wants: str = "token"
    """token (WSS UsernameToken), digest (HTTP's), or nothing"""
    scopes: str = "onvif://www.onvif.org/name/Front%20Door onvif://www.onvif.org/hardware/X-1"
    ahead: timedelta = timedelta(0)
    """By which its clock is ahead of ours."""
    profiles: tuple[str, ...] = ("main", "sub")
    stream: str = "rtsp://127.0.0.1:554/{token}"
    media: str = ""
    addresses: str = ""
    """XAddrs instead of its own."""
    answer: bytes | None = None
    """To every question over HTTP."""
    match: bytes | None = None
    """To every probe."""
    times: int = 1
    """How often it answers a probe, each time as another camera."""
    questions: list[str] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    port: int = 0
    udp: int = 0

    @property
    def service(self) -> str:
        return f"http://127.0.0.1:{self.port}/onvif/device_service"

    def matched(self, identity: str, number: int) -> bytes:
        if self.match is not None:
            return self.match.replace(b"IDENTITY", identity.encode())
        body = (
            "<d:ProbeMatches><d:ProbeMatch><a:EndpointReference>"
            f"<a:Address>urn:uuid:{self.udp}-{number}</a:Address></a:EndpointReference>"
            f"<d:Scopes>{self.scopes}</d:Scopes><d:XAddrs>{self.addresses or self.service}"
            "</d:XAddrs></d:ProbeMatch></d:ProbeMatches>"
        )
        header = f"<a:RelatesTo>{identity}</a:RelatesTo>"
        return ENVELOPE.format(header=header, body=body).encode()

    def told(self, question: str, request: str) -> str:
        if question == "GetSystemDateAndTime":
            now = datetime.now(UTC) + self.ahead
            date = f"<c:Year>{now.year}</c:Year><c:Month>{now.month}</c:Month><c:Day>{now.day}"
            time = f"<c:Hour>{now.hour}</c:Hour><c:Minute>{now.minute}</c:Minute>"
            return (
                f"<t:SystemDateAndTime><c:UTCDateTime><c:Time>{time}<c:Second>{now.second}"
                f"</c:Second></c:Time><c:Date>{date}</c:Day></c:Date></c:UTCDateTime>"
                "</t:SystemDateAndTime>"
            )
        if question == "GetCapabilities":
            place = f"<c:Media><c:XAddr>{self.media or self.service}</c:XAddr></c:Media>"
            return f"<t:Capabilities>{place}</t:Capabilities>"
        if question == "GetProfiles":
            return "".join(
                f'<m:Profiles token="{token}"><c:Name>{token}</c:Name>'
                "<c:VideoEncoderConfiguration><c:Encoding>H264</c:Encoding><c:Resolution>"
                "<c:Width>1920</c:Width><c:Height>1080</c:Height></c:Resolution>"
                "</c:VideoEncoderConfiguration></m:Profiles>"
                for token in self.profiles
            )
        token = re.search("<ProfileToken>(.*?)<", request)[1]
        return f"<m:MediaUri><c:Uri>{self.stream.format(token=token)}</c:Uri></m:MediaUri>"

    def has_token(self, request: str) -> bool:
        parts = [re.search(f"<{name}(?: [^>]*)?>(.*?)<", request) for name in
                 ("Username", "Password", "Nonce", "Created")]  # fmt: skip
        if not all(parts):
            return False
        user, digest, nonce, created = (part[1] for part in parts)
        age = datetime.now(UTC) + self.ahead - datetime.fromisoformat(created)
        secret = base64.b64decode(nonce) + created.encode() + self.password.encode()
        right = base64.b64encode(hashlib.sha1(secret).digest()).decode()
        return user == self.user and digest == right and abs(age) < CLOCK_MAY_DIFFER

    def has_digest(self, header: str) -> bool:
        """RFC 7616, 3.4.1, with qop=auth and MD5."""
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', header))
        if said.get("username") != self.user:
            return False

        def md5(text):
            return hashlib.md5(text.encode()).hexdigest()

        own = md5(f"{self.user}:cam:{self.password}")
        what = md5(f"POST:{said['uri']}")
        middle = ":".join(said[name] for name in ("nonce", "nc", "cnonce", "qop"))
        return said["response"] == md5(f"{own}:{middle}:{what}")


@contextmanager
def running(camera: FakeCamera, group: str = "") -> Iterator[FakeCamera]:
    """The camera on loopback; in the multicast group as well, if one is given."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(camera))
    camera.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind((group or "127.0.0.1", 0))
    if group:
        joined = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
        listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
    listening.settimeout(0.05)
    camera.udp = listening.getsockname()[1]
    ended = threading.Event()
    answering = threading.Thread(target=_answer_probes, args=(camera, listening, ended))
    answering.start()
    try:
        yield camera
    finally:
        ended.set()
        answering.join()
        listening.close()
        server.shutdown()
        server.server_close()


def _answer_probes(camera: FakeCamera, listening: socket.socket, ended: threading.Event) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answering:
        answering.bind(("127.0.0.1", 0))
        while not ended.is_set():
            try:
                data, asker = listening.recvfrom(1 << 16)
            except TimeoutError:
                continue
            camera.seen.append(data)
            identity = re.search(rb"MessageID>(.*?)<", data)[1].decode()
            for number in range(camera.times):
                answering.sendto(camera.matched(identity, number), asker)


def _handler(camera: FakeCamera) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            request = self.rfile.read(int(self.headers["Content-Length"])).decode()
            question = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", request)[1]
            camera.questions.append(question)
            camera.seen.append(request.encode())
            if camera.answer is not None:
                return self.say(200, camera.answer)
            free = question == "GetSystemDateAndTime" or camera.wants == "nothing"
            if not free and camera.wants == "digest":
                if not camera.has_digest(self.headers.get("Authorization", "")):
                    return self.say(401, b"", 'Digest realm="cam", nonce="n1", qop="auth"')
            elif not free and not camera.has_token(request):
                return self.say(400, ENVELOPE.format(header="", body=NOT_AUTHORIZED).encode())
            body = f"<t:{question}Response>{camera.told(question, request)}</t:{question}Response>"
            return self.say(200, ENVELOPE.format(header="", body=body).encode())

        def say(self, status, data, challenge=""):
            self.send_response(status)
            if challenge:
                self.send_header("WWW-Authenticate", challenge)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    return Handler
