"""How the tools that a server lists stand to those that were accepted. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from yett.catalog.crossing import NOBODY, Others, crossings
from yett.catalog.drift import Drift, drift
from yett.catalog.marks import fits
from yett.catalog.model import Severity
from yett.catalog.pins import Pin, pins_of
from yett.catalog.poison import Around, Flag, poison
from yett.policy.json_value import JsonObject, JsonValue

State = Literal["accepted", "changed", "moved", "new", "gone", "twice"]
WAITING: Final[frozenset[State]] = frozenset({"changed", "moved", "new", "twice"})
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
    moved: bool = False
    """Whether it waits, among other things, because its server is another one than it was."""

    @property
    def severity(self) -> Severity | None:
        """How grave what waits is; None where nothing does."""
        if self.state not in WAITING:
            return None
        grave = [flag.severity for flag in self.flags] + ([] if self.change is None else [self.change.severity])
        grave += [Severity.HIGH] if self.moved else []
        return max(grave, key=lambda severity: severity.rank, default=Severity.LOW)


def pin_states(
    pinned: Mapping[str, Pin],
    listed: Sequence[JsonValue],
    server: str,
    *,
    void: Collection[str] = (),
    moved: bool = False,
    others: Others = NOBODY,
) -> tuple[PinState, ...]:
    """Each tool that was accepted or is listed, by name. Those in `void` were accepted where the server no longer is.

    `moved`: whether that is so of the server as a whole, and what else it lists is as doubtful. `others`: tools of other servers.
    """
    now = pins_of(listed)
    accepted: list[JsonValue] = [pin.definition for pin in pinned.values()]
    changes = {one.tool: one for one in drift(accepted, listed, server)}
    flags, across = flags_of(listed), crossings(listed, others)
    return tuple(
        PinState(
            tool=name,
            state=state,
            fingerprint=None if (pin := now.get(name)) is None else pin.fingerprint,
            change=None if state == "accepted" else changes.get(name),
            flags=(*flags.get(name, ()), *across.get(name, ())),
            moved=state in WAITING and (moved or name in void),
        )
        for name in sorted(pinned.keys() | now.keys())
        for state in (_state(name, pinned, now, void),)
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


def _state(name: str, pinned: Mapping[str, Pin], now: Mapping[str, Pin | None], void: Collection[str]) -> State:
    if name not in now:
        return "gone"
    pin = now[name]
    if pin is None:
        return "twice"
    if name not in pinned:
        return "new"
    if not fits(pin.marks, pinned[name].marks):
        return "changed"
    return "moved" if name in void else "accepted"
