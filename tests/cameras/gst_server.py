"""GStreamer's RTSP server, run by the Python that has GObject: `python3 gst_server.py JSON`.

JSON: pipelines by path, and optionally login ("basic" or "digest"), user, password, transport,
certificate (PEM with its key). Prints the port.
"""

import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

ROLE = "viewer"


def main() -> None:
    Gst.init(None)
    wanted = json.loads(sys.argv[1])
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service("0")
    login = wanted.get("login")
    if login or wanted.get("certificate"):
        server.set_auth(_auth(login, wanted))
    for path, pipeline in wanted["pipelines"].items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(pipeline)
        factory.set_shared(True)
        if wanted.get("transport") == "tcp":
            factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
        elif wanted.get("transport") == "udp":
            factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
        if server.get_auth():
            permissions = GstRtspServer.RTSPPermissions.new()
            for right in ("media.factory.access", "media.factory.construct"):
                permissions.add_permission_for_role(ROLE, right, True)
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


def _auth(login: str | None, wanted: dict) -> GstRtspServer.RTSPAuth:
    auth = GstRtspServer.RTSPAuth.new()
    if wanted.get("certificate"):
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(wanted["certificate"]))
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", ROLE)
    if not login:
        auth.set_default_token(token)
    elif login == "basic":
        user, password = wanted["user"], wanted["password"]
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(wanted["user"], wanted["password"], token)
    return auth


main()
