"""Pins as they are kept: of one organisation's servers, whatever the names of their tools hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.clock import START_NS, ManualClock
from yett.stores.control.pins import OFF, STRICT
from yett.stores.control.records import Hold, Organisation, Server, ToolPin
from yett.stores.control.store import open_control

NONE = Hold(mode=STRICT)


def pin(tool: str, *marks: str) -> ToolPin:
    return ToolPin(
        server_id="s", tool=tool, fingerprint="f", marks=marks, definition={"name": tool}, how="first", set_by="", at_ns=1
    )


def test_pins_are_kept_replaced_and_dropped_by_tool(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    with store.whole() as whole:
        own = whole.of(whole.organisations()[0].id)
        own.servers.add(Server(id="s", name="shop", url="http://x/mcp", created_at_ns=START_NS))
        assert (own.pins.state("s"), own.pins.of("s"), own.pins.held()) == (NONE, {}, {})
        own.pins.begin("s", 7)
        own.pins.put("s", [pin("bell\x00\ud800", "a", "b"), pin("see", "c")])
        own.pins.put("s", [pin("see", "d")])
        assert own.pins.of("s") == {"bell\x00\ud800": pin("bell\x00\ud800", "a", "b"), "see": pin("see", "d")}
        assert own.pins.fingerprints("s") == {"bell\x00\ud800": "f", "see": "f"}
        assert own.pins.marks("s") == {"s": {"bell\x00\ud800": ("a", "b"), "see": ("d",)}}
        own.pins.set_mode("s", OFF)
        assert (own.pins.state("s"), own.pins.held()) == (Hold(mode=OFF, since_ns=7), {"s": OFF})
        assert own.pins.modes() == {"s": OFF}
        own.pins.remove("s", ["see"])
        assert set(own.pins.of("s")) == {"bell\x00\ud800"}
        assert own.touched.pins == {"s"}
        own.pins.drop("s")
        assert (own.pins.state("s"), own.pins.of("s")) == (NONE, {})
    store.close()


def test_what_a_server_that_moved_had_accepted_is_kept_and_compared_with_no_more(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    with store.whole() as whole:
        own = whole.of(whole.organisations()[0].id)
        own.servers.add(Server(id="s", name="shop", url="http://x/mcp", created_at_ns=START_NS))
        assert own.pins.void("s") == 0, "it never told its tools"
        assert own.pins.state("s") == NONE
        own.pins.begin("s", 7)
        own.pins.put("s", [pin("see", "a"), pin("pay", "b")])
        assert own.pins.void("s") == 2
        assert (own.pins.state("s").moved, own.pins.marks("s"), own.pins.of("s")["see"].void) == (True, {}, True)
        own.pins.put("s", [pin("see", "a")])
        assert own.pins.marks("s") == {"s": {"see": ("a",)}}
        own.pins.settle("s")
        assert own.pins.state("s") == Hold(mode=STRICT, since_ns=7)
    store.close()


def test_another_organisations_pins_can_neither_be_read_nor_changed(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    with store.whole() as whole:
        own = whole.of(whole.organisations()[0].id)
        own.servers.add(Server(id="s", name="shop", url="http://x/mcp", created_at_ns=START_NS))
        own.pins.begin("s", 7)
        own.pins.put("s", [pin("see", "a")])
        whole.add_organisation(Organisation(id="o", name="other", created_at_ns=START_NS))
        other = whole.of("o")
        assert (other.pins.of("s"), other.pins.marks(), other.pins.held(), other.pins.state("s")) == ({}, {}, {}, NONE)
        assert other.pins.modes() == {}
        changes: list[Callable[[], None]] = [
            lambda: other.pins.put("s", [pin("see", "b")]),
            lambda: other.pins.remove("s", ["see"]),
            lambda: other.pins.set_mode("s", OFF),
            lambda: other.pins.drop("s"),
            lambda: other.pins.settle("s"),
        ]
        for change in changes:
            with pytest.raises(AssertionError):
                change()
    store.close()
