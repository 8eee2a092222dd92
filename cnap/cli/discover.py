"""`cnap discover`: which ONVIF cameras there are, and their streams as entries of cameras.yaml."""

import asyncio
import json
import os
import re
import sys
from dataclasses import asdict, dataclass, field
from urllib.parse import quote, urlsplit

import aiohttp
import click
import yaml

from cnap.cli.table import table
from cnap.errors import CnapError
from cnap.onvif.device import Device, Login, Profile
from cnap.onvif.probe import GROUP, Found, probe

AT_ONCE = 16
REFERENCE = "CAMERA_PASSWORD"


@dataclass
class Camera:
    """A camera that answered, and what it offers to who has its login."""

    found: Found
    profiles: list[Profile] = field(default_factory=list)
    problem: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.found.name, self.found.model))) or "(no name)"


@click.command(
    epilog="Example:  cnap discover --username admin --password-stdin --yaml < password.txt"
)
@click.option(
    "--seconds", type=click.FloatRange(0.2, 60), default=3, show_default=True, help="How long."
)
@click.option("--interface", default="", metavar="NAME|ADDRESS", help="The network to ask in.")
@click.option(
    "--to",
    "target",
    metavar="HOST[:PORT]",
    help="Ask this camera only: where no multicast goes.",
)
@click.option("--username", metavar="NAME", help="Ask each camera for its streams, with a login.")
@click.option("--password-stdin", is_flag=True, help="The password is the first line of stdin.")
@click.option(
    "--login",
    "variable",
    metavar="VARIABLE",
    help="The password is in this environment variable, which entries refer to.",
)
@click.option("--yaml", "as_yaml", is_flag=True, help="Entries for cameras.yaml.")
@click.option("--json", "as_json", is_flag=True, help="All that is known, as JSON.")
def discover(
    seconds: float,
    interface: str,
    target: str | None,
    username: str | None,
    password_stdin: bool,
    variable: str | None,
    as_yaml: bool,
    as_json: bool,
) -> None:
    """Find ONVIF cameras in the local network. Passwords are never printed: entries have a
    reference, ${CAMERA_PASSWORD} or the variable of --login."""
    login = _login(username, password_stdin, variable)
    cameras = asyncio.run(_all(seconds, interface, _target(target), login, as_yaml))
    if as_json:
        click.echo(json.dumps([asdict(camera) for camera in cameras], indent=2))
    elif as_yaml:
        click.echo(entries(cameras, login, variable or REFERENCE), nl=False)
    else:
        _print(cameras)
    if not cameras:
        raise CnapError(
            f"no camera answered within {seconds:g} s. Multicast often ends at Wi-Fi, VPNs and "
            "containers: try --interface, or --to with a camera's address; some cameras have "
            "ONVIF switched off"
        )


async def _all(
    seconds: float, interface: str, target: tuple[str, int], login: Login | None, streams: bool
) -> list[Camera]:
    cameras = [Camera(found) for found in await probe(seconds, interface, target)]
    if login or streams:
        limit = asyncio.Semaphore(AT_ONCE)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            await asyncio.gather(*(_ask(session, camera, login, limit) for camera in cameras))
    return cameras


async def _ask(
    session: aiohttp.ClientSession, camera: Camera, login: Login | None, limit: asyncio.Semaphore
) -> None:
    if camera.found.warnings:
        return  # it is not who it says it is: a login is nothing for it
    async with limit:
        try:
            camera.profiles = await Device(session, camera.found.service, login).profiles()
        except CnapError as error:
            camera.problem = str(error)


def _login(username: str | None, password_stdin: bool, variable: str | None) -> Login | None:
    if username is None:
        if password_stdin or variable:
            raise click.UsageError("whose password is it? add --username NAME")
        return None
    if password_stdin == bool(variable):
        raise click.UsageError("--username needs --password-stdin, or --login VARIABLE")
    if password_stdin:
        return Login(username, sys.stdin.readline().rstrip("\r\n"))
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", variable):
        raise click.UsageError(f"{variable} is no name of a variable")
    if variable not in os.environ:
        raise click.UsageError(f"nothing is called {variable} in the environment")
    return Login(username, os.environ[variable])


def _target(text: str | None) -> tuple[str, int]:
    if text is None:
        return GROUP
    host, _, port = text.partition(":")
    if not host or (port and not (port.isdecimal() and 0 < int(port) < 65536)):
        raise click.UsageError(f"--to {text}: write it as 10.0.0.7 or 10.0.0.7:3702")
    return host, int(port or GROUP[1])


def _print(cameras: list[Camera]) -> None:
    rows = [[camera.name, camera.found.address, camera.found.service] for camera in cameras]
    if rows:
        table(["camera", "address", "service"], rows)
    for camera in cameras:
        for words in filter(None, (*camera.found.warnings, camera.problem)):
            click.echo(f"{camera.found.address}: {words}", err=True)
        for profile in camera.profiles:
            about = f"{profile.codec} {profile.size[0]}x{profile.size[1]}"
            click.echo(f"  {camera.found.address}  {profile.name}  {about}  {profile.url}")
            if profile.warning:
                click.echo(f"{camera.found.address}: {profile.warning}", err=True)


def entries(cameras: list[Camera], login: Login | None, reference: str) -> str:
    """The text of a cameras.yaml with each camera's first stream; the others, and what is doubtful,
    are comments."""
    lines, names = ["cameras:"], set()
    for camera in cameras:
        lines.append(f"  # {camera.name}, {camera.found.address}")
        lines += [f"  # {words}" for words in (*camera.found.warnings, camera.problem) if words]
        sure = next((profile for profile in camera.profiles if not profile.warning), None)
        for profile in camera.profiles:
            url = _with_login(profile.url, login, reference)
            about = f"{profile.name}: {profile.codec} {profile.size[0]}x{profile.size[1]}"
            if profile is not sure:
                lines.append(f"  # {about}, {url} {profile.warning}".rstrip())
                continue
            entry = [{"name": _unused(camera, names), "url": url, "models": []}]
            text = yaml.safe_dump(entry, sort_keys=False, width=10_000, allow_unicode=True)
            lines += [f"  # {about}", *(f"  {line}" for line in text.splitlines())]
    if not names:
        lines[0] = "cameras: []"
    return "\n".join(lines) + "\n"


def _with_login(url: str, login: Login | None, reference: str) -> str:
    url = url.replace("$", "%24")  # a camera could ask for any secret by a reference of its own
    if login is None or not urlsplit(url).scheme:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{quote(login.user, safe='')}:${{{reference}}}@{rest}"


def _unused(camera: Camera, names: set[str]) -> str:
    """A name for the stream, as cameras.yaml takes it."""
    said = re.sub("[^a-z0-9]+", "-", camera.found.name.lower()).strip("-")[:40].strip("-")
    name = said or "camera-" + re.sub("[^0-9]+", "-", camera.found.address)
    chosen, number = name, 2
    while chosen in names:
        chosen, number = f"{name}-{number}", number + 1
    names.add(chosen)
    return chosen
