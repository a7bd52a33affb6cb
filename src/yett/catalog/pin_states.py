"""How the tools that a server lists stand to those that were accepted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from yett.catalog.drift import Drift, drift
from yett.catalog.marks import fits
from yett.catalog.model import Severity
from yett.catalog.pins import Pin, pins_of
from yett.catalog.poison import Around, Flag, poison
from yett.policy.json_value import JsonObject, JsonValue

State = Literal["accepted", "changed", "new", "gone", "twice"]
WAITING: Final[frozenset[State]] = frozenset({"changed", "new", "twice"})
"""States in which a tool waits for somebody to accept it. One that is listed twice cannot be accepted."""


@dataclass(frozen=True, slots=True)
class PinState:
    """One tool."""

    tool: str
    state: State
    fingerprint: str | None = None
    """Of the definition that is listed; None where none is, or two are."""
    change: Drift | None = None
    """What is otherwise than was accepted."""
    flags: tuple[Flag, ...] = ()
    """What the definition that is listed tries."""

    @property
    def severity(self) -> Severity | None:
        """How grave what waits is; None where nothing does."""
        if self.state not in WAITING:
            return None
        grave = [flag.severity for flag in self.flags] + ([] if self.change is None else [self.change.severity])
        return max(grave, key=lambda severity: severity.rank, default=Severity.LOW)


def pin_states(pinned: Mapping[str, Pin], listed: Sequence[JsonValue], server: str) -> tuple[PinState, ...]:
    """Each tool that was accepted or is listed, by name."""
    now = pins_of(listed)
    accepted: list[JsonValue] = [pin.definition for pin in pinned.values()]
    changes = {one.tool: one for one in drift(accepted, listed, server)}
    flags = flags_of(listed)
    return tuple(
        PinState(
            tool=name,
            state=state,
            fingerprint=None if (pin := now.get(name)) is None else pin.fingerprint,
            change=None if state == "accepted" else changes.get(name),
            flags=flags.get(name, ()),
        )
        for name in sorted(pinned.keys() | now.keys())
        for state in (_state(name, pinned, now),)
    )


def flags_of(listed: Sequence[JsonValue]) -> dict[str, tuple[Flag, ...]]:
    """What each tool of a list tries, by name, of those that try something."""
    named: list[tuple[str, JsonObject]] = []
    for value in listed:
        name = value.get("name") if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(name, str):
            named.append((name, value))
    around = Around(siblings=frozenset(name for name, _ in named))
    found: dict[str, tuple[Flag, ...]] = {}
    for name, value in named:
        flags = poison(value, around)
        if flags:
            found[name] = found.get(name, ()) + flags
    return found


def _state(name: str, pinned: Mapping[str, Pin], now: Mapping[str, Pin | None]) -> State:
    if name not in now:
        return "gone"
    pin = now[name]
    if pin is None:
        return "twice"
    if name not in pinned:
        return "new"
    return "accepted" if fits(pin.marks, pinned[name].marks) else "changed"
