"""Results that ask for input and requests that bring it, read strictly and edited where they must be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.fake_upstream import result
from yett.protocol.answers import MalformedAnswer
from yett.protocol.eras import META_CLIENT_CAPABILITIES
from yett.protocol.rounds import Wanted, continued, declared_now, read_wanted, rounds_fault, with_state

ASKED: dict[str, Any] = {
    "resultType": "input_required",
    "inputRequests": {"a": {"method": "roots/list"}, "b": {"method": "sampling/createMessage", "params": {"x": [1.0, "\u00e9"]}}},
    "_meta": {"vendor": 1},
}


def test_what_is_wanted_is_read_and_the_state_replaced_and_nothing_else() -> None:
    data = result(b'"q"', {**ASKED, "requestState": "th\u00efs"})
    wanted = read_wanted(data)
    assert (wanted.kinds, json.loads(wanted.state or b"")) == ({"a": "roots", "b": "sampling"}, "th\u00efs")
    assert json.loads(with_state(data, "ours")) == {"jsonrpc": "2.0", "id": "q", "result": {**ASKED, "requestState": "ours"}}


def test_a_server_may_want_input_without_a_state_or_a_state_without_input() -> None:
    assert read_wanted(result(b"1", ASKED)).state is None
    assert read_wanted(result(b"1", {"resultType": "input_required", "requestState": ""})).kinds == {}


@pytest.mark.parametrize(
    "data",
    [
        result(b"1", {"resultType": "complete", "requestState": "x"}),
        result(b"1", {"resultType": "input_required"}),
        result(b"1", {**ASKED, "InputRequests": {}}),
        b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":"a","requestState":"b"}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"input_required"}}',
    ],
)
def test_everything_else_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        read_wanted(data)


@pytest.mark.parametrize("state", [None, b'"theirs"'])
def test_the_server_gets_its_own_state_and_what_it_asked_for(state: bytes | None) -> None:
    params = {"name": "t", "arguments": {"n": 1.0}, "requestState": "ours", "inputResponses": {"a": {"x": 1}, "z": {}}}
    body = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}).encode()
    sent = json.loads(continued(body, Wanted({"a": "roots"}, state)))["params"]
    assert sent.pop("requestState", None) == (None if state is None else "theirs")
    assert sent == {"name": "t", "arguments": {"n": 1.0}, "inputResponses": {"a": {"x": 1}}}
    assert b"1.0" in continued(body, Wanted({}, None))


def test_input_has_one_form() -> None:
    assert rounds_fault({"requestState": "x", "inputResponses": {"a": {}}}, b"1") is None
    wrong: tuple[dict[str, Any], ...] = ({"requestState": None}, {"inputResponses": None}, {"inputResponses": {"a": []}})
    for params in wrong:
        rejection = rounds_fault(params, b"1")
        assert rejection is not None
        assert rejection.rpc_code == -32602


def test_a_stateless_request_says_itself_what_its_client_can_be_asked() -> None:
    declared: Any = {"_meta": {META_CLIENT_CAPABILITIES: {"roots": {}, "sampling": None, "tasks": {}}}}
    assert declared_now(declared) == {"roots"}
    assert declared_now({}) == declared_now({"_meta": {META_CLIENT_CAPABILITIES: []}}) == frozenset()
