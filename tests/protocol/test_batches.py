"""Arrays of messages: each member read as if alone, or none at all (reference 3.1, rule 1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from yett.protocol.batches import BATCH_MESSAGES_MAX, read_batch
from yett.protocol.messages import Message, classify_http
from yett.protocol.rejection import PARSE_ERROR, Rejection, RejectionKind

HEADERS = {b"accept": b"*/*", b"content-type": b"application/json"}


def call(id: Any = 1, name: str = "echo") -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": {"a": [1.5, {"b": 1}]}}}


def test_each_member_is_what_it_would_be_alone_byte_for_byte() -> None:
    alone = [
        b'{ "jsonrpc":"2.0", "id":1,"method":"ping"}',
        b'{"jsonrpc":"2.0","method":"tools/call"}',
        json.dumps(call("x")).encode(),
    ]
    assert read_batch(b"[" + b" ,\n".join(alone) + b"]", HEADERS) == [classify_http(body, HEADERS) for body in alone]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "at least one message"),
        ([call(n) for n in range(BATCH_MESSAGES_MAX + 1)], "more than 50 messages"),
        ([call(), [call(2)]], "must be one message"),
        ([call(), 1], "must be one message"),
        ([call(), None], "must be one message"),
        ([call(), {"jsonrpc": "2.0", "id": 2, "method": "initialize", "params": {}}], "`initialize` must not be part of a batch"),
        ([{"jsonrpc": "2.0", "method": "initialize"}], "`initialize` must not be part of a batch"),
        ([call(1), call(1)], "two requests of a batch have the same id"),
        ([call("a"), call("\u0061", "drop")], "two requests of a batch have the same id"),
    ],
)
def test_what_makes_the_array_doubtful_refuses_all_of_it(value: Any, reason: str) -> None:
    found = read_batch(json.dumps(value).encode(), HEADERS)
    assert isinstance(found, Rejection)
    assert (found.kind, found.http_status, found.id) == (RejectionKind.BATCH, 400, None)
    assert reason in found.message


@pytest.mark.parametrize(
    "body",
    [
        b"[{}",
        b'[{"a":1,"a":2}]',
        b"\xef\xbb\xbf[]",
        b'[{"a":NaN}]',
        b'[{"a":"\\ud800"}]',
        b"[" * 70 + b"]" * 70,
        b"[" + json.dumps(call()).encode() + b",]",
    ],
)
def test_an_array_that_two_readers_could_take_differently_is_refused_whole(body: bytes) -> None:
    found = read_batch(body, HEADERS)
    assert isinstance(found, Rejection)
    assert found.rpc_code == PARSE_ERROR


def test_a_bad_member_is_refused_alone() -> None:
    good, bad = call(1), {**call(2), "params": {"name": 5}}
    first, second, third = read_batch(json.dumps([good, bad, {**call(3), "Method": "x"}]).encode(), HEADERS) or []  # type: ignore[misc]  # a list here
    assert isinstance(first, Message)
    assert isinstance(second, Rejection)
    assert (second.id, isinstance(third, Rejection)) == (b"2", True)


def test_as_many_as_are_allowed_are_read_and_a_full_depth_of_each() -> None:
    deep: Any = 1
    for _ in range(61):
        deep = [deep]
    body = json.dumps([{**call(n), "params": {"name": "echo", "arguments": {"a": deep}}} for n in range(BATCH_MESSAGES_MAX)])
    found = read_batch(body.encode(), HEADERS)
    assert isinstance(found, list)
    assert len(found) == BATCH_MESSAGES_MAX
    assert all(isinstance(member, Message) for member in found)
