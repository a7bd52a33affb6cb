"""How the tools that a server lists stand to those that were accepted."""

from __future__ import annotations

from yett.catalog.model import Severity
from yett.catalog.pin_states import WAITING, flags_of, pin_states
from yett.catalog.pins import Pin, pin_of
from yett.policy.json_value import JsonObject, JsonValue

READ: JsonObject = {"name": "read", "title": "Read", "description": "Reads a file.", "inputSchema": {"type": "object"}}
SEND: JsonObject = {"name": "send", "description": "Sends a mail."}


def pinned(*tools: JsonObject) -> dict[str, Pin]:
    found = {str(tool["name"]): pin_of(tool) for tool in tools}
    return {name: pin for name, pin in found.items() if pin is not None}


def test_each_tool_has_one_state_and_what_waits_a_severity() -> None:
    twice: JsonObject = {"name": "twice"}
    listed = [{**READ, "description": "Reads files."}, SEND, twice, {**twice, "title": "other"}]
    states = {one.tool: one for one in pin_states(pinned(READ, {"name": "gone"}), listed, "shop")}
    assert {name: one.state for name, one in states.items()} == {
        "gone": "gone",
        "read": "changed",
        "send": "new",
        "twice": "twice",
    }
    assert {name for name, one in states.items() if one.severity is not None} == {"read", "send", "twice"}
    assert {"changed", "moved", "new", "twice"} == WAITING
    assert (states["read"].severity, states["twice"].fingerprint) == (Severity.LOW, None)
    assert states["read"].change is not None and states["read"].change.meanings == ("wording",)


def test_what_was_accepted_elsewhere_waits_however_alike_it_is() -> None:
    listed: list[JsonValue] = [READ, {**SEND, "description": "Sends a letter."}, {"name": "look"}]
    states = {one.tool: one for one in pin_states(pinned(READ, SEND), listed, "shop", void={"read", "send"}, moved=True)}
    assert {name: (one.state, one.severity, one.moved) for name, one in states.items()} == {
        "look": ("new", Severity.HIGH, True),
        "read": ("moved", Severity.HIGH, True),
        "send": ("changed", Severity.HIGH, True),
    }
    (state,) = pin_states(pinned(READ), [READ], "shop", void={"read"})
    assert (state.state, state.severity) == ("moved", Severity.HIGH), "also when all else was accepted meanwhile"


def test_what_is_left_out_for_an_older_client_is_accepted() -> None:
    (state,) = pin_states(pinned(READ), [{key: value for key, value in READ.items() if key != "title"}], "shop")
    assert (state.state, state.change, state.severity) == ("accepted", None, None)


def test_what_a_text_tries_makes_a_small_change_a_grave_one() -> None:
    (state,) = pin_states(pinned(SEND), [{**SEND, "description": "Sends a mail\u200b."}], "shop")
    assert (state.severity, [flag.code for flag in state.flags]) == (Severity.CRITICAL, ["hidden_text"])


def test_siblings_that_look_alike_are_flagged_both() -> None:
    assert {name: [flag.code for flag in flags] for name, flags in flags_of([SEND, {"name": "Send"}, READ]).items()} == {
        "send": ["lookalike_name"],
        "Send": ["lookalike_name"],
    }
