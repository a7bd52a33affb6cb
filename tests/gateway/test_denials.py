"""How refusals read: results for tools, errors for what has no result that could say so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.wire import parsed, request
from yett.gateway.calls import Refused
from yett.gateway.denials import denial
from yett.policy.decision import Code, Decision, Effect
from yett.protocol.replies import DECISION_KEY, Denial


def refused(code: Code, **members: Any) -> Refused:
    return Refused(Decision(Effect.DENY, code, "rule", "why"), Denial("why", code.value, "rule", "r-1", **members))


def test_a_denied_tool_is_a_result_and_a_hidden_one_an_unknown_one() -> None:
    message = request("tools/call", {"name": "t"}, stateless=True).message
    shown = denial(message, refused(Code.DENY_IF_MATCHED))
    assert (shown.status, parsed(shown.body)["result"]["isError"]) == (200, True)
    hidden = denial(message, refused(Code.HIDDEN))
    assert (hidden.status, parsed(hidden.body)["error"]["message"]) == (400, "Unknown tool: t")


@pytest.mark.parametrize(("stateless", "status", "code"), [(False, 200, -32002), (True, 400, -32602)])
def test_a_denied_resource_has_the_code_of_an_unknown_one(stateless: bool, status: int, code: int) -> None:
    message = request("resources/read", {"uri": "a:b"}, stateless=stateless).message
    unlisted, denied = denial(message, refused(Code.NOT_LISTED)), denial(message, refused(Code.LIMIT_EXCEEDED, retry_after_s=3))
    assert (unlisted.status, denied.status) == (status, status)
    assert parsed(unlisted.body)["error"] == {"code": code, "message": "Resource not found", "data": {"uri": "a:b"}}
    error = parsed(denied.body)["error"]
    assert (error["code"], error["message"]) == (code, "[POLICY DENIED] why")
    assert error["data"][DECISION_KEY] == {"code": "limit_exceeded", "rule": "rule", "request_id": "r-1", "retry_after_s": 3}


@pytest.mark.parametrize(("stateless", "status"), [(False, 200), (True, 400)])
def test_a_denied_prompt_has_the_code_of_an_unknown_one(stateless: bool, status: int) -> None:
    message = request("prompts/get", {"name": "p"}, stateless=stateless).message
    unlisted = denial(message, refused(Code.NOT_LISTED))
    assert (unlisted.status, parsed(unlisted.body)["error"]) == (status, {"code": -32602, "message": "Unknown prompt: p"})
    assert parsed(denial(message, refused(Code.NO_POLICY)).body)["error"]["message"] == "[POLICY DENIED] why"
