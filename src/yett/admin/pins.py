"""Use cases of pins: what changed since it was accepted, and a person's word that it may be so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from yett.admin.checks import check_text, show_moment
from yett.admin.errors import Conflict, Invalid, NotFound, Stale
from yett.admin.permissions import Permission
from yett.admin.pin_views import AcceptPins, FlagView, Mode, NewPinMode, PinList, PinsChanged, PinView
from yett.admin.pinning import pin_of, tool_pins
from yett.admin.server_looks import LookCases
from yett.admin.showing import moment
from yett.catalog.drift import MEANINGS
from yett.catalog.pin_states import WAITING, PinState, pin_states
from yett.catalog.pins import Pin, pins_of
from yett.stores.control.pins import MODES, OFF
from yett.stores.control.records import Look, Server, ToolPin
from yett.stores.control.transaction import Transaction

ACCEPTED_MAX: Final = 5_000
"""Tools of one request."""


class PinCases(LookCases):
    """The part of `yett.admin.control.Control` for pins."""

    __slots__ = ()

    def pins(self, reference: str) -> PinList:
        """The tools of a server as they were accepted, beside what it listed when it was last asked."""
        self.require(Permission.VIEW)
        server, look, state, pinned = self.read(lambda read: self._kept(read, reference))
        return _shown(server, look, state, pinned)

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

        def work(write: Transaction) -> None:
            present, look, (_, since), pinned = self._kept(write, server.id)
            if look is None or since is None:
                raise Conflict(f"the server `{present.name}` never told its tools, so that there is nothing to accept")
            self._accept(write, present, look, pinned, wanted)

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
            before = write.pins.state(server.id)[0]
            if before != new.mode:
                write.pins.set_mode(server.id, new.mode)
                self.log(write, "server.pins_set", (server.id, server.name), before={"mode": before}, after={"mode": new.mode})
            return server

        server, answer = self.change(work)
        return PinsChanged(pins=self.pins(server.id), applied=answer.applied, note=answer.note)

    def _kept(self, read: Transaction, reference: str) -> tuple[Server, Look | None, tuple[str, int | None], dict[str, ToolPin]]:
        server = self.find_server(read, reference)
        return server, read.servers.look(server.id), read.pins.state(server.id), read.pins.of(server.id)

    def _accept(self, write: Transaction, server: Server, look: Look, pinned: dict[str, ToolPin], wanted: AcceptPins) -> None:
        now = pins_of(look.said.get("tools", []))
        names = [one.tool for one in wanted.tools]
        if len(set(names)) < len(names):
            raise Invalid("a tool is named twice", pointer="/tools")
        fresh: list[Pin] = []
        gone: list[str] = []
        for number, one in enumerate(wanted.tools):
            pin = _agreed(server, one.tool, one.fingerprint, pinned, now, f"/tools/{number}")
            if pin is None:
                gone.append(one.tool)
            elif one.tool not in pinned or pinned[one.tool].fingerprint != pin.fingerprint:
                fresh.append(pin)
        made = tool_pins(server, fresh, how="accepted", by=self.principal.name, at_ns=self.now_ns(), reason=wanted.reason)
        if made:
            write.pins.put(server.id, made)
        if gone:
            write.pins.remove(server.id, gone)
        states = {
            state.tool: state
            for state in pin_states({name: pin_of(pin) for name, pin in pinned.items()}, look.said.get("tools", []), server.name)
        }
        for name in (*(pin.tool for pin in made), *gone):
            self._log_one(write, server, states[name], pinned.get(name), wanted.reason)

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


def _agreed(
    server: Server, tool: str, fingerprint: str | None, pinned: dict[str, ToolPin], now: dict[str, Pin | None], pointer: str
) -> Pin | None:
    """The definition that is accepted, if it is what was seen; None for a tool that is gone."""
    if tool not in now and tool not in pinned:
        raise NotFound(f"the server `{server.name}` has no tool `{tool}`; `yett server pins {server.name}` shows all")
    if tool in now and now[tool] is None:
        raise Conflict(
            f"the server `{server.name}` lists several tools `{tool}`, so that nobody can say which one is called",
            pointer=pointer,
        )
    pin = now.get(tool)
    if (None if pin is None else pin.fingerprint) != fingerprint:
        raise Stale(f"the tool `{tool}` is not what was shown; look at what it is now: `yett server pins diff {server.name}`")
    return pin


def _shown(server: Server, look: Look | None, state: tuple[str, int | None], pinned: Mapping[str, ToolPin]) -> PinList:
    listed: list[Any] = [] if look is None else list(look.said.get("tools", []))
    pins = pin_list(server.name, listed, state, pinned)
    return pins if look is None else replace(pins, seen_at=moment(look.at_ns), problem=look.problem)


def pin_list(name: str, listed: Sequence[Any], state: tuple[str, int | None], pinned: Mapping[str, ToolPin]) -> PinList:
    """What a server lists, beside what was accepted of it. `state`: how strictly it is held to that, and since when."""
    mode, since_ns = state
    states = pin_states({tool: pin_of(pin) for tool, pin in pinned.items()}, listed, name)
    held = since_ns is not None and mode != OFF
    items = [_view(one, pinned.get(one.tool), held=held) for one in states]
    return PinList(
        server=name,
        mode=cast("Mode", mode),
        since=None if since_ns is None else show_moment(since_ns),
        seen_at=None,
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
        meanings=[] if change is None else list(change.meanings),
        what=None if change is None else MEANINGS[change.meanings[0]],
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
