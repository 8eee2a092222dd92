"""A real web server: nginx, in a folder of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import ended_after, free_ports, until

CONFIG = """
daemon off; master_process off; pid {work}/pid; error_log {work}/error.log error;
events {{}}
http {{
    access_log off;
    types {{
        application/vnd.apple.mpegurl m3u8; video/mp2t ts; video/mp4 mp4 m4s;
        image/jpeg jpg; image/png png;
    }}
    client_body_temp_path {work}/body; proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi; uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}; {rest} }}
}}
"""


@contextmanager
def serving(folder: Path, work: Path, rest: str = "") -> Iterator[str]:
    """The url of the folder's files; `rest` is more of the server's configuration. Skips where
    there is no nginx."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("no nginx here: `./install.sh peers` as root installs it")
    (port,) = free_ports(1)
    work.mkdir(parents=True, exist_ok=True)
    config = work / "nginx.conf"
    config.write_text(CONFIG.format(work=work, port=port, folder=folder, rest=rest))
    words = [program, "-p", str(work), "-c", str(config), "-e", str(work / "error.log")]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    with ended_after(process):
        until(lambda: _listens(port), "nginx")
        yield f"http://127.0.0.1:{port}"


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
