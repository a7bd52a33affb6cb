"""Use cases of the catalogue: what the tools of configured servers can do, and an admin's own word on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from yett.admin.cases import Cases
from yett.admin.catalogue_views import Class, Level, NewToolClass, ServerVerdict, ToolClassChanged, ToolVerdict
from yett.admin.checks import check_text, show_moment
from yett.admin.errors import Invalid, NotFound
from yett.admin.permissions import Permission
from yett.admin.posture import IN_WORDS, posture_of
from yett.admin.showing import moment
from yett.catalog.definition import DefinitionError, tool_definition
from yett.catalog.grade import grade
from yett.catalog.model import Override, RiskClass, Severity, ShownVerdict, ToolDefinition
from yett.catalog.page_model import CataloguedServer
from yett.catalog.pages import RULE, suggestion_of
from yett.catalog.suggest import Classified, suggest_server
from yett.site.known import catalogued
from yett.stores.control.records import Server, ToolClass
from yett.stores.control.transaction import Transaction

TOOL_MAX = 1_024
GIVEN_MAX = 2_000
"""Tools of one server to which admins may give classes; data planes are told of them in one piece."""


class CatalogueCases(Cases):
    """The catalogue's part of `yett.admin.control.Control`."""

    __slots__ = ()

    def catalogue(self, reference: str) -> ServerVerdict:
        """What a server's tools can do, as they were last seen."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> ServerVerdict:
            server = self.find_server(read, reference)
            seen = read.servers.look(server.id)
            verdict = _server_verdict(self.catalogued(read, server), None if seen is None else moment(seen.at_ns))
            return replace(verdict, posture=posture_of(server, seen))

        return self.read(look)

    def catalogued_server(self, reference: str) -> CataloguedServer:
        """The same for its pages."""
        self.require(Permission.VIEW)
        return self.read(lambda read: self.catalogued(read, self.find_server(read, reference)))

    def catalogued_servers(self) -> list[CataloguedServer]:
        """All within reach, by name."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> list[CataloguedServer]:
            return [self.catalogued(read, server) for server in read.servers.listed(only=self.principal.servers)]

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

    def catalogued(self, read: Transaction, server: Server) -> CataloguedServer:
        """A server with its tools judged, an admin's word above the classifier's."""
        seen = read.servers.look(server.id)
        definitions = [] if seen is None else _definitions(seen.said.get("tools", ()), server.name)
        given = {name: _override(one) for name, one in read.tool_classes.of(server.id).items()}
        listed = {tool.name for tool in definitions}
        missing = [ToolDefinition(name, server=server.name) for name in given if name not in listed]
        judged = catalogued(server.name, server.name, server.notes, [*definitions, *missing], given)
        posture = posture_of(server, seen)
        return judged if posture is None else replace(judged, posture=IN_WORDS[posture])

    def _change(self, reference: str, tool: str, new: NewToolClass | None) -> ToolClassChanged:
        def work(write: Transaction) -> ToolVerdict:
            server = self.find_server(write, reference)
            before = _verdict_of(self.catalogued(write, server), tool)
            if new is None:
                if tool not in write.tool_classes.of(server.id):
                    raise NotFound(f"no admin set a class for the tool `{tool}` of `{server.name}`")
                write.tool_classes.remove(server.id, tool)
            else:
                _check_count(write, server, tool)
                write.tool_classes.put(
                    ToolClass(
                        server_id=server.id,
                        tool=tool,
                        risk=new.risk,
                        severity=new.severity,
                        reason=new.reason,
                        set_by=self.principal.name,
                        at_ns=self.now_ns(),
                    )
                )
            after = _verdict_of(self.catalogued(write, server), tool)
            action = "tool.class_cleared" if new is None else "tool.class_set"
            self.log(write, action, (server.id, server.name), before=before, after=after, tool=tool)
            shown = after or before
            assert shown is not None, "a tool of which an admin said something"
            return shown

        view, answer = self.change(work)
        return ToolClassChanged(tool=view, applied=answer.applied, note=answer.note)


def _check(tool: str, new: NewToolClass) -> None:
    if not tool or len(tool) > TOOL_MAX:
        raise Invalid(f"the name of a tool has 1 to {TOOL_MAX:,} characters")
    if new.risk not in get_args(Class):
        raise Invalid(f"`{new.risk}` is no class: there are {', '.join(get_args(Class))}", pointer="/risk")
    if new.severity is not None and new.severity not in get_args(Level):
        raise Invalid(f"`{new.severity}` is no severity: there are {', '.join(get_args(Level))}", pointer="/severity")
    check_text("the reason", new.reason, "/reason")


def _check_count(write: Transaction, server: Server, tool: str) -> None:
    given = write.tool_classes.of(server.id)
    if tool not in given and len(given) >= GIVEN_MAX:
        raise Invalid(f"{GIVEN_MAX:,} tools of `{server.name}` have a class by an admin, and no more can; clear some")


def _definitions(values: Any, server: str) -> list[ToolDefinition]:
    """The tools that can be read; what is no definition is none of the server's tools."""
    found = []
    for value in values:
        try:
            found.append(tool_definition(value, server))
        except DefinitionError:
            continue
    return found


def _override(given: ToolClass) -> Override:
    severity = None if given.severity is None else Severity(given.severity)
    return Override(RiskClass(given.risk), given.set_by, show_moment(given.at_ns), given.reason, severity)


def _server_verdict(server: CataloguedServer, seen_at: str | None) -> ServerVerdict:
    graded = grade([shown for _, shown in server.tools])
    ranked = sorted(server.tools, key=lambda one: (-one[1].risk.rank, one[0].name))
    return ServerVerdict(
        server=server.name,
        grade=graded.letter,
        why=graded.why,
        seen_at=seen_at,
        tools=[_verdict(tool, shown) for tool, shown in ranked],
        policy=suggest_server(Classified.of(tool, shown) for tool, shown in server.tools).policy,
    )


def _verdict_of(server: CataloguedServer, tool: str) -> ToolVerdict | None:
    return next((_verdict(one, shown) for one, shown in server.tools if one.name == tool), None)


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
