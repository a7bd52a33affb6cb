"""Whether a server is a well-known one, or only resembles one."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from yett.scan.model import FoundServer, Identity, Package, Standing
from yett.scan.packages import package_of
from yett.scan.servers import is_local

_ALIKE: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "3": "e", "_": "-", ".": "-"})
"""Characters that are taken for each other."""
_LONG: Final = 9
"""From so many characters on, two typing faults are near; below, one."""
_SHORTEST: Final = 5


@dataclass(frozen=True, slots=True)
class WellKnown:
    """A server of the list that comes with Yett."""

    name: str
    title: str
    authentication: str
    url: str | None
    package: Package | None

    @property
    def host(self) -> str | None:
        """The host of its address."""
        return urlsplit(self.url).hostname if self.url else None


def well_known(name: str, title: str, authentication: str, *, url: str | None, command: str | None) -> WellKnown:
    """An entry; `command` is the line of `yett server add` whose program stands behind `--`."""
    _, _, program = (command or "").partition(" -- ")
    package, _ = package_of(shlex.split(program))
    return WellKnown(name, title, authentication, url, package)


def identify(server: FoundServer, known: Sequence[WellKnown]) -> Identity:
    """Who a server seems to be, by its address or its package."""
    if server.disputed is not None:
        return Identity(Standing.UNKNOWN, why=server.disputed)
    if server.launch.url is not None and server.host is None:
        return Identity(Standing.UNKNOWN, why="its address cannot be read for sure")
    if server.host is not None:
        return _by_host(server.host, server.launch.url or "", known)
    if server.package is not None:
        return _by_package(server.package, known)
    return Identity(Standing.UNKNOWN, why="it is a program of this machine, from no package")


def _by_host(host: str, url: str, known: Sequence[WellKnown]) -> Identity:
    if is_local(host):
        return Identity(Standing.LOCAL, why="it is on this machine")
    same = [one for one in known if one.host == host]
    exact = next((one for one in same if one.url and _address(one.url) == _address(url)), None)
    if exact is not None:
        return Identity(Standing.KNOWN, exact.name, f"the address of {exact.title}", exact.authentication)
    if same and urlsplit(url).scheme.lower() == "https" and urlsplit(url).port in {None, 443}:
        return Identity(Standing.KNOWN_HOST, same[0].name, f"another address on the host of {same[0].title}", None)
    if "xn--" in host:
        return Identity(Standing.IMPOSTOR, why="its host is written with letters that look like others")
    for one in known:
        if one.host and _host_resembles(host, one.host):
            return Identity(Standing.IMPOSTOR, one.name, f"its host resembles `{one.host}` of {one.title}")
    return Identity(Standing.UNKNOWN, why="its host is not on the list of well-known servers")


def _address(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port not in {None, 443} else ""
    except ValueError:
        port = ":?"
    return parts.scheme.lower(), f"{(parts.hostname or '').lower()}{port}", parts.path.rstrip("/")


def _host_resembles(host: str, known: str) -> bool:
    """A typing fault away, or the known name as part of another one."""
    if host.endswith(f".{_registered(known)}") or host == known:
        return False
    return near(host, known) or host.startswith(f"{known}.") or host.startswith(f"{known}-") or host.endswith(f"-{known}")


def _registered(host: str) -> str:
    """The last two labels: whose names are given by one owner, for every host on our list."""
    return ".".join(host.split(".")[-2:])


def _by_package(package: Package, known: Sequence[WellKnown]) -> Identity:
    packages = [(one, one.package) for one in known if one.package is not None]
    for one, theirs in packages:
        if theirs.name == canonical(package) and theirs.kind == package.kind:
            return Identity(Standing.KNOWN, one.name, f"the package of {one.title}", one.authentication)
    for one, theirs in packages:
        said = _package_resembles(package, theirs)
        if said:
            return Identity(Standing.IMPOSTOR, one.name, f"{said} `{theirs.name}` of {one.title}")
    return Identity(Standing.UNKNOWN, why="its package is not on the list of well-known servers")


def canonical(package: Package) -> str:
    """The name by which a registry knows the package, however it is written."""
    name = package.name
    if package.kind == "pypi":
        return name.lower().replace("_", "-").replace(".", "-")
    if package.kind == "image":
        return name.removeprefix("docker.io/")
    return name


def _package_resembles(package: Package, known: Package) -> str | None:
    name, theirs = canonical(package), known.name
    if name == theirs:
        return f"it is fetched as {package.kind}, where somebody else may own the name, and not as {known.kind} like"
    if near(name, theirs):
        return "its package resembles"
    own = name.rpartition("/")[2]
    if "/" in theirs and own == theirs.rpartition("/")[2] and len(own) > _SHORTEST:
        return "it has the name, and another publisher, than"
    return None


def near(one: str, other: str) -> bool:
    """Whether somebody could take one name for the other."""
    if one == other:
        return False
    if one.translate(_ALIKE) == other.translate(_ALIKE):
        return True
    length = min(len(one), len(other))
    return length >= _SHORTEST and distance(one, other) <= (2 if length >= _LONG else 1)


def distance(one: str, other: str) -> int:
    """How many characters are left out, put in, exchanged or swapped with their neighbour; 3 for anything beyond 2."""
    if abs(len(one) - len(other)) > 2 or max(len(one), len(other)) > 300:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, char in enumerate(one, 1):
        older, before, row = before, row, [at]
        for to, theirs in enumerate(other, 1):
            least = min(before[to] + 1, row[-1] + 1, before[to - 1] + (char != theirs))
            if at > 1 and to > 1 and char == other[to - 2] and one[at - 2] == theirs:
                least = min(least, older[to - 2] + 1)
            row.append(least)
    return min(row[-1], 3)
