"""What servers and clients say of tasks, read one way and edited without touching the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from yett.protocol.answers import MalformedAnswer
from yett.protocol.rounds import INPUTS_MAX
from yett.protocol.tasks import (
    CURSOR_CHARS_MAX,
    TASK_ID_CHARS_MAX,
    State,
    about_fault,
    arguments_in,
    asked_fault,
    at_cursor,
    declares_tasks,
    read_made,
    read_state,
    shown_list,
    state_of,
    updated,
)

META = "io.modelcontextprotocol/"
TASK: dict[str, Any] = {"taskId": "t", "status": "working", "ttl": 5}


def answer(result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()


def test_a_task_of_either_generation_is_read() -> None:
    assert read_made(answer({"task": TASK}), stateless=False) == State("t", "working", 5.0)
    flat = {"resultType": "task", "taskId": "t", "status": "completed", "ttlMs": None}
    assert read_made(answer(flat), stateless=True) == State("t", "completed", None)


@pytest.mark.parametrize("result", [{"task": []}, {"task": {}}, {"resultType": "task", **TASK}, {}])
def test_what_is_no_task_of_the_generation_is_malformed(result: Any) -> None:
    with pytest.raises(MalformedAnswer):
        read_made(answer(result), stateless=False)


def test_an_error_is_no_task() -> None:
    with pytest.raises(MalformedAnswer):
        read_state(b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}', "t", stateless=True)


def test_a_state_is_of_the_task_that_was_asked_about() -> None:
    assert read_state(answer(TASK), "t", stateless=False).id == "t"
    with pytest.raises(MalformedAnswer, match="another"):
        read_state(answer(TASK), "u", stateless=False)


def test_ids_end_at_their_limit_and_questions_at_theirs() -> None:
    assert state_of({**TASK, "taskId": "x" * TASK_ID_CHARS_MAX}, stateless=False).status == "working"
    with pytest.raises(MalformedAnswer):
        state_of({**TASK, "taskId": "x" * (TASK_ID_CHARS_MAX + 1)}, stateless=False)
    ask = {"method": "roots/list"}
    asking: dict[str, Any] = {**TASK, "status": "input_required", "inputRequests": {str(n): ask for n in range(INPUTS_MAX)}}
    assert set(state_of(asking, stateless=True).kinds.values()) == {"roots"}
    wrong: tuple[dict[str, Any], ...] = (
        {"more": ask},
        {"0": {"method": "tools/call"}},
        {"0": {"Method": "roots/list", **ask}},
    )
    for more in wrong:
        with pytest.raises(MalformedAnswer):
            state_of({**asking, "inputRequests": {**asking["inputRequests"], **more}}, stateless=True)


def test_a_request_about_a_task_names_one() -> None:
    assert about_fault("tasks/get", {"taskId": "t"}, b"1") is None
    assert about_fault("tasks/get", {"taskId": "x" * (TASK_ID_CHARS_MAX + 1)}, b"1") is not None
    assert about_fault("tasks/update", {"taskId": "t"}, b"1") is not None
    assert about_fault("tasks/update", {"taskId": "t", "inputResponses": {"a": {}}}, b"1") is None


@pytest.mark.parametrize(("task", "good"), [({}, True), ({"ttl": 0}, True), ({"ttl": None}, True), ({"ttl": True}, False)])
def test_a_wish_for_a_task_has_a_form(task: Any, good: bool) -> None:
    assert (asked_fault({"task": task}, b"1") is None) is good


@pytest.mark.parametrize(
    ("declared", "takes"),
    [
        ({"extensions": {f"{META}tasks": {}}}, True),
        ({"extensions": {f"{META}tasks": None}}, False),
        ({"extensions": {f"{META}ui": {}}}, False),
        ({"extensions": []}, False),
        ({"tasks": {}}, False),
        (None, False),
    ],
)
def test_a_client_says_that_it_takes_tasks(declared: Any, takes: bool) -> None:
    assert declares_tasks({"_meta": {f"{META}clientCapabilities": declared}}) is takes


def test_an_update_keeps_its_bytes_where_nothing_is_left_out() -> None:
    body = b'{"params": {"taskId":"t","inputResponses":{"a":{"x":1.50}, "b":{}}},"id":1}'
    assert updated(body, frozenset({"a", "b", "c"})) is body
    assert json.loads(updated(body, frozenset({"a"})))["params"] == {"taskId": "t", "inputResponses": {"a": {"x": 1.5}}}
    assert b"1.50" in updated(body, frozenset({"a"}))


def test_the_arguments_of_a_call_keep_their_bytes() -> None:
    assert arguments_in(b'{"params":{"name":"p","arguments":{"n": 1.50}}}') == b'{"n": 1.50}'
    assert arguments_in(b'{"params":{"name":"p"}}') == b"{}"


def test_cursors_are_replaced_both_ways() -> None:
    page = answer({"tasks": [TASK, {**TASK, "taskId": "u"}], "nextCursor": "theirs"})
    shown = json.loads(shown_list(page, lambda id: id == "u", lambda cursor: f"ours for {cursor}"))["result"]
    assert ([task["taskId"] for task in shown["tasks"]], shown["nextCursor"]) == (["u"], "ours for theirs")
    with pytest.raises(MalformedAnswer):
        shown_list(answer({"tasks": [], "nextCursor": "x" * (CURSOR_CHARS_MAX + 1)}), lambda _: True, lambda _: "never")
    last = answer({"tasks": [TASK], "nextCursor": None})
    assert shown_list(last, lambda _: True, lambda _: "never") is last
    assert json.loads(at_cursor(b'{"params":{"cursor":"ours","x":1}}', "theirs"))["params"] == {"cursor": "theirs", "x": 1}
