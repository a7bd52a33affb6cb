"""Use cases of the registry: what is known of servers, those of this installation and those that come with Yett. Read-only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final, cast, get_args

from yett.admin.catalogue import CatalogueCases
from yett.admin.checks import show_moment
from yett.admin.drift import place_in_feed, rank_of
from yett.admin.errors import Invalid, NotFound
from yett.admin.listing import PAGE, PAGE_MAX, SEARCH_MAX
from yett.admin.permissions import Permission
from yett.admin.registry_views import (
    HITS_MAX,
    ChangeKind,
    ChangePage,
    Class,
    Hits,
    Level,
    RecordPage,
    RecordRow,
    ServerChange,
    ToolHit,
    ToolRecord,
)
from yett.catalog.drift import MEANINGS
from yett.catalog.finding import Found, Sought, score, tool_words, words_of
from yett.catalog.model import RiskClass, Severity
from yett.catalog.page_model import CataloguedServer
from yett.catalog.pages import DESCRIPTION_MAX, record_of, suggestion_of
from yett.catalog.record import RecordChange, ServerRecord, Source, record_tool
from yett.catalog.standing import MEANINGS as STANDING_MEANINGS
from yett.site.known import known_server, known_servers, known_slugs, search_known
from yett.stores.control.records import Server, ToolChange
from yett.stores.control.transaction import Transaction

Place = Server | CataloguedServer
"""Where a record is made from: a server of this installation, or one that comes with Yett."""
HISTORY_MAX: Final = 50
"""Changes in a record; the feed has them all."""


class RegistryCases(CatalogueCases):
    """The registry's part of `yett.admin.control.Control`."""

    __slots__ = ()

    def records(self, search: str = "", after: str = "", limit: int = PAGE) -> RecordPage:
        """Servers by slug, those whose name or notes hold every word of `search`. A server of one's own hides a known one."""
        self.require(Permission.VIEW)
        words = _words(search)
        if not 1 <= limit <= PAGE_MAX:
            raise Invalid(f"`limit` must be from 1 to {PAGE_MAX}", pointer="/limit")

        places = {slug: one for slug, one in self._page(words, after, limit).items() if _fits(_about(slug, one), words)}
        slugs = sorted(places)
        shown = [self._opened(places[slug]) for slug in slugs[:limit]]
        return RecordPage(items=[_row(one) for one in shown], next=slugs[limit - 1] if len(slugs) > limit else None)

    def record(self, slug: str) -> ServerRecord:
        """Everything that is known of one server. Errors: `NotFound`."""
        self.require(Permission.VIEW)
        place = self._place(slug)
        return record_of(self._opened(place), self._history(place))

    def tool_record(self, slug: str, tool: str) -> ToolRecord:
        """One tool of a server. Errors: `NotFound`."""
        self.require(Permission.VIEW)
        place = self._place(slug)
        server = self._opened(place)
        if server.indexed:  # what is kept of one is not all that its server says
            server = self.desk.environment.index.tool(slug, tool) or server
        found = next((one for one in server.tools if one[0].name == tool), None)
        if found is None:
            raise NotFound(f"`{slug}` has no tool `{tool}`, as far as it is known here")
        definition, shown = found
        suggestion = suggestion_of(definition, shown)
        return ToolRecord(
            server=server.slug,
            source=_source(server),
            tool=record_tool(tool, shown),
            title=definition.title,
            description=definition.description[:DESCRIPTION_MAX],
            rationale=shown.verdict.rationale,
            rule=suggestion.rule,
            policy=suggestion.policy,
        )

    def find_tools(
        self, search: str, risk: str | None = None, severity: str | None = None, server: str | None = None, limit: int = HITS_MAX
    ) -> Hits:
        """Servers whose name or notes, and tools whose words, begin with every word of `search`; the best first.

        Of this installation, of what comes with Yett, and of the index where there is one.
        """
        self.require(Permission.VIEW)
        _words(search)
        words = words_of(search)
        if not words:
            raise Invalid("say what to search for: a word or the beginning of one", pointer="/q")
        _one_of("class", risk, Class)
        _one_of("severity", severity, Level)
        if not 1 <= limit <= HITS_MAX:
            raise Invalid(f"`limit` must be from 1 to {HITS_MAX}", pointer="/limit")
        if server is not None:
            self._place(server)
        wanted = Sought(
            words,
            risk=None if risk is None else RiskClass(risk),
            severity=None if severity is None else Severity(severity),
            server=server,
            limit=limit + 1,
        )
        own = self.catalogued_with(words) if server is None else self._own(server)
        hidden = {one.slug for one in own} | self.server_names(known_slugs())
        found = [(one, "installation") for there in own for one in _found(there, wanted)]
        found += [(one, "catalogue") for one in search_known(wanted) if one.slug not in hidden]
        taken = hidden | known_slugs()
        found += [(one, "index") for one in self.desk.environment.index.search(wanted) if one.slug not in taken]
        ranked = sorted(found, key=lambda one: one[0].order)
        servers = self.records(search, limit=limit).items if server is None else []
        return Hits(servers=servers, tools=[_hit(*one) for one in ranked[:limit]], more=len(ranked) > limit)

    def export_records(self) -> Iterator[ServerRecord]:
        """The record of every server, by slug. A server that is removed meanwhile is left out."""
        self.require(Permission.VIEW)
        return self._exported(sorted(self._places()))

    def server_changes(
        self,
        server: str | None = None,
        severity: str | None = None,
        kinds: Collection[str] = (),
        after: str | None = None,
        limit: int = PAGE,
    ) -> ChangePage:
        """What changed, of one server or of all within reach: tools, grades, postures, identities.

        Oldest first after the place `after`; without it, newest first.
        """
        self.require(Permission.VIEW)
        rank, place = rank_of(severity), place_in_feed(after)
        check_kinds(kinds)
        if not 1 <= limit <= PAGE_MAX:
            raise Invalid(f"`limit` must be from 1 to {PAGE_MAX}", pointer="/limit")

        def look(read: Transaction) -> list[tuple[ToolChange, str]]:
            server_id = None if server is None else self.find_server(read, server).id
            reach = self.principal.servers
            return read.tool_changes.listed(
                limit=limit + 1, server_id=server_id, severity=rank, after=place, only=reach, kinds=kinds
            )

        found = self.read(look)
        shown = found[:limit]
        last = max((change.sequence for change, _ in shown), default=place or 0)
        return ChangePage(items=[change_view(*one) for one in shown], cursor=str(last), more=len(found) > limit)

    def _exported(self, slugs: list[str]) -> Iterator[ServerRecord]:
        for slug in slugs:
            try:
                yield self.record(slug)
            except NotFound:
                continue

    def _places(self) -> dict[str, Place]:
        """Every server within reach, by slug. One of this installation hides a known one of its name; the index is not listed."""
        own = self.read(lambda read: read.servers.listed(only=self.principal.servers))
        known: dict[str, Place] = {server.slug: server for server in known_servers()}
        return known | {server.name: server for server in own}

    def _page(self, words: Collection[str], after: str, limit: int) -> dict[str, Place]:
        """Servers behind a place: enough for a page, where no words choose among them."""
        most, search = (None, max(words, key=len)) if words else (limit + 1, "")
        only = self.principal.servers
        own = self.read(lambda read: read.servers.listed(search=search, after=after, limit=most, only=only))
        hidden = self.server_names(known_slugs())
        known: dict[str, Place] = {one.slug: one for one in known_servers() if one.slug > after and one.slug not in hidden}
        return known | {server.name: server for server in own}

    def _place(self, slug: str) -> Place:
        own = self.read(lambda read: read.servers.find(slug))
        if own is not None and self.principal.reaches(own.id):
            return own
        known = known_server(slug) or self.desk.environment.index.server(slug)
        if known is None:
            raise NotFound(f"nothing is known of a server `{slug}`; `yett precheck` takes packages and urls as well")
        return known

    def _own(self, slug: str) -> list[CataloguedServer]:
        """The server of this installation that has this name, if there is one."""
        place = self._place(slug)
        return [] if isinstance(place, CataloguedServer) else [self._opened(place)]

    def _opened(self, place: Place) -> CataloguedServer:
        """With its tools judged."""
        return place if isinstance(place, CataloguedServer) else self.catalogued_server(place.id)

    def _history(self, place: Place) -> tuple[RecordChange, ...]:
        if isinstance(place, CataloguedServer):
            return ()
        found = self.read(lambda read: read.tool_changes.listed(limit=HISTORY_MAX, server_id=place.id))
        return tuple(_record_change(change) for change, _ in found)


def change_view(change: ToolChange, server: str) -> ServerChange:
    """A change as it goes out."""
    one = _record_change(change)
    return ServerChange(
        sequence=one.sequence,
        at=one.at,
        server=server,
        kind=cast("Any", one.kind),
        tool=one.tool,
        severity=one.severity.value,
        meanings=list(one.meanings),
        what=one.what,
        before=one.before,
        after=one.after,
        diff=one.diff,
    )


def check_kinds(kinds: Collection[str]) -> None:
    """Errors: `Invalid` for a kind that no change has."""
    for kind in kinds:
        _one_of("kind of change", kind, ChangeKind)


def _record_change(change: ToolChange) -> RecordChange:
    meaning = change.meanings[0]
    return RecordChange(
        sequence=change.sequence,
        at=show_moment(change.at_ns),
        kind=change.kind,
        tool=change.tool if change.kind in {"added", "removed", "changed"} else None,
        severity=tuple(Severity)[change.severity],
        meanings=change.meanings,
        what=STANDING_MEANINGS.get(meaning) or MEANINGS.get(meaning, meaning),
        before=change.before,
        after=change.after,
        diff=change.diff,
    )


def _one_of(what: str, value: str | None, choices: Any) -> None:
    if value is not None and value not in get_args(choices):
        pointer = f"/{what.partition(' ')[0]}"
        raise Invalid(f"`{value}` is no {what}: there are {', '.join(get_args(choices))}", pointer=pointer)


def _words(search: str) -> list[str]:
    if len(search) > SEARCH_MAX:
        raise Invalid(f"the search is longer than {SEARCH_MAX} characters")
    return search.lower().split()


def _fits(text: str, words: Collection[str]) -> bool:
    lower = text.lower()
    return all(word in lower for word in words)


def _about(slug: str, place: Place) -> str:
    return f"{slug} {place.name} {place.about}" if isinstance(place, CataloguedServer) else f"{slug} {place.notes}"


def _row(server: CataloguedServer) -> RecordRow:
    record = record_of(server)
    return RecordRow(
        slug=record.slug,
        name=record.name,
        about=record.about,
        source=record.source,
        verification=record.identity.verification.value,
        grade=record.grade.letter,
        tool_count=record.tool_count,
    )


def _found(server: CataloguedServer, wanted: Sought) -> Iterator[Found]:
    """The tools of one server that fit."""
    for tool, shown in server.tools:
        worth = score(wanted.words, tool_words(tool.name, tool.title, server.name, tool.description))
        if worth is None or wanted.risk not in {None, shown.risk} or wanted.severity not in {None, shown.severity}:
            continue
        yield Found(server.name, server.slug, tool.name, tool.title, shown.risk, shown.severity, round(worth, 1))


def _source(server: CataloguedServer) -> Source:
    """Where it is known from."""
    return "index" if server.indexed else "catalogue" if server.known else "installation"


def _hit(found: Found, source: str) -> ToolHit:
    return ToolHit(
        server=found.slug,
        source=cast("Source", source),
        tool=found.name,
        risk=found.risk.value,
        severity=found.severity.value,
    )
