"""What somebody means by a server: an address, a package, or a name that is known here. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import urlsplit

from yett.errors import ClientFault
from yett.scan.formats import Entry
from yett.scan.model import Client, ConfigFile, FoundServer
from yett.scan.packages import package_of
from yett.scan.servers import found_server

NAMED_MAX: Final = 2_000
"""Characters of what names a server."""
Kind = Literal["url", "package", "name"]
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_URL: Final = re.compile(r"https?://", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_RUNNERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"npm": ("npx", "-y"), "pypi": ("uvx",), "docker": ("docker", "run", "-i", "--rm"), "oci": ("docker", "run", "-i", "--rm")}
)
"""How a package is run, by the prefix that says where it is from."""
_REGISTRIES: Final[Mapping[str, str]] = MappingProxyType({"npm": "npm", "pypi": "pypi", "docker": "image", "oci": "image"})


class NotNamed(ClientFault):
    """What is given names no server."""


@dataclass(frozen=True, slots=True)
class Named:
    """What was given, and the servers that may be meant by it, the likeliest first."""

    text: str
    kind: Kind
    candidates: tuple[FoundServer, ...]
    """Several where a package's name does not say which registry it is from."""


def named(text: str) -> Named:
    """The server that `text` names. Errors: `NotNamed`."""
    if not text or len(text) > NAMED_MAX:
        raise NotNamed(f"a server is named by 1 to {NAMED_MAX:,} characters: a package, a url, or a name that is known here")
    if _CONTROL.search(text):
        raise NotNamed("the server's name holds a blank, a control character, or one that is not shown")
    if _URL.match(text):
        return Named(text, "url", (_at(text),))
    if _SCHEME.match(text):
        raise NotNamed(f"`{text.partition('://')[0]}://` is no scheme of a server: write `https://HOST/PATH`")
    registry, colon, rest = text.partition(":")
    if colon and registry in _RUNNERS:
        return Named(text, "package", (_package(registry, rest, text),))
    if text.startswith("@"):
        return Named(text, "package", (_package("npm", text, text),))
    if "/" in text:
        return Named(text, "package", (_package("docker", text, text),))
    both = [found for found in (_tried("pypi", text), _tried("npm", text)) if found is not None]
    if not both:
        raise NotNamed(
            f"`{text}` is no name of a package, and no url; write `npm:NAME`, `pypi:NAME`, `docker:IMAGE` or `https://…`"
        )
    return Named(text, "name", tuple(both))


def program_of(name: str, argv: Sequence[str]) -> FoundServer:
    """The server that a command line starts, under a name; without words, one of which only the name is known."""
    found = _given(name, {"command": argv[0], "args": list(argv[1:])} if argv else {})
    return found if argv else replace(found, notes=())


def address_of(name: str, url: str) -> FoundServer:
    """The server at an address, under a name."""
    return _given(name, {"url": url})


def _at(url: str) -> FoundServer:
    try:
        host = urlsplit(url).hostname
    except ValueError as error:
        raise NotNamed("the url cannot be read; write `https://HOST/PATH`") from error
    if not host:
        raise NotNamed("the url has no host; write `https://HOST/PATH`")
    return address_of(host, url)


def _package(registry: str, name: str, text: str) -> FoundServer:
    found = _tried(registry, name)
    if found is None:
        raise NotNamed(f"`{text}` is no name of a package of {registry}")
    return found


def _tried(registry: str, name: str) -> FoundServer | None:
    """The package of this name; None where no package can be called that."""
    if not name or name.startswith("-"):
        return None
    argv = (*_RUNNERS[registry], name)
    package, _ = package_of(argv)
    if package is None or package.kind != _REGISTRIES[registry]:
        return None
    return program_of(package.name.rpartition("/")[2] or package.name, argv)


def _given(name: str, value: dict[str, object]) -> FoundServer:
    found = found_server(ConfigFile(Client.ANY, Path()), Entry(name, value))
    return replace(found, file=None)
