"""Pins of `yett run` as people see and accept them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.test_local_pins import PAY, PULLED, SEE, pins_in, told
from yett.admin.errors import NotFound, Stale
from yett.admin.pin_views import AcceptedTool, AcceptPins
from yett.app.local_pin_desk import LocalPinDesk


def accept(directory: Path, *names: str) -> None:
    desk = LocalPinDesk(directory)
    prints = {one.tool: one.fingerprint for one in desk.pins("shop").items}
    desk.accept_pins("shop", AcceptPins(tools=[AcceptedTool(tool=name, fingerprint=prints[name]) for name in names]))


def states(directory: Path) -> dict[str, str]:
    return {one.tool: one.state for one in LocalPinDesk(directory).pins("shop").items}


def test_all_is_accepted_or_nothing(tmp_path: Path) -> None:
    told(pins_in(tmp_path), SEE)
    told(pins_in(tmp_path), PULLED, PAY)
    seen = next(one for one in LocalPinDesk(tmp_path).pins("shop").items if one.tool == "pay")
    wanted = [AcceptedTool(tool="pay", fingerprint=seen.fingerprint), AcceptedTool(tool="see", fingerprint="another")]
    with pytest.raises(Stale, match="`see` is not what was shown"):
        LocalPinDesk(tmp_path).accept_pins("shop", AcceptPins(tools=wanted))
    assert states(tmp_path) == {"see": "changed", "pay": "new"}
    accept(tmp_path, "pay")
    assert states(tmp_path) == {"see": "changed", "pay": "accepted"}
    with pytest.raises(NotFound):
        LocalPinDesk(tmp_path).pins("none")


def test_a_tool_that_another_command_does_not_list_may_be_let_go(tmp_path: Path) -> None:
    told(pins_in(tmp_path, "one"), SEE, PAY)
    told(pins_in(tmp_path, "other"), SEE)
    assert states(tmp_path) == {"see": "moved", "pay": "gone"}
    accept(tmp_path, "see", "pay")
    assert states(tmp_path) == {"see": "accepted"}
    assert told(pins_in(tmp_path, "other"), SEE, PAY) == {"see"}
    assert states(tmp_path) == {"see": "accepted", "pay": "new"}
