"""Use cases of the registry: what is known of servers, those of this installation and those that come with Yett. Read-only."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Final, cast, get_args

from yett.admin.catalogue import CatalogueCases
from yett.admin.checks import show_moment
from yett.admin.drift import place_in_feed, rank_of
from yett.admin.errors import Invalid, NotFound
from yett.admin.listing import PAGE, PAGE_MAX, SEARCH_MAX
from yett.admin.permissions import Permission
from yett.admin.registry_views import (
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
from yett.catalog.model import Severity
from yett.catalog.page_model import CataloguedServer
from yett.catalog.pages import DESCRIPTION_MAX, record_of, suggestion_of
from yett.catalog.record import RecordChange, ServerRecord, record_tool
from yett.catalog.standing import MEANINGS as STANDING_MEANINGS
from yett.site.known import known_servers
from yett.stores.control.records import Server, ToolChange
from yett.stores.control.transaction import Transaction

Place = Server | CataloguedServer
"""Where a record is made from: a server of this installation, or one that comes with Yett."""
HISTORY_MAX: Final = 50
"""Changes in a record; the feed has them all."""
HITS_MAX: Final = 100


class RegistryCases(CatalogueCases):
    """The registry's part of `yett.admin.control.Control`."""

    __slots__ = ()

    def records(self, search: str = "", after: str = "", limit: int = PAGE) -> RecordPage:
        """Servers by slug, those whose name or notes hold every word of `search`. A server of one's own hides a known one."""
        self.require(Permission.VIEW)
        words = _words(search)
        if not 1 <= limit <= PAGE_MAX:
            raise Invalid(f"`limit` must be from 1 to {PAGE_MAX}")

        places = {slug: one for slug, one in self._places().items() if slug > after and _fits(_about(slug, one), words)}
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
        server = self._opened(self._place(slug))
        found = next((one for one in server.tools if one[0].name == tool), None)
        if found is None:
            raise NotFound(f"`{slug}` has no tool `{tool}`, as far as it is known here")
        definition, shown = found
        suggestion = suggestion_of(definition, shown)
        return ToolRecord(
            server=server.slug,
            source="catalogue" if server.known else "installation",
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
        """Servers and tools that hold every word of `search`, the riskiest tools first."""
        self.require(Permission.VIEW)
        words = _words(search)
        if not words:
            raise Invalid("say what to search for", pointer="/q")
        _one_of("class", risk, Class)
        _one_of("severity", severity, Level)
        if not 1 <= limit <= HITS_MAX:
            raise Invalid(f"`limit` must be from 1 to {HITS_MAX}")
        places = {server: self._place(server)} if server is not None else self._places()
        servers: list[RecordRow] = []
        hits: list[ToolHit] = []
        for slug in sorted(places):
            one, place = None, places[slug]
            if _fits(_about(slug, place), words):
                one = self._opened(place)
                servers.append(_row(one))
            if one is not None or self._may_fit(place, words):
                hits += _hits(one or self._opened(place), words, risk, severity)
        ranked = sorted(hits, key=lambda hit: (-get_args(Class).index(hit.risk), hit.server, hit.tool))
        return Hits(servers=servers[:limit], tools=ranked[:limit], more=len(ranked) > limit)

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
            raise Invalid(f"`limit` must be from 1 to {PAGE_MAX}")

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
        """Every server within reach, by slug. One of this installation hides a known one of its name."""
        own = self.read(lambda read: read.servers.listed(only=self.principal.servers))
        known: dict[str, Place] = {server.slug: server for server in known_servers()}
        return known | {server.name: server for server in own}

    def _place(self, slug: str) -> Place:
        own = self.read(lambda read: read.servers.find(slug))
        if own is not None and self.principal.reaches(own.id):
            return own
        known = next((server for server in known_servers() if server.slug == slug), None)
        if known is None:
            raise NotFound(f"nothing is known of a server `{slug}`; `yett precheck` takes packages and urls as well")
        return known

    def _opened(self, place: Place) -> CataloguedServer:
        """With its tools judged."""
        return place if isinstance(place, CataloguedServer) else self.catalogued_server(place.id)

    def _may_fit(self, place: Place, words: Collection[str]) -> bool:
        """Whether a tool's name fits, before anything is judged."""
        if isinstance(place, CataloguedServer):
            return True
        said = self.read(lambda read: read.servers.look_text(place.id))
        text = f"{place.name} {said.said if said is not None else ''}".lower()
        return all(json.dumps(word, ensure_ascii=False)[1:-1] in text for word in words)

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
        raise Invalid(f"`{value}` is no {what}: there are {', '.join(get_args(choices))}")


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


def _hits(server: CataloguedServer, words: Collection[str], risk: str | None, severity: str | None) -> Iterator[ToolHit]:
    for tool, shown in server.tools:
        wanted = risk in {None, shown.risk.value} and severity in {None, shown.severity.value}
        if wanted and _fits(f"{tool.name} {tool.title} {server.name} {server.slug}", words):
            yield ToolHit(
                server=server.slug,
                source="catalogue" if server.known else "installation",
                tool=tool.name,
                risk=shown.risk.value,
                severity=shown.severity.value,
            )
