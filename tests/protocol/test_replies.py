"""What the gateway answers itself, read back by the SDK's own types."""

from __future__ import annotations

import json

import pytest
from mcp_types import methods as sdk
from mcp_types.jsonrpc import JSONRPCError, jsonrpc_message_adapter

from tests.protocol.wire import refused
from yett.protocol.eras import REVISIONS, STATELESS_REVISIONS, Era
from yett.protocol.rejection import resource_not_found
from yett.protocol.replies import (
    Denial,
    denied,
    denied_request,
    empty_result,
    error,
    rejected,
    unknown_prompt,
    unknown_resource,
    unknown_tool,
)

DENIAL = Denial('ask for "less" \u2014 please', "require_failed", "/tools/pay/require/args.amount-lte", "req-1", "3-abc", 12)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_denial_is_a_valid_tool_result_of_every_revision(revision: str) -> None:
    reply = json.loads(denied(b'"a"', DENIAL, stateless=revision in STATELESS_REVISIONS))
    assert reply["id"] == "a"
    sdk.validate_server_result("tools/call", revision, reply["result"])


def test_a_denial_says_why_to_model_and_program() -> None:
    reply = json.loads(denied(b"7", DENIAL, stateless=False))
    assert reply == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {
            "content": [{"type": "text", "text": '[POLICY DENIED] ask for "less" \u2014 please'}],
            "isError": True,
            "_meta": {
                "dev.yett/decision": {
                    "code": "require_failed",
                    "rule": "/tools/pay/require/args.amount-lte",
                    "request_id": "req-1",
                    "policy_revision": "3-abc",
                    "retry_after_s": 12,
                }
            },
        },
    }
    assert json.loads(denied(b"7", DENIAL, stateless=True))["result"]["resultType"] == "complete"


def test_what_does_not_apply_is_left_out_of_a_denial() -> None:
    reply = json.loads(denied(b"7", Denial("no", "no_policy", "(no policy)", "r"), stateless=False))
    assert set(reply["result"]["_meta"]["dev.yett/decision"]) == {"code", "rule", "request_id"}


def test_an_unknown_tool_is_an_error_that_names_it() -> None:
    reply = jsonrpc_message_adapter.validate_json(unknown_tool(b"1", 'a"b'))
    assert isinstance(reply, JSONRPCError)
    assert (reply.error.code, reply.error.message) == (-32602, 'Unknown tool: a"b')


@pytest.mark.parametrize(("era", "code"), [(Era.HANDSHAKE, -32002), (Era.STATELESS, -32602)])
def test_an_unknown_resource_is_an_error_of_the_revision_that_names_it(era: Era, code: int) -> None:
    reply = jsonrpc_message_adapter.validate_json(unknown_resource(b"1", resource_not_found(era), "a:b"))
    assert isinstance(reply, JSONRPCError)
    assert (reply.error.code, reply.error.message, reply.error.data) == (code, "Resource not found", {"uri": "a:b"})


def test_an_unknown_prompt_is_an_error_that_names_it() -> None:
    reply = jsonrpc_message_adapter.validate_json(unknown_prompt(b"1", "p"))
    assert isinstance(reply, JSONRPCError)
    assert (reply.error.code, reply.error.message) == (-32602, "Unknown prompt: p")


def test_a_denial_of_what_has_no_result_is_an_error_that_says_why() -> None:
    denial = Denial("too many", "limit_exceeded", "/prompts/p/limits/n", "r", "1-a", 5)
    reply = json.loads(denied_request(b'"x"', -32602, denial))
    assert (reply["id"], reply["error"]["code"], reply["error"]["message"]) == ("x", -32602, "[POLICY DENIED] too many")
    assert reply["error"]["data"]["dev.yett/decision"] == {
        "code": "limit_exceeded",
        "rule": "/prompts/p/limits/n",
        "request_id": "r",
        "policy_revision": "1-a",
        "retry_after_s": 5,
    }


def test_an_error_to_nobody_has_a_null_id() -> None:
    assert error(None, -32700, "x") == b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}'


def test_a_rejection_becomes_its_error() -> None:
    reply = json.loads(rejected(refused({"jsonrpc": "2.0", "id": 9, "method": "nope"})))
    assert reply == {"jsonrpc": "2.0", "id": 9, "error": {"code": -32601, "message": "Method not found"}}


def test_the_answer_to_ping_is_empty() -> None:
    assert json.loads(empty_result(b"1")) == {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert json.loads(empty_result(b"1", stateless=True))["result"] == {"resultType": "complete"}
