"""What servers say of themselves: asked when added or changed, on demand, and from time to time (`yett.admin.health`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from yett import __version__
from yett.admin.cases import Cases
from yett.admin.credentials.records import open_credential
from yett.admin.desk import Desk
from yett.admin.drift import Drifted, drifted, note_drift
from yett.admin.entries import server_entry
from yett.admin.moves import note_program
from yett.admin.outside import Seen
from yett.admin.permissions import Permission
from yett.admin.pinning import Kept, Pinning, note_pins, plan_pins
from yett.admin.probing import asked_bare
from yett.admin.server_views import ToolList, ToolView
from yett.admin.showing import health_view
from yett.admin.standing import note_standing
from yett.catalog.classes import classes_of
from yett.errors import OperatorFault, StoreFault
from yett.gateway.snapshot import ServerEntry
from yett.sealing.vault import Vault
from yett.stores.control.pins import GRAVE
from yett.stores.control.records import Look, Server
from yett.stores.control.transaction import Transaction

DESCRIPTION_MAX: Final = 2_000
"""Characters of a tool's description beside its definition."""


class LookCases(Cases):
    """The part of `yett.admin.control.Control` for what servers say."""

    __slots__ = ()

    def look_server(self, reference: str) -> ToolList:
        """Ask a server now. Where it cannot be asked, `health` says why, and its tools are those of last time."""
        self.require(Permission.MANAGE_SERVERS)
        server = self.read(lambda read: self.find_server(read, reference))
        self.look_now(server.id, patient=True)
        return self.read(lambda read: self._told(read, self.find_server(read, server.id)))

    def server_tools(self, reference: str) -> ToolList:
        """The tools of a server, as it described them when it was last asked."""
        self.require(Permission.VIEW)
        return self.read(lambda read: self._told(read, self.find_server(read, reference)))

    def look_now(self, server_id: str, *, patient: bool = False) -> str | None:
        """Ask a server and remember what came of it; the problem, if there was one."""
        return look_and_note(self.desk, self.principal.organisation, server_id, patient=patient, by=self.principal.name)

    def _told(self, read: Transaction, server: Server) -> ToolList:
        look = read.servers.look(server.id)
        said = {} if look is None else look.said
        return ToolList(
            server=server.name,
            health=health_view(look),
            name=said.get("name"),
            version=said.get("version"),
            protocol=said.get("revision"),
            tools=[tool_view(definition) for definition in said.get("tools", ())],
        )


def look_and_note(desk: Desk, organisation: str, server_id: str, *, patient: bool = False, by: str = "") -> str | None:
    """Ask a server as data planes ask it, and remember what came of it; the problem, if there was one. `by`: who wanted it.

    INVARIANT: url and credential are read from the store together, so that one never goes to where another was meant to go.
    """
    environment = desk.environment
    server = desk.read(organisation, lambda read: read.servers.find(server_id))
    if server is None:
        return None
    try:
        note_program(desk, organisation, server_id, by)
        found = desk.read(organisation, lambda read: _entry_and_fields(read, server_id, environment.vault))
        if found is None:
            return None
        server, entry, fields = found
        seen = environment.lookout.look(entry, fields, patient=patient)
        before = desk.read(organisation, lambda read: read.servers.look(server_id))
        seen = asked_bare(environment.lookout, entry, seen, before, patient=patient)
    except StoreFault:
        raise
    except OperatorFault as fault:
        seen = Seen(None, f"its credential stays sealed: {fault}")
    looked, seen_at_ns = server, environment.clock.now_ns()
    last = desk.read(organisation, lambda read: read.servers.look(server_id))
    look = _look(looked, seen, seen_at_ns, last)
    changed = drifted(last, look, looked)
    kept = desk.read(organisation, lambda read: _pinned(read, server_id))
    if kept.hold.mode == GRAVE:  # only then does it matter here what texts try
        kept = replace(kept, others=environment.other_tools.beside(desk, organisation, looked))
    pinning = plan_pins(kept, looked, look, by)
    desk.change(organisation, lambda write: note(write, looked, look, changed, pinning, by=by))
    note_standing(desk, organisation, server_id)
    return seen.problem


def _look(server: Server, seen: Seen, at_ns: int, last: Look | None) -> Look:
    """What is remembered of it. Tools are classified here, once, and only where they are others than last time."""
    if seen.said is None:
        return Look(server_id=server.id, at_ns=at_ns, problem=seen.problem)
    by, tools = f"{__version__} {server.name}", seen.said.get("tools", [])
    if last is not None and last.classified_by == by and last.said.get("tools", []) == tools:
        classes = last.classes
    else:
        found = classes_of(tools, server.name).items()
        classes = {name: (classed.risk.value, classed.definition) for name, classed in found}
    return Look(server_id=server.id, at_ns=at_ns, problem=seen.problem, said=seen.said, classes=classes, classified_by=by)


def _entry_and_fields(
    read: Transaction, server_id: str, vault: Vault | None
) -> tuple[Server, ServerEntry, Mapping[str, str] | None] | None:
    """A server as it is now, and the header fields of its sealed credential. Errors: `OperatorFault` where that does not open."""
    server, stored = read.servers.find(server_id), read.credentials.find(server_id)
    if server is None:
        return None
    entry = server_entry(read.organisation, server, None if stored is None else stored.kind)
    opened = None if stored is None or vault is None else open_credential(read, server_id, vault)
    fields = None if opened is None else opened.fields
    return server, entry, None if fields is None else fields.fields


def _pinned(read: Transaction, server_id: str) -> Kept:
    return Kept(read.pins.state(server_id), read.pins.of(server_id))


def note(
    write: Transaction,
    server: Server,
    look: Look,
    changed: Drifted | None = None,
    pinning: Pinning | None = None,
    *,
    by: str = "",
) -> None:
    """Remember what came of a look, what changed and what is pinned; nothing, if the server is gone or somewhere else by now."""
    present = write.servers.find(server.id)
    if present is None or target_of(present) != target_of(server):
        return
    note_drift(write, present, look, changed)
    write.servers.note_look(look)
    note_pins(write, present, look, pinning or plan_pins(_pinned(write, server.id), present, look, by), by)


def target_of(server: Server) -> tuple[str | None, ...]:
    """What is asked when this server is."""
    return server.url, server.command, server.program, server.transport


def tool_view(definition: Mapping[str, Any]) -> ToolView:
    """A tool for people. Its risk class and the policy that is proposed for it join here."""
    title, description = definition.get("title"), definition.get("description")
    return ToolView(
        name=str(definition.get("name")),
        title=title if isinstance(title, str) else None,
        description=description[:DESCRIPTION_MAX] if isinstance(description, str) else "",
        definition=dict(definition),
    )
