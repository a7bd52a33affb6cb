"""A scan from its files to its findings: what is configured, who it is, what its tools can do, what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from yett.admin.identity import standing_of
from yett.app.address import scheme_of, url_of
from yett.app.own_program import own_names
from yett.app.scanning import Fault, ask, files_of, own_files, read_seen, servers_of, without_secrets, write_seen
from yett.catalog.classify import classify_tools
from yett.catalog.grade import grade
from yett.catalog.model import ToolDefinition
from yett.catalog.overriding import shown
from yett.scan.formats import Entry
from yett.scan.governing import is_governed
from yett.scan.identity import canonical
from yett.scan.judging import judge
from yett.scan.model import Client, ConfigFile, FoundServer, Identity, Package, Scanned, Standing, Tools
from yett.scan.packages import package_of, program_of
from yett.scan.poisoning import tools_of_others, with_flags
from yett.scan.seen import bounded, changes, facts_of, key_of, remember
from yett.scan.servers import found_server
from yett.settings import Settings
from yett.site.known import known_packages, known_server

_UNNAMED: Final = "server"


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in the files."""

    servers: list[FoundServer]
    faults: list[Fault]


@dataclass(frozen=True, slots=True)
class Asking:
    """How to learn of tools."""

    may: Callable[[FoundServer], bool]
    """Whether a server may be started or contacted; asked once for each that does not go through Yett."""
    told: Mapping[str, Sequence[ToolDefinition]]
    """Tools that are known already, by the server's name."""
    gateways: Sequence[str] = ()
    """Base urls of gateways beside the one of this configuration."""
    remember: bool = True
    """Whether what was seen counts as seen the next time."""


def never(_: FoundServer) -> bool:
    """For a scan that only reads."""
    return False


def find(path: Path | None, environment: Mapping[str, str], platform: str, *, alone: bool) -> Found:
    """Every server of the files at `path` and, unless `alone`, of this user's clients; each file once."""
    files = [*(files_of(path) if path is not None else []), *([] if alone else own_files(environment, platform))]
    once = {file.path.absolute(): file for file in reversed(files)}
    found = Found([], [])
    for file in reversed(once.values()):
        said = servers_of(file)
        if isinstance(said, Fault):
            found.faults.append(said)
        else:
            found.servers.extend(said)
    return found


def given_command(argv: Sequence[str]) -> FoundServer:
    """The server that a command line starts."""
    package, _ = package_of(argv)
    name = PurePosixPath(package.name).name if package is not None else program_of(argv)
    return _given(name, {"command": argv[0], "args": list(argv[1:])})


def given_url(url: str) -> FoundServer:
    """The server at an address."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return _given(host or _UNNAMED, {"url": url})


def _given(name: str, value: dict[str, object]) -> FoundServer:
    return replace(found_server(ConfigFile(Client.ANY, Path()), Entry(name or _UNNAMED, value)), file=None)


def scan(settings: Settings, servers: Sequence[FoundServer], asking: Asking) -> list[Scanned]:
    """Everything about each of them; what was seen is remembered. Errors: `OperatorFault`."""
    plane = settings.data_plane
    bases = (*asking.gateways, url_of(plane.host, plane.port, scheme_of(settings)))
    memory, scanned = read_seen(settings), []
    asked = []
    for server in servers:
        governed, identity = is_governed(server, bases, own_names()), standing_of(server)
        asked.append(
            (server, governed, identity, _tools(settings, server, identity, replace(asking, may=never) if governed else asking))
        )
    told = [(server, tools) for server, _, _, tools in asked]
    for server, governed, identity, learned in asked:
        tools = with_flags(learned, tools_of_others(server, told), partial(without_secrets, server=server))
        judged, key = tuple(shown(verdict) for verdict in classify_tools(tools.listed or ())), key_of(server)
        facts = facts_of(server, identity, tools, None if tools.listed is None else grade(judged))
        changed = changes(server, tools, memory.get(key), facts)
        judgement = judge(server, identity, tools, judged, changed, governed=governed)
        memory[key] = remember(server, tools, memory.get(key), facts)
        scanned.append(Scanned(server, governed, identity, tools, judged, changed, judgement))
    if asking.remember:
        write_seen(settings, bounded(memory, {key_of(server) for server in servers}))
    return scanned


def _tools(settings: Settings, server: FoundServer, identity: Identity, asking: Asking) -> Tools:
    """As they were given, else from the server itself, else from the catalogue."""
    if server.name in asking.told:
        return Tools(tuple(asking.told[server.name]), "the file of tools")
    if asking.may(server):
        return ask(settings, server)
    if identity.standing in {Standing.KNOWN, Standing.KNOWN_HOST} and server.package is not None:
        catalogued = _catalogued(server.package)
        if catalogued is not None:
            return catalogued
    return Tools(None, "not asked: " + ("--start starts it" if server.launch.url is None else "--contact asks it"))


def _catalogued(package: Package) -> Tools | None:
    """The tools of a package that the catalogue has, and how fresh that is."""
    for slug, _, listed in known_packages():
        server = known_server(slug) if (listed.ecosystem, listed.name) == (package.kind, canonical(package)) else None
        if server is not None:
            here = f"here it is {package.version}" if package.version else "here any version may run"
            fresh = f"its tools are those of version {listed.version}, listed on {listed.listed}; {here}"
            return Tools(tuple(tool for tool, _ in server.tools), "the catalogue of Yett", freshness=fresh)
    return None
