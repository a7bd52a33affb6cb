"""What a look does to the pins of a server: the first one makes them, and where the server's own setting says so, later ones
accept what is not grave. Thought out before the transaction in which it is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from yett.admin.moves import BY_ITSELF
from yett.catalog.crossing import Others
from yett.catalog.model import Severity
from yett.catalog.pin_states import WAITING, PinState, flags_of, pin_states
from yett.catalog.pins import Pin, pins_of
from yett.stores.control.pins import GRAVE
from yett.stores.control.records import Change, Hold, Look, Server, ToolPin
from yett.stores.control.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a server's tools."""

    hold: Hold
    pins: Mapping[str, ToolPin]

    others: Others = field(default_factory=dict)
    """Tools of the organisation's other servers."""

    def states(self, listed: Sequence[Any], server: str) -> tuple[PinState, ...]:
        """How what the server of this name lists stands to that."""
        pins = {name: Pin(pin.fingerprint, pin.marks, dict(pin.definition)) for name, pin in self.pins.items()}
        void = {name for name, pin in self.pins.items() if pin.void}
        return pin_states(pins, listed, server, void=void, moved=self.hold.moved, others=self.others)


@dataclass(frozen=True, slots=True)
class Pinning:
    """What is to be pinned, if the server is still held as it was."""

    hold: Hold
    before: Mapping[str, str]
    """Fingerprints of what was accepted then, by tool."""
    pins: tuple[ToolPin, ...] = ()
    held_back: tuple[str, ...] = ()
    """Tools that a first look did not pin."""


def plan_pins(kept: Kept, server: Server, look: Look, by: str) -> Pinning:
    """What a look is to pin. A server is seen first once: what it lists after it moved waits for a person in every mode."""
    begun = Pinning(kept.hold, {name: pin.fingerprint for name, pin in kept.pins.items()})
    if look.problem is not None or "tools" not in look.said:
        return begun
    listed: list[Any] = list(look.said["tools"])
    if kept.hold.since_ns is None:
        return _first(begun, server, look, listed, by)
    if kept.hold.mode != GRAVE:
        return begun
    now = pins_of(listed)
    light = [
        pin
        for state in kept.states(listed, server.name)
        if state.state in WAITING and state.severity is not None and state.severity.rank < Severity.HIGH.rank
        if (pin := now.get(state.tool)) is not None
    ]
    return replace(begun, pins=tuple(tool_pins(server, light, how="setting", by="", at_ns=look.at_ns)))


def _first(begun: Pinning, server: Server, look: Look, listed: list[Any], by: str) -> Pinning:
    """All that is listed, but for tools whose texts hide something: nobody saw what he would accept."""
    flags = flags_of(listed)
    hiding = {name for name, found in flags.items() if any(flag.code == "hidden_text" for flag in found)}
    now = pins_of(listed)
    pins = [pin for name, pin in now.items() if pin is not None and name not in hiding]
    held_back = sorted(name for name, pin in now.items() if pin is None or name in hiding)
    made = tuple(tool_pins(server, pins, how="first", by=by, at_ns=look.at_ns))
    return replace(begun, pins=made, held_back=tuple(held_back))


def note_pins(write: Transaction, server: Server, look: Look, planned: Pinning, by: str) -> None:
    """Do what was planned, and write it down; nothing, where somebody else was faster: the next look comes."""
    if (write.pins.state(server.id), write.pins.fingerprints(server.id)) != (planned.hold, planned.before):
        return
    if look.problem is not None or "tools" not in look.said:
        return
    if planned.hold.since_ns is None:
        write.pins.begin(server.id, look.at_ns)
    if planned.pins:
        write.pins.put(server.id, planned.pins)
    if planned.pins or planned.held_back:
        action = "tools.pinned" if planned.hold.since_ns is None else "tools.accepted_by_setting"
        detail = {"count": str(len(planned.pins)), "tools": names_in_short(pin.tool for pin in planned.pins)}
        if planned.held_back:
            detail["held_back"] = names_in_short(planned.held_back)
        change = Change(
            at_ns=look.at_ns, actor=by or BY_ITSELF, action=action, subject=server.id, name=server.name, detail=detail
        )
        write.log.add(change)


NAMED_MAX: Final = 20
NAME_MAX: Final = 80


def names_in_short(names: Iterable[str]) -> str:
    """Names of tools, which are the server's words, for a line of the log."""
    found = [name[:NAME_MAX].encode("unicode_escape").decode() for name in names]
    return ", ".join(found[:NAMED_MAX]) + (f" and {len(found) - NAMED_MAX} more" if len(found) > NAMED_MAX else "")


def tool_pins(server: Server, pins: Iterable[Pin], *, how: str, by: str, at_ns: int, reason: str = "") -> list[ToolPin]:
    """Pins as they are kept."""
    return [
        ToolPin(
            server_id=server.id,
            tool=str(pin.definition["name"]),
            fingerprint=pin.fingerprint,
            marks=pin.marks,
            definition=pin.definition,
            how=how,
            set_by=by,
            reason=reason,
            at_ns=at_ns,
        )
        for pin in pins
    ]
