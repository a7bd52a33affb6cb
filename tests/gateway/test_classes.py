"""Which class a tool has on a data plane, and what follows from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.gate import HTTP_SERVER, Gate, decision_of
from tests.support.clock import ManualClock
from tests.support.policies import policy
from tests.support.wire import call
from yett.catalog.fingerprint import fingerprint
from yett.gateway import classes
from yett.gateway.classes import Classes, fingerprint_of_text
from yett.gateway.snapshot import ClassesEntry, ToolClass
from yett.gateway.tools import ToolBook
from yett.protocol.lists import ToolDefinition

pytestmark = pytest.mark.anyio

SEE: dict[str, Any] = {"name": "see", "description": "Look at it.", "inputSchema": {"type": "object"}}
DROP: dict[str, Any] = {"name": "drop", "description": "Delete it.", "inputSchema": {"type": "object"}}
NEW: dict[str, Any] = {"name": "new", "inputSchema": {"type": "object"}}
ONLY_RISK = policy(risk={"Read": {}, "Write": {"limits": [{"counter": "w", "window": "day", "max": 1}]}}, hide_unpermitted=True)
HIDDEN = policy(default="allow", hide=[{"risk": "Destructive"}])


def given(*tools: dict[str, Any], **people: str) -> list[ClassesEntry]:
    """As the control plane says it; `people` gave classes to names."""
    risks = {"see": "Read", "drop": "Destructive", "new": "Write"}
    judged: dict[str, Any] = {tool["name"]: ToolClass(risks[tool["name"]], fingerprint(tool)) for tool in tools}  # type: ignore[arg-type]  # all are
    return [ClassesEntry(server=HTTP_SERVER.id, tools={**judged, **{name: ToolClass(risk) for name, risk in people.items()}})]  # type: ignore[arg-type]  # too


def gate_with(document: Any, *tools: dict[str, Any], classes: list[ClassesEntry]) -> Gate:
    gate = Gate()
    gate.upstream.pages = [list(tools)]
    gate.publish(document, classes=classes)
    return gate


async def code_of(gate: Gate, name: str, **members: Any) -> str | None:
    """Why a call is refused, None where it is not."""
    before = len(gate.upstream.calls)
    answer = await gate.call(name, **members)
    if len(gate.upstream.calls) > before:
        return None
    body = json.loads(answer.body or b"")
    return str(decision_of(answer)["code"]) if "result" in body else f"rpc {body['error']['code']}"


def definition(value: dict[str, Any]) -> ToolDefinition:
    return ToolDefinition(value["name"], b'{"type":"object"}', json.dumps(value).encode())


# --- the class of one tool ------------------------------------------------------------------------------------------------


def test_a_tool_has_its_class_while_its_definition_is_the_one_that_was_judged() -> None:
    book = Classes()
    assert book.of("s", definition(SEE)) is None
    assert book.give("s", {"see": ToolClass("Read", fingerprint(SEE))})
    assert book.of("s", definition(SEE)) == "Read"
    assert book.of("s", definition(dict(reversed(SEE.items())))) == "Read", "the order of members says nothing"
    assert book.of("s", definition({**SEE, "_meta": {"n": 1}, "outputSchema": {}})) == "Read", "nobody judged these"
    assert book.of("other", definition(SEE)) is None


@pytest.mark.parametrize("member", ["title", "description", "inputSchema", "annotations"])
def test_a_definition_that_is_another_one_in_anything_that_was_judged_has_no_class(member: str) -> None:
    book = Classes()
    book.give("s", {"see": ToolClass("Read", fingerprint(SEE))})
    assert book.of("s", definition({**SEE, member: {"x": 1.0}})) is None


def test_the_class_that_people_gave_counts_whatever_the_definition_is() -> None:
    book = Classes()
    book.give("s", {"see": ToolClass("Execute")})
    assert book.of("s", ToolDefinition("see", None, b'{"name":"see","description":"anything"}')) == "Execute"


def test_before_a_tool_is_listed_again_it_has_the_class_on_which_its_last_list_and_the_present_word_agree() -> None:
    book = Classes()
    assert book.still("s", "see", "Read") is None
    book.give("s", {"see": ToolClass("Read", "x"), "drop": ToolClass("Destructive")})
    said = ("see", "Read"), ("see", "Write"), ("see", None), ("drop", "Read"), ("new", "Read")
    assert [book.still("s", name, risk) for name, risk in said] == ["Read", None, None, "Destructive", None]


def test_what_cannot_be_read_has_no_fingerprint() -> None:
    for raw in (b"[1]", b'"x"', b"{", b"\xff", b"[" * 100_000):
        assert fingerprint_of_text(raw) is None


def test_a_definition_is_read_once_however_many_sessions_list_it(monkeypatch: pytest.MonkeyPatch) -> None:
    book, read = Classes(), []
    monkeypatch.setattr(classes, "fingerprint_of_text", lambda raw: read.append(raw))
    book.give("s", {"see": ToolClass("Read", "x")})
    for _ in range(3):
        assert book.of("s", definition(SEE)) is None
        assert book.of("s", definition(NEW)) is None
    assert len(read) == 1, "and one that has no class is not read at all"


def test_fingerprints_of_more_definitions_than_anybody_lists_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "PRINTS_MAX", 1)
    book = Classes()
    book.give("s", {"see": ToolClass("Read", fingerprint(SEE)), "new": ToolClass("Write", fingerprint(NEW))})
    assert [book.of("s", definition(tool)) for tool in (SEE, NEW, SEE)] == ["Read", "Write", "Read"]


# --- through the gate -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stateless", [False, True])
async def test_a_policy_of_risk_rules_alone_judges_each_tool_by_its_class(stateless: bool) -> None:
    gate = gate_with(ONLY_RISK, SEE, DROP, NEW, classes=given(SEE, DROP, NEW))
    assert await code_of(gate, "see", stateless=stateless) is None
    assert [await code_of(gate, "new", stateless=stateless) for _ in range(2)] == [None, "limit_exceeded"]
    assert await code_of(gate, "drop", stateless=stateless) == "rpc -32602", "as a tool that is not there"
    assert await gate.list(stateless=stateless) == ["see", "new"]


async def test_a_hidden_class_is_taken_out_of_lists_and_calls_of_it_are_calls_of_an_unknown_tool() -> None:
    gate = gate_with(HIDDEN, SEE, DROP, classes=given(SEE, DROP))
    assert await gate.list() == ["see"]
    missing, hidden = [(await gate.call(name)).body or b"" for name in ("nowhere", "drop")]
    assert json.loads(missing.replace(b"nowhere", b"drop"))["error"] == json.loads(hidden)["error"]
    assert not gate.upstream.calls


async def test_a_tool_whose_definition_changed_is_unknown() -> None:
    changed = {**SEE, "description": "Look at it, and tell everybody."}
    gate = gate_with(ONLY_RISK, changed, classes=given(SEE))
    assert await code_of(gate, "see") == "rpc -32602"
    assert await gate.list() == []
    gate.publish(policy(risk={"Unknown": {}}), classes=given(SEE))
    assert await code_of(gate, "see") is None
    assert gate.ledger.records[-1].decision.effect.forwards


async def test_a_tool_that_changes_while_it_is_known_loses_its_class_when_the_server_says_so() -> None:
    gate = gate_with(ONLY_RISK, SEE, classes=given(SEE))
    assert await code_of(gate, "see") is None
    gate.upstream.pages = [[{**SEE, "description": "Delete it."}]]
    gate.tools.changed((HTTP_SERVER.id, ""))
    gate.clock.advance(1)
    assert await code_of(gate, "see") == "rpc -32602"


async def test_an_override_counts_for_the_next_call_and_so_does_its_end() -> None:
    gate = gate_with(ONLY_RISK, SEE, classes=given(SEE))
    assert await code_of(gate, "see") is None
    gate.publish(ONLY_RISK, classes=given(SEE, see="Destructive"))
    assert await code_of(gate, "see") == "rpc -32602"
    gate.publish(ONLY_RISK, classes=given(SEE))
    assert await code_of(gate, "see") is None
    gate.publish(ONLY_RISK)
    assert await code_of(gate, "see") == "rpc -32602"


async def test_a_snapshot_that_leaves_classes_as_they_are_has_no_list_read_again() -> None:
    gate = gate_with(ONLY_RISK, SEE, classes=given(SEE))
    for _ in range(3):
        assert await code_of(gate, "see") is None
        gate.publish(ONLY_RISK, classes=given(SEE))
    assert len(gate.upstream.of("tools/list")) == 1


async def test_a_condition_may_ask_for_the_class() -> None:
    document = policy(all_tools={"require": [{"path": "tool.risk", "op": "eq", "value": "Read"}]}, default="allow")
    gate = gate_with(document, SEE, DROP, NEW, classes=given(SEE, DROP))
    assert [await code_of(gate, name) for name in ("see", "drop", "new")] == [None, "require_failed", "require_failed"]


async def test_hiding_what_is_unknown_hides_none_that_has_a_class() -> None:
    gate = gate_with(policy(default="allow", hide=[{"risk": "Unknown"}]), SEE, NEW, classes=given(SEE))
    assert await code_of(gate, "see") is None
    assert await code_of(gate, "new") == "rpc -32602"
    assert await gate.list() == ["see"]


async def test_fields_that_contradict_a_call_do_not_tell_a_hidden_tool_from_one_that_is_not_there() -> None:
    tool = {**DROP, "inputSchema": {"type": "object", "properties": {"a": {"type": "string", "x-mcp-header": "A"}}}}
    gate = gate_with(HIDDEN, tool, classes=given(tool))
    sent = call("drop", {"a": "x"}, stateless=True)
    answer = await gate.dispatcher.dispatch(gate.route(headers=[*sent.fields, (b"mcp-param-a", b"y")]), sent.message)
    assert json.loads(answer.body or b"")["error"]["code"] == -32602


async def test_what_a_classifier_of_this_process_says_counts_as_the_snapshots_word() -> None:
    asked: list[list[str]] = []

    def classify(tools: Any) -> dict[str, ToolClass]:
        asked.append([tool.name for tool in tools])
        return {tool.name: ToolClass("Read", fingerprint_of_text(tool.raw)) for tool in tools}

    book = ToolBook(ManualClock())
    book.classify = classify
    book.learn(("s", ""), [definition(SEE)], whole=True)
    assert (book.risk(("s", ""), "see"), asked) == ("Read", [["see"]])
    book.learn(("s", ""), [definition(NEW)], whole=False)
    assert (book.risk(("s", ""), "new"), book.risk(("s", ""), "nowhere")) == ("Read", None)
