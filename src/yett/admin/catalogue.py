"""Use cases of the catalogue: what the tools of configured servers can do, and an admin's own word on it."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from typing import Final, get_args

from yett.admin.cases import Cases
from yett.admin.catalogue_tools import override_of
from yett.admin.catalogue_views import Class, Level, NewToolClass, ServerVerdict, ToolClassChanged, ToolVerdict
from yett.admin.checks import check_text
from yett.admin.errors import Invalid, NotFound
from yett.admin.listing import Listing
from yett.admin.permissions import Permission
from yett.admin.posture import IN_WORDS, posture_of, record_posture
from yett.admin.showing import moment
from yett.admin.standing import note_standing, server_identity
from yett.admin.verdicts import Heard
from yett.catalog.crossing import crossings
from yett.catalog.grade import grade
from yett.catalog.model import ShownVerdict, ToolDefinition, Verdict
from yett.catalog.overriding import shown
from yett.catalog.page_model import CataloguedServer
from yett.catalog.pages import RULE, suggestion_of
from yett.catalog.poison import Flag
from yett.catalog.suggest import Classified, recommended_policy
from yett.stores.control.records import Server, ToolClass
from yett.stores.control.transaction import Transaction

TOOL_MAX: Final = 1_024
GIVEN_MAX: Final = 2_000
"""Tools of one server to which admins may give classes; data planes are told of them in one piece."""
FOUND_MAX: Final = 20
"""Servers in which a search looks for tools."""


class CatalogueCases(Cases):
    """The catalogue's part of `yett.admin.control.Control`."""

    __slots__ = ()

    def catalogue(self, reference: str) -> ServerVerdict:
        """What a server's tools can do, as they were last seen."""
        self.require(Permission.VIEW)
        heard = self._heard(reference)
        verdict = _server_verdict(self._judged(heard))
        across = {name: [flag.code for flag in flags] for name, flags in self._across(heard).items()}
        tools = [replace(tool, across=across.get(tool.name, [])) for tool in verdict.tools]
        return replace(verdict, tools=tools, posture=posture_of(heard.server, self.desk.environment.verdicts.look(heard)))

    def catalogued_server(self, reference: str) -> CataloguedServer:
        """The same for its pages, with what its texts try on tools of other servers that are within reach."""
        self.require(Permission.VIEW)
        heard = self._heard(reference)
        return replace(self._judged(heard), across=self._across(heard))

    def catalogued_servers(self, listing: Listing) -> tuple[list[CataloguedServer], str | None]:
        """Some of those within reach, by name, and where the next ones begin."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> list[Heard]:
            found = read.servers.listed(after=listing.after, limit=listing.limit + 1, only=self.principal.servers)
            return [_heard(read, server) for server in found]

        found = self.read(look)
        shown = [self._judged(heard) for heard in found[: listing.limit]]
        return shown, shown[-1].slug if len(found) > len(shown) else None

    def catalogued_with(self, words: Collection[str]) -> list[CataloguedServer]:
        """Servers within reach that may have a tool with all these words, `FOUND_MAX` at most."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> list[Heard]:
            found = read.servers.mentioning(words, FOUND_MAX, only=self.principal.servers)
            return [_heard(read, server) for server in found]

        return [self._judged(heard) for heard in self.read(look)]

    def server_names(self, names: Collection[str]) -> frozenset[str]:
        """Which of these names servers within reach have."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> frozenset[str]:
            return frozenset(server.name for server in read.servers.named(names) if self.principal.reaches(server.id))

        return self.read(look)

    def set_tool_class(self, reference: str, tool: str, new: NewToolClass) -> ToolClassChanged:
        """Say what class a tool has, also one that the server does not list yet."""
        self.require(Permission.MANAGE_SERVERS)
        _check(tool, new)
        return self._change(reference, tool, new)

    def clear_tool_class(self, reference: str, tool: str) -> ToolClassChanged:
        """Let the classifier's class count again."""
        self.require(Permission.MANAGE_SERVERS)
        return self._change(reference, tool, None)

    def _across(self, heard: Heard) -> dict[str, tuple[Flag, ...]]:
        about = self.desk, self.principal.organisation, heard.server, self.principal.servers
        others = self.desk.environment.other_tools.beside(*about)
        return crossings(json.loads(heard.said).get("tools", []), others)

    def _heard(self, reference: str) -> Heard:
        return self.read(lambda read: _heard(read, self.find_server(read, reference)))

    def _judged(self, heard: Heard) -> CataloguedServer:
        """INVARIANT: asked for when no transaction is open: others would wait."""
        environment, server = self.desk.environment, heard.server
        judged, look = environment.verdicts.catalogued(heard), environment.verdicts.look(heard)
        posture = posture_of(server, look)
        return replace(
            judged,
            posture=None if posture is None else IN_WORDS[posture],
            identity=server_identity(server, environment.program),
            stands=record_posture(server, look),
            seen_at=None if look is None else moment(look.at_ns),
        )

    def _change(self, reference: str, tool: str, new: NewToolClass | None) -> ToolClassChanged:
        heard = self._heard(reference)
        definition, verdict, listed = self.desk.environment.verdicts.verdict_on(heard, tool)

        def work(write: Transaction) -> ToolVerdict:
            server = self.find_server(write, heard.server.id)
            given = write.tool_classes.of(server.id)
            before = given.get(tool)
            if new is None and before is None:
                raise NotFound(f"no admin set a class for the tool `{tool}` of `{server.name}`")
            after = None if new is None else self._given(server, tool, new)
            if after is None:
                write.tool_classes.remove(server.id, tool)
            else:
                _check_count(given, server, tool)
                write.tool_classes.put(after)
            views = [_view(definition, verdict, one) for one in (before, after)]
            told = [view if listed or one is not None else None for view, one in zip(views, (before, after), strict=True)]
            action = "tool.class_cleared" if new is None else "tool.class_set"
            self.log(write, action, (server.id, server.name), before=told[0], after=told[1], tool=tool)
            return views[1] if listed or after is not None else views[0]

        view, answer = self.change(work)
        note_standing(self.desk, self.principal.organisation, heard.server.id, patient=False)
        unheard = (
            "" if listed or new is None else f"`{heard.server.name}` does not list a tool `{tool}`; the class counts once it does"
        )
        note = "; ".join(filter(None, (unheard, answer.note))) or None
        return ToolClassChanged(tool=view, applied=answer.applied, note=note)

    def _given(self, server: Server, tool: str, new: NewToolClass) -> ToolClass:
        return ToolClass(
            server_id=server.id,
            tool=tool,
            risk=new.risk,
            severity=new.severity,
            reason=new.reason,
            set_by=self.principal.name,
            at_ns=self.now_ns(),
        )


def _heard(read: Transaction, server: Server) -> Heard:
    return Heard(server, read.servers.look_text(server.id), read.tool_classes.of(server.id))


def _check(tool: str, new: NewToolClass) -> None:
    if not tool or len(tool) > TOOL_MAX:
        raise Invalid(f"the name of a tool has 1 to {TOOL_MAX:,} characters")
    if new.risk not in get_args(Class):
        raise Invalid(f"`{new.risk}` is no class: there are {', '.join(get_args(Class))}", pointer="/risk")
    if new.severity is not None and new.severity not in get_args(Level):
        raise Invalid(f"`{new.severity}` is no severity: there are {', '.join(get_args(Level))}", pointer="/severity")
    check_text("the reason", new.reason, "/reason")


def _check_count(given: Collection[str], server: Server, tool: str) -> None:
    if tool not in given and len(given) >= GIVEN_MAX:
        raise Invalid(f"{GIVEN_MAX:,} tools of `{server.name}` have a class by an admin, and no more can; clear some")


def _server_verdict(server: CataloguedServer) -> ServerVerdict:
    graded = grade([shown for _, shown in server.tools], None if server.identity is None else server.identity.impostor)
    ranked = sorted(server.tools, key=lambda one: (-one[1].risk.rank, one[0].name))
    return ServerVerdict(
        server=server.name,
        grade=graded.letter,
        why=graded.why,
        seen_at=server.seen_at,
        tools=[_verdict(tool, shown) for tool, shown in ranked],
        policy=recommended_policy([Classified.of(tool, shown) for tool, shown in server.tools]),
    )


def _view(tool: ToolDefinition, verdict: Verdict, given: ToolClass | None) -> ToolVerdict:
    return _verdict(tool, shown(verdict, None if given is None else override_of(given)))


def _verdict(tool: ToolDefinition, shown: ShownVerdict) -> ToolVerdict:
    given = shown.override
    return ToolVerdict(
        name=tool.name,
        risk=shown.risk.value,
        severity=shown.severity.value,
        confidence=shown.verdict.confidence,
        signals=list(shown.verdict.codes),
        rationale=shown.verdict.rationale,
        rule=suggestion_of(tool, shown).rule,
        recommended=RULE[shown.risk],
        classifier=shown.verdict.risk.value,
        set_by=None if given is None else given.by,
        set_at=None if given is None else given.at,
        reason=None if given is None else given.reason,
    )
