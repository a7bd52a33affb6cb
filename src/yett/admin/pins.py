"""Use cases of pins: what changed since it was accepted, and a person's word that it may be so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from yett.admin.cases import Cases
from yett.admin.checks import check_text, show_moment
from yett.admin.errors import Conflict, Invalid, NotFound, Stale
from yett.admin.moves import ask_anew
from yett.admin.permissions import Permission
from yett.admin.pin_views import AcceptedTool, AcceptPins, FlagView, Mode, NewPinMode, PinList, PinsChanged, PinView
from yett.admin.pinning import Kept, tool_pins
from yett.admin.server_looks import LookCases
from yett.admin.showing import moment
from yett.catalog.crossing import Others
from yett.catalog.drift import MEANINGS
from yett.catalog.pin_states import WAITING, PinState
from yett.catalog.pins import Pin, pins_of
from yett.stores.control.pins import MODES, OFF
from yett.stores.control.records import Look, Server, ToolPin
from yett.stores.control.transaction import Transaction

ACCEPTED_MAX: Final = 5_000
"""Tools of one request."""


SERVER_MOVED: Final = "server_moved"
_MOVED: Final = "its server is somewhere else than when it was accepted"


@dataclass(frozen=True, slots=True)
class _Standing:
    """A server, what it said last, and what is kept of its tools."""

    server: Server
    look: Look | None
    kept: Kept

    @property
    def listed(self) -> list[Any]:
        return [] if self.look is None else list(self.look.said.get("tools", []))


class PinCases(LookCases):
    """The part of `yett.admin.control.Control` for pins."""

    __slots__ = ()

    def pins(self, reference: str) -> PinList:
        """The tools of a server as they were accepted, beside what it listed when it was last asked."""
        self.require(Permission.VIEW)
        found = self.read(lambda read: self._pins_of(read, reference))
        return _shown(replace(found, kept=replace(found.kept, others=self._others(found.server))))

    def accept_pins(self, reference: str, wanted: AcceptPins) -> PinsChanged:
        """Let these definitions count from now on. The server is asked once more before.

        Errors: `Stale` where one is not what was shown; `Conflict` for a name that is listed twice.
        """
        self.require(Permission.EDIT_POLICIES)
        check_text("the reason", wanted.reason, "/reason")
        if not 1 <= len(wanted.tools) <= ACCEPTED_MAX:
            raise Invalid(f"from 1 to {ACCEPTED_MAX:,} tools can be accepted at once", pointer="/tools")
        server = self.read(lambda read: self.find_server(read, reference))
        problem = self.look_now(server.id)
        # Before what people approved of the server that was elsewhere could count for this one.
        ask_anew(self.desk, self.principal.organisation, self.principal.name)

        others = self._others(server)

        def work(write: Transaction) -> None:
            present = self._pins_of(write, server.id)
            present = replace(present, kept=replace(present.kept, others=others))
            if present.look is None or present.kept.hold.since_ns is None:
                raise Conflict(f"the server `{present.server.name}` never told its tools, so that there is nothing to accept")
            self._accept(write, present, wanted)

        _, answer = self.change(work)
        remarks = [] if problem is None else [f"the server could not be asked again ({problem}); this is what it said before"]
        return PinsChanged(pins=self.pins(server.id), applied=answer.applied, note=answer.note, remarks=remarks)

    def set_pin_mode(self, reference: str, new: NewPinMode) -> PinsChanged:
        """Say how strictly a server is held to its pins."""
        self.require(Permission.MANAGE_SERVERS)
        if new.mode not in MODES:
            raise Invalid(f"`{new.mode}` is none of {', '.join(MODES)}", pointer="/mode")

        def work(write: Transaction) -> Server:
            server = self.find_server(write, reference)
            hold_within(self, write, server, new.mode)
            return server

        server, answer = self.change(work)
        return PinsChanged(pins=self.pins(server.id), applied=answer.applied, note=answer.note)

    def _others(self, server: Server) -> Others:
        """The tools of other servers that whoever asks may see."""
        return self.desk.environment.other_tools.beside(self.desk, self.principal.organisation, server, self.principal.servers)

    def _pins_of(self, read: Transaction, reference: str) -> _Standing:
        server = self.find_server(read, reference)
        return _Standing(server, read.servers.look(server.id), Kept(read.pins.state(server.id), read.pins.of(server.id)))

    def _accept(self, write: Transaction, present: _Standing, wanted: AcceptPins) -> None:
        server, pinned = present.server, present.kept.pins
        now = pins_of(present.listed)
        names = [one.tool for one in wanted.tools]
        if len(set(names)) < len(names):
            raise Invalid("a tool is named twice", pointer="/tools")
        fresh: list[Pin] = []
        gone: list[str] = []
        for number, one in enumerate(wanted.tools):
            pin = _agreed(server, one, present.kept, now, f"/tools/{number}")
            if pin is None:
                gone.append(one.tool)
            elif (before := pinned.get(one.tool)) is None or before.void or before.fingerprint != pin.fingerprint:
                fresh.append(pin)
        made = tool_pins(server, fresh, how="accepted", by=self.principal.name, at_ns=self.now_ns(), reason=wanted.reason)
        if made:
            write.pins.put(server.id, made)
        if gone:
            write.pins.remove(server.id, gone)
        if present.kept.hold.moved:
            self._settle(write, present)
        states = {state.tool: state for state in present.kept.states(present.listed, server.name)}
        for name in (*(pin.tool for pin in made), *gone):
            self._log_one(write, server, states[name], pinned.get(name), wanted.reason)

    def _settle(self, write: Transaction, present: _Standing) -> None:
        """The server's move is over for people when nothing of what it lists waits any more."""
        kept = Kept(present.kept.hold, write.pins.of(present.server.id))
        if all(state.state not in WAITING for state in kept.states(present.listed, present.server.name)):
            write.pins.settle(present.server.id)

    def _log_one(self, write: Transaction, server: Server, state: PinState, before: ToolPin | None, reason: str) -> None:
        was = None if before is None else {"fingerprint": before.fingerprint}
        after = {
            "fingerprint": state.fingerprint,
            "severity": None if state.severity is None else state.severity.value,
            "diff": "" if state.change is None else state.change.diff,
            "flags": [flag.code for flag in state.flags],
        }
        action = "tool.pin_dropped" if state.fingerprint is None else "tool.accepted"
        tool = state.tool.encode("unicode_escape").decode()
        self.log(write, action, (server.id, server.name), before=was, after=after, tool=tool, reason=reason)


def hold_within(cases: Cases, write: Transaction, server: Server, mode: Mode) -> None:
    """Have a server held to its pins so strictly, as part of a larger change."""
    before = write.pins.state(server.id).mode
    if before != mode:
        write.pins.set_mode(server.id, mode)
        cases.log(write, "server.pins_set", (server.id, server.name), before={"mode": before}, after={"mode": mode})


def _agreed(server: Server, wanted: AcceptedTool, kept: Kept, now: dict[str, Pin | None], pointer: str) -> Pin | None:
    """The definition that is accepted, if it is what was seen; None for a tool that is gone."""
    tool = wanted.tool
    if tool not in now and tool not in kept.pins:
        raise NotFound(f"the server `{server.name}` has no tool `{tool}`; `yett server pins {server.name}` shows all")
    if tool in now and now[tool] is None:
        raise Conflict(
            f"the server `{server.name}` lists several tools `{tool}`, so that nobody can say which one is called",
            pointer=pointer,
        )
    pin = now.get(tool)
    if (None if pin is None else pin.fingerprint) != wanted.fingerprint:
        raise Stale(f"the tool `{tool}` is not what was shown; look at what it is now: `yett server pins diff {server.name}`")
    return pin


def _shown(standing: _Standing) -> PinList:
    look = standing.look
    pins = pin_list(standing.server.name, standing.listed, standing.kept, standing.server.moved_at_ns)
    return pins if look is None else replace(pins, seen_at=moment(look.at_ns), problem=look.problem)


def pin_list(name: str, listed: Sequence[Any], kept: Kept, moved_at_ns: int | None = None) -> PinList:
    """What a server lists, beside what was accepted of it."""
    hold = kept.hold
    held = hold.since_ns is not None and hold.mode != OFF
    items = [_view(one, kept.pins.get(one.tool), held=held) for one in kept.states(listed, name)]
    return PinList(
        server=name,
        mode=cast("Mode", hold.mode),
        since=moment(hold.since_ns),
        seen_at=None,
        moved_at=moment(moved_at_ns) if hold.moved else None,
        problem=None,
        waiting=sum(item.suspended for item in items),
        items=items,
    )


def _view(state: PinState, pin: ToolPin | None, *, held: bool) -> PinView:
    change = state.change
    return PinView(
        tool=state.tool,
        state=state.state,
        suspended=held and state.state in WAITING,
        severity=None if state.severity is None else state.severity.value,
        meanings=[*([SERVER_MOVED] if state.moved else []), *(() if change is None else change.meanings)],
        what="; ".join([*([_MOVED] if state.moved else []), *(() if change is None else [MEANINGS[change.meanings[0]]])]) or None,
        members=[] if change is None else list(change.members),
        diff="" if change is None else change.diff,
        flags=[
            FlagView(code=one.code, severity=one.severity.value, what=one.what, place=one.place, quote=one.quote)
            for one in state.flags
        ],
        fingerprint=state.fingerprint,
        pinned=None if pin is None else pin.fingerprint,
        accepted_at=None if pin is None else show_moment(pin.at_ns),
        accepted_by=None if pin is None else pin.set_by or None,
        how=None if pin is None else cast("Any", pin.how),
        reason=None if pin is None else pin.reason or None,
    )
