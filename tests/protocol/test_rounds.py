"""What a server asks before it goes on, and the answers to it: what is edited, what keeps its bytes, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.protocol.wire import META_CAPABILITIES, accepted, call, encode, modern, modern_headers, refused
from yett.protocol.answers import MalformedAnswer
from yett.protocol.rounds import INPUTS_MAX, Wanted, continued, declared_now, read_wanted, with_state

ELICIT = {"method": "elicitation/create", "params": {"message": "who?"}}
ROOTS = {"method": "roots/list"}


def result(**members: Any) -> bytes:
    return encode({"jsonrpc": "2.0", "id": 1, "result": {"resultType": "input_required", **members}})


def test_questions_are_told_by_their_keys_and_kinds() -> None:
    wanted = read_wanted(result(inputRequests={"a": ELICIT, "b": ROOTS}, requestState='"s'))
    assert wanted == Wanted({"a": "elicitation", "b": "roots"}, b'"\\"s"')
    assert read_wanted(result(inputRequests={"a": ELICIT})).state is None
    assert read_wanted(result(requestState="")) == Wanted({}, b'""')
    assert len(read_wanted(result(inputRequests={str(key): ROOTS for key in range(INPUTS_MAX)})).kinds) == INPUTS_MAX


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"inputRequests": {}},
        {"inputRequests": []},
        {"inputRequests": {str(key): ROOTS for key in range(INPUTS_MAX + 1)}},
        {"inputRequests": {"a": "elicitation/create"}},
        {"inputRequests": {"a": {"params": {}}}},
        {"inputRequests": {"a": {"method": "tools/call"}}},
        {"inputRequests": {"a": {**ELICIT, "Method": "roots/list"}}},
        {"requestState": 5},
        {"requestState": "s", "RequestState": "t"},
        {"requestState": "s", "resultType": "complete"},
    ],
)
def test_what_asks_nothing_or_in_two_ways_is_malformed(members: dict[str, Any]) -> None:
    with pytest.raises(MalformedAnswer):
        read_wanted(result(**members))


def test_an_error_asks_nothing() -> None:
    with pytest.raises(MalformedAnswer):
        read_wanted(b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}')


def test_the_state_is_replaced_and_the_rest_keeps_its_bytes() -> None:
    data = b'{"jsonrpc":"2.0", "id":1,"result":{"inputRequests":{ "a":{"method":"roots/list"}},"requestState":"s","x":1.50}}'
    edited = with_state(data, 'ours"')
    assert b'{ "a":{"method":"roots/list"}}' in edited
    assert b"1.50" in edited
    assert json.loads(edited)["result"]["requestState"] == 'ours"'
    assert json.loads(with_state(result(inputRequests={"a": ROOTS}), "t"))["result"]["requestState"] == "t"


def test_a_request_goes_on_with_the_servers_state_and_the_answers_that_were_asked_for() -> None:
    answers = b'{"a": {"action":"accept"} ,"z":{"action":"accept"}}'
    body = (
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","inputResponses":%b,"requestState":"ours"}}'
        % answers
    )
    edited = continued(body, Wanted({"a": "elicitation", "b": "roots"}, b'"\\u0061"'))
    assert b'{"action":"accept"}' in edited
    assert json.loads(edited)["params"] == {"name": "x", "inputResponses": {"a": {"action": "accept"}}, "requestState": "a"}
    assert "requestState" not in json.loads(continued(body, Wanted({}, None)))["params"]


def test_what_a_client_offers_is_what_it_declares_as_objects() -> None:
    offered: Any = {"elicitation": {}, "roots": True, "extensions": {}}
    assert declared_now({"_meta": {META_CAPABILITIES: offered}}) == {"elicitation"}
    assert declared_now({"_meta": {META_CAPABILITIES: {}}}) == declared_now({}) == frozenset()


@pytest.mark.parametrize(
    "rest", [{"requestState": "s"}, {"inputResponses": {}}, {"requestState": "s", "inputResponses": {"a": {"action": "accept"}}}]
)
def test_a_further_round_is_let_through_in_the_stateless_era_only(rest: dict[str, Any]) -> None:
    for method, key in (("tools/call", "name"), ("prompts/get", "name"), ("resources/read", "uri")):
        params: dict[str, Any] = {key: "x", **rest}
        assert accepted(modern(method, **params), modern_headers(method, "x")).name == "x"
    assert refused(call("x", **rest)).rpc_code == -32602


@pytest.mark.parametrize(
    "rest",
    [
        {"requestState": 5},
        {"requestState": None},
        {"inputResponses": None},
        {"inputResponses": []},
        {"inputResponses": {"a": 1}},
        {"task": {}},
    ],
)
def test_a_round_in_another_form_is_refused(rest: dict[str, Any]) -> None:
    assert refused(modern(name="x", **rest), modern_headers(name="x")).rpc_code == -32602
