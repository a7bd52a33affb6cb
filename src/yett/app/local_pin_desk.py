"""Pins of `yett run` for people: shown and accepted as those of a gateway's servers are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yett.admin.errors import NotFound, Stale
from yett.admin.pin_views import AcceptPins, PinList, PinsChanged
from yett.admin.pinning import Kept
from yett.admin.pins import pin_list
from yett.app.clock import SystemClock
from yett.app.local_pins import Kept as LocalKept
from yett.app.local_pins import KeptPin, PinFile, path_of
from yett.catalog.pins import pin_of
from yett.stores.control.pins import STRICT
from yett.stores.control.records import Hold, ToolPin


class LocalPinDesk:
    """Implements `yett.cli.pin_commands.PinDesk`. Errors: `NotFound` for a name that nothing was run under with pins."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def pins(self, reference: str) -> PinList:
        """The tools of a run as they were accepted, beside what was listed last."""
        return _shown(self._file(reference).read())

    def accept_pins(self, reference: str, wanted: AcceptPins) -> PinsChanged:
        """Let these definitions count from now on, all or none. Errors: `Stale` where one is not what was shown."""
        file = self._file(reference)
        with file.changing() as kept:
            for one in wanted.tools:
                _accept(kept, one.tool, one.fingerprint, wanted.reason)
            if not kept.waiting:
                kept.moved_ns = None
        return PinsChanged(pins=_shown(file.read()), applied=True)

    def _file(self, name: str) -> PinFile:
        if not path_of(self._state_dir, name).exists():
            raise NotFound(f"nothing that is called `{name}` was run with pins; `yett pins list` shows what was")
        return PinFile(self._state_dir, name)


def _accept(kept: LocalKept, tool: str, fingerprint: str | None, reason: str) -> None:
    pin, before = pin_of(kept.waiting.get(tool)), kept.tools.get(tool)
    if pin is None and before is not None and fingerprint == (None if before.void else before.fingerprint):
        if before.void:
            del kept.tools[tool]  # the command that is run now does not list it
        return
    if pin is None or pin.fingerprint != fingerprint:
        raise Stale(f"the tool `{tool}` is not what was shown; look at what it is now: `yett pins diff`")
    marks, at_ns = " ".join(pin.marks), SystemClock().now_ns()
    kept.tools[tool] = KeptPin(pin.fingerprint, marks, dict(pin.definition), "accepted", at_ns, reason)
    del kept.waiting[tool]


def _shown(kept: LocalKept) -> PinList:
    pinned = {
        tool: ToolPin(
            server_id="",
            tool=tool,
            fingerprint=pin.fingerprint,
            marks=tuple(pin.marks.split(" ")),
            definition=pin.definition,
            how=pin.how,
            set_by="",
            reason=pin.reason,
            at_ns=pin.at_ns,
            void=pin.void,
        )
        for tool, pin in kept.tools.items()
    }
    listed: list[Any] = [
        *(pin.definition for tool, pin in kept.tools.items() if tool not in kept.waiting and not pin.void),
        *kept.waiting.values(),
    ]
    hold = Hold(mode=STRICT, since_ns=kept.since_ns, moved=kept.moved_ns is not None)
    return pin_list(kept.name, listed, Kept(hold, pinned), kept.moved_ns)
