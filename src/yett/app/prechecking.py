"""From what names a server to the verdict on it: by what this installation, the catalogue and the index know, and a memory.

Nothing is started or contacted unless whoever asks says so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from yett.admin.control import Control
from yett.admin.errors import NotFound
from yett.admin.identity import as_record, known_list, standing_of
from yett.admin.outside import REFUSED
from yett.app.control import connect
from yett.app.scanning import ask
from yett.app.upstreams import commands_of
from yett.catalog.classify import classify_tools
from yett.catalog.definition import DefinitionError, tool_definition
from yett.catalog.model import Override, RiskClass, Severity, ShownVerdict, ToolDefinition
from yett.catalog.overriding import shown
from yett.catalog.page_model import CataloguedServer
from yett.catalog.record import LISTED, Auth, ServerPosture
from yett.errors import OperatorFault
from yett.precheck.memory import LastSeen, SinceLastSeen, key_of, read_memory, seen_now, since, written
from yett.precheck.naming import Named, address_of, named, program_of
from yett.precheck.verdict import Known, Lately, Precheck, letter_of, precheck
from yett.private_files import read_private, write_private
from yett.scan.model import Changes, FoundServer, Identity, Standing, Tools
from yett.scan.stripping import shown_origin
from yett.settings import Settings
from yett.site.known import known_packages, known_server
from yett.stores.catalogue_index import FILE as INDEX_FILE
from yett.stores.catalogue_index import CatalogueIndex
from yett.stores.control.lock import DATABASE_FILE

MEMORY: Final = "precheck.json"
LATELY: Final = timedelta(days=30)
LATELY_MAX: Final = 5
INDEXED: Final = "the index of servers that others list"
NOT_ASKED: Final = "it was not asked, and neither this installation nor the catalogue knows them"


@dataclass(frozen=True, slots=True)
class Asking:
    """How to learn more than what is known here."""

    may: Callable[[FoundServer], bool] = lambda _: False
    """Whether a server may be started or contacted."""
    told: Sequence[ToolDefinition] | None = None
    """Its tools, where whoever asks has them."""
    name: str | None = None
    """What the client calls the server; its package's name or host by default."""
    remember: bool = True


@contextmanager
def installation(settings: Settings) -> Iterator[Control | None]:
    """The control plane's use cases; None where there is no installation, which is not made by asking."""
    if not (settings.state_dir / DATABASE_FILE).exists():
        yield None
        return
    with connect(settings) as control:
        yield control


def check(settings: Settings, text: str, control: Control | None, asking: Asking, now: datetime) -> Precheck:
    """The verdict on the server that `text` names. Errors: `NotNamed`, `OperatorFault`."""
    return check_known(settings, text, find(settings, named(text), control, asking, now), asking, now)


def check_known(settings: Settings, text: str, known: Known, asking: Asking, now: datetime) -> Precheck:
    """The same where it was looked up already. Errors: `OperatorFault`."""
    if asking.name is not None:
        known = replace(known, server=replace(known.server, name=asking.name))
    memory, key = _read(settings), key_of(text)
    before, graded = memory.get(key), letter_of(known)
    standing = None if graded is None else graded.letter, known.identity.verification, known.posture.auth
    seen = seen_now(before, known.server, known.tools, now.strftime("%Y-%m-%dT%H:%M:%SZ"), standing)
    changed: SinceLastSeen = since(before, known.server, known.tools, seen)
    if asking.remember:
        _write(settings, {**memory, key: seen})
    shown_text = shown_origin(text)[0] if text.lower().startswith(("http://", "https://")) else text
    return precheck(shown_text, known, changed, now.date())


def verdict_on(settings: Settings, server: FoundServer, now: datetime) -> Precheck:
    """The verdict on a server as somebody configured it, by what is known of its package or address; nothing is remembered."""
    known = _by_launch(settings, server)
    return precheck(server.name, replace(known, server=server), SinceLastSeen(None, Changes(first=True)), now.date())


def find(settings: Settings, named: Named, control: Control | None, asking: Asking, now: datetime) -> Known:
    """Everything that is known of a server."""
    known = _by_name(settings, named.text, control, now) if named.kind == "name" else None
    if known is None:
        known = _by_launch(settings, _likeliest(named.candidates))
    if asking.told is not None:
        return _with_tools(known, Tools(tuple(asking.told), "the file of tools"))
    if asking.may(known.server):
        tools = ask(settings, known.server)
        asked = _with_tools(known, tools) if tools.listed is not None or known.tools.listed is None else known
        return replace(asked, posture=_posture(known, tools))
    return known


def _by_name(settings: Settings, name: str, control: Control | None, now: datetime) -> Known | None:
    """A server of this installation, of the catalogue, of the list of well-known ones, or of the index."""
    found = None if control is None else _installed(settings, name, control, now)
    if found is not None:
        return found
    catalogued = known_server(name)
    if catalogued is not None:
        return _catalogued(catalogued, "the catalogue that comes with Yett")
    for one in known_list():
        if one.name == name and one.url is not None:
            return _by_launch(settings, address_of(name, one.url), slug=name)
        if one.name == name and one.package is not None:
            return _by_launch(settings, program_of(name, _argv(one.package.kind, one.package.name)), slug=name)
    listed = indexed(settings, name)
    return None if listed is None else _catalogued(listed, INDEXED)


def indexed(settings: Settings, name: str, tool: str | None = None) -> CataloguedServer | None:
    """The server of this slug or very name in the index; with one tool as it is defined. Errors: `OperatorFault`."""
    with contextlib.closing(CatalogueIndex(settings.state_dir / INDEX_FILE)) as index:
        slug = index.slug_of(name) or name
        return index.server(slug) if tool is None else index.tool(slug, tool)


def _installed(settings: Settings, name: str, control: Control, now: datetime) -> Known | None:
    try:
        view, record = control.server(name), control.record(name)
    except NotFound:
        return None
    if view.name != name:
        return None
    command = commands_of(settings).get(view.command or "")
    found = address_of(name, view.url) if view.url is not None else program_of(name, () if command is None else command.argv)
    seen = control.server_tools(name)
    given = {tool.name: tool for tool in control.catalogue(name).tools if tool.set_by is not None}
    definitions: list[ToolDefinition] = []
    for tool in seen.tools:
        try:
            definitions.append(tool_definition(tool.definition, name))
        except DefinitionError:
            continue
    overrides = {
        tool: Override(RiskClass(one.risk), one.set_by or "", one.set_at or "", one.reason or "", Severity(one.severity))
        for tool, one in given.items()
    }
    judged = tuple(shown(one, overrides.get(one.name)) for one in classify_tools(definitions))
    listed = bool(seen.tools) or seen.protocol is not None
    tools = Tools(
        tuple(definitions) if listed else None, f"the server `{name}` of this installation" if listed else "it never told them"
    )
    recent = [one for one in control.server_changes(name, "High", limit=LATELY_MAX).items if _age(one.at, now) <= LATELY]
    lately = tuple(Lately(one.at, Severity(one.severity), f"{one.tool or 'the server'}: {one.what}") for one in recent)
    known = _known(found, standing_of(found), tools, judged)
    return replace(known, posture=record.posture, slug=name, lately=lately, seen_on=_day(record.seen_at) if listed else None)


def _catalogued(server: CataloguedServer, source: str) -> Known:
    found = program_of(server.slug, () if server.package is None else server.package.command)
    standing = standing_of(found)
    if standing.standing is Standing.UNKNOWN and not server.indexed:
        standing = Identity(Standing.KNOWN_HOST, server.slug, LISTED.evidence)
    tools = Tools(tuple(tool for tool, _ in server.tools), source)
    known = _known(found, standing, tools, tuple(one for _, one in server.tools))
    version = None if server.package is None else server.package.version
    return replace(known, slug=server.slug, seen_on=_day(server.seen_at), version=version)


def _by_launch(settings: Settings, found: FoundServer, slug: str | None = None) -> Known:
    """By its package or address; its tools are those of the catalogue, where that lists it, or of the index by that name."""
    standing = standing_of(found)
    listed = _in_catalogue(found, standing)
    if listed is None and found.package is not None:
        others = indexed(settings, found.package.name)
        if others is not None:
            tools = Tools(tuple(tool for tool, _ in others.tools), INDEXED)
            return replace(_known(found, standing, tools, tuple(one for _, one in others.tools)), slug=others.slug)
    if listed is None:
        return replace(_known(found, standing, Tools(None, NOT_ASKED), ()), slug=slug)
    known = _catalogued(listed, "the catalogue that comes with Yett")
    pinned = None if found.package is None else found.package.version
    source = known.tools.source
    if pinned not in {None, "latest", known.version}:
        source = f"{source}, of version {known.version}"
    own = _known(found, standing, Tools(known.tools.listed, source), known.judged)
    return replace(own, slug=listed.slug, seen_on=known.seen_on, version=known.version)


def _in_catalogue(found: FoundServer, standing: Identity) -> CataloguedServer | None:
    """The server of the catalogue that this one is."""
    if found.package is not None:
        kind, name = found.package.kind, found.package.name
        for slug, _, listed in known_packages():
            if (listed.ecosystem, listed.name) == (kind, name):
                return known_server(slug)
    same = standing.standing in {Standing.KNOWN, Standing.KNOWN_HOST} and standing.name is not None
    return known_server(standing.name) if same and standing.name is not None else None


def _known(found: FoundServer, standing: Identity, tools: Tools, judged: tuple[ShownVerdict, ...]) -> Known:
    return Known(found, standing, as_record(standing, found), ServerPosture(None, evidence="it was not asked"), tools, judged)


def _with_tools(known: Known, tools: Tools) -> Known:
    judged = tuple(shown(one) for one in classify_tools(tools.listed or ()))
    return replace(known, tools=tools, judged=judged, seen_on=None, version=None)


def _posture(known: Known, tools: Tools) -> ServerPosture:
    """What an address showed of it that got no credential."""
    if known.server.launch.url is None:
        return known.posture
    auth: Auth | None = "open" if tools.listed is not None else "asks" if REFUSED in tools.source else None
    return ServerPosture(auth, evidence="it answered without a credential" if auth == "open" else tools.source)


def _likeliest(candidates: Sequence[FoundServer]) -> FoundServer:
    """The one that is known, else the one that resembles a known one, else the first."""
    order = (Standing.KNOWN, Standing.KNOWN_HOST, Standing.IMPOSTOR)
    ranked = {one: standing_of(found).standing for one, found in enumerate(candidates)}
    return candidates[min(ranked, key=lambda one: order.index(ranked[one]) if ranked[one] in order else len(order))]


def _argv(kind: str, name: str) -> tuple[str, ...]:
    return {"npm": ("npx", "-y", name), "pypi": ("uvx", name)}.get(kind, ("docker", "run", "-i", "--rm", name))


def _age(at: str, now: datetime) -> timedelta:
    return now - datetime.fromisoformat(at).replace(tzinfo=UTC)


def _day(at: str | None) -> date | None:
    return None if at is None else date.fromisoformat(at[:10])


def _read(settings: Settings) -> dict[str, LastSeen]:
    path = settings.state_dir / MEMORY
    memory = read_memory(read_private(path))
    if memory is None:
        raise OperatorFault(f"`{path}` cannot be read as what was seen; remove it to begin anew")
    return memory


def _write(settings: Settings, memory: dict[str, LastSeen]) -> None:
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorFault(f"cannot make `{settings.state_dir}`: {error.strerror}") from error
    write_private(settings.state_dir / MEMORY, written(memory))
