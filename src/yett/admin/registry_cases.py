"""Use cases of the registry: what is known of servers: this installation's, those that come with Yett, an index's. Read-only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from heapq import merge
from itertools import islice
from typing import Any, Final, cast, get_args

from yett.admin.catalogue import CatalogueCases
from yett.admin.checks import show_moment
from yett.admin.drift import place_in_feed, rank_of
from yett.admin.errors import Invalid, NotFound
from yett.admin.listing import PAGE, PAGE_MAX, SEARCH_MAX
from yett.admin.outside import usable
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
from yett.catalog.page_model import CataloguedServer, ServerRow
from yett.catalog.pages import DESCRIPTION_MAX, record_of, suggestion_of
from yett.catalog.record import LISTED, RecordChange, ServerRecord, Source, briefs_of, record_tool
from yett.catalog.standing import MEANINGS as STANDING_MEANINGS
from yett.site.known import known_rows, known_server, known_slugs, search_known
from yett.stores.control.records import Server, ToolChange
from yett.stores.control.transaction import Transaction

Place = Server | CataloguedServer
"""Where a record is made from: a server of this installation, or one that comes with Yett or is in the index."""
INDEXED_AT_ONCE: Final = 50
"""Servers of the index that are looked up together."""
HISTORY_MAX: Final = 50
"""Changes in a record; the feed has them all."""


class RegistryCases(CatalogueCases):
    """The registry's part of `yett.admin.control.Control`."""

    __slots__ = ()

    def records(self, search: str = "", after: str = "", limit: int = PAGE) -> RecordPage:
        """Servers by slug, those whose name or notes hold every word of `search`.

        A server of one's own hides one of its name that comes with Yett, and either one of the index.
        """
        self.require(Permission.VIEW)
        words = _words(search)
        if not 1 <= limit <= PAGE_MAX:
            raise Invalid(f"`limit` must be from 1 to {PAGE_MAX}", pointer="/limit")

        rows = list(islice(self._rows(words, after, limit + 1), limit + 1))
        return RecordPage(items=rows[:limit], next=rows[limit - 1].slug if len(rows) > limit else None)

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
        return self._exported(merge(sorted(self._places()), self._indexed((), "")))

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

        elsewhere = server is not None and isinstance(self._anywhere(server), CataloguedServer)

        def look(read: Transaction) -> list[tuple[ToolChange, str]]:
            if elsewhere:
                return []
            server_id = None if server is None else self.find_server(read, server).id
            reach = self.principal.servers
            return read.tool_changes.listed(
                limit=limit + 1, server_id=server_id, severity=rank, after=place, only=reach, kinds=kinds
            )

        found = self.read(look)
        shown = found[:limit]
        last = max((change.sequence for change, _ in shown), default=place or 0)
        return ChangePage(items=[change_view(*one) for one in shown], cursor=str(last), more=len(found) > limit)

    def _exported(self, slugs: Iterable[str]) -> Iterator[ServerRecord]:
        for slug in slugs:
            try:
                yield self.record(slug)
            except NotFound:
                continue

    def _places(self) -> frozenset[str]:
        """Every server within reach but for the index, by slug. One of this installation hides a known one of its name."""
        own = self.read(lambda read: read.servers.listed(only=self.principal.servers))
        return known_slugs() | {server.name for server in own}

    def _rows(self, words: Collection[str], after: str, most: int) -> Iterator[RecordRow]:
        """Servers behind a place, by slug; each is looked at when it is its turn."""
        search, only = max(words, key=len, default=""), self.principal.servers
        listed = self.read(lambda read: read.servers.listed(search=search, after=after, limit=None if words else most, only=only))
        own = sorted((one for one in listed if _fits(f"{one.name} {one.notes}", words)), key=lambda one: one.name)
        hidden = self.server_names(known_slugs())
        known = (row for row in known_rows() if row.slug > after and row.slug not in hidden)
        return merge(
            (_row(self._opened(one)) for one in own),
            (_known_row(row) for row in known if _fits(f"{row.slug} {row.name} {row.about}", words)),
            (_row(self._opened(self._place(slug))) for slug in self._indexed(words, after)),
            key=lambda row: row.slug,
        )

    def _indexed(self, words: Collection[str], after: str) -> Iterator[str]:
        """Slugs of the index whose place none of the others takes."""
        while page := usable(self.desk.environment.index).slugs(words, after, INDEXED_AT_ONCE):
            taken = self.server_names(page) | known_slugs()
            yield from (slug for slug in page if slug not in taken)
            after = page[-1]

    def _place(self, slug: str) -> Place:
        found = self._anywhere(slug)
        if found is None:
            raise NotFound(f"nothing is known of a server `{slug}`; `yett precheck` takes packages and urls as well")
        return found

    def _anywhere(self, slug: str) -> Place | None:
        """One's own, else one that comes with Yett, else one of the index."""
        own = self.read(lambda read: read.servers.find(slug))
        if own is not None and self.principal.reaches(own.id):
            return own
        return known_server(slug) or usable(self.desk.environment.index).server(slug)

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


def _known_row(row: ServerRow) -> RecordRow:
    """Of one that comes with Yett, by what is kept of it."""
    return RecordRow(
        slug=row.slug,
        name=row.name,
        about=row.about,
        source="catalogue",
        verification=LISTED.verification.value,
        grade=row.letter,
        tool_count=row.tool_count,
    )


def _row(server: CataloguedServer) -> RecordRow:
    record = record_of(replace(server, tools=()), briefs=briefs_of(server.tools))
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
