"""A long response is judged as a short one, wherever it is cut, and before the piece that spoils it is relayed."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from yett.protocol.answers import MalformedAnswer
from yett.protocol.long_answers import DEPTH_MAX, LongAnswer
from yett.protocol.peek import MEMBERS_MAX, peek_response, same_id

LONG = "x" * 50_000
PLAIN = {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": LONG}], "resultType": "complete"}}


def taken(data: bytes, *, size: int = 1 << 30, id: bytes = b"1", stateless: bool = True) -> LongAnswer:
    """Read to the end in pieces; raises `MalformedAnswer`."""
    reading = LongAnswer(id, stateless=stateless)
    for start in range(0, len(data), size):
        reading.feed(data[start : start + size])
    reading.close()
    return reading


@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 30])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_plain_answer_passes_however_it_is_cut_and_written(size: int, indent: int | None) -> None:
    reading = taken(json.dumps(PLAIN, indent=indent).encode(), size=size)
    assert not reading.is_error
    assert not reading.is_tool_error


def test_it_is_known_how_the_call_went() -> None:
    assert taken(b'{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError": true }}').is_tool_error
    assert taken(b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"isError"}}').is_error


SPOILT = {
    "another id": b'{"jsonrpc":"2.0","id":12,"result":{}}',
    "the id as text": b'{"jsonrpc":"2.0","id":"1","result":{}}',
    "an id that is an object": b'{"jsonrpc":"2.0","id":{},"result":{}}',
    "no id": b'{"jsonrpc":"2.0","result":{}}',
    "an id twice": b'{"jsonrpc":"2.0","id":1,"id":1,"result":{}}',
    "a request": b'{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}',
    "a method in another case": b'{"jsonrpc":"2.0","id":1,"result":{},"Method":"x"}',
    "an escaped name": b'{"jsonrpc":"2.0","id":1,"result":{},"\\u006dethod":"x"}',
    "a result and an error": b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
    "a request for input": b'{"jsonrpc":"2.0","id":1,"result":{"a":1,"resultType":"input_required"}}',
    "a kind of result twice": b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","resultType":"input_required"}}',
    "a kind of result in another case": b'{"jsonrpc":"2.0","id":1,"result":{"ResultType":"task"}}',
    "a kind of result that is a list": b'{"jsonrpc":"2.0","id":1,"result":{"resultType":["complete"]}}',
    "a result that is a list": b'{"jsonrpc":"2.0","id":1,"result":[{"resultType":"task"}]}',
    "a result that is text": b'{"jsonrpc":"2.0","id":1,"result":"x"}',
    "bytes that are no UTF-8": b'{"jsonrpc":"2.0","id":1,"result":{"x":"\xff"}}',
    "brackets that do not match": b'{"jsonrpc":"2.0","id":1,"result":{"x":[}]}',
    "a list": b'[{"jsonrpc":"2.0","id":1,"result":{}}]',
    "text": b'"x"',
    "two documents": b'{"jsonrpc":"2.0","id":1,"result":{}}{}',
    "half": b'{"jsonrpc":"2.0","id":1,"result":{}',
    "half an escape": b'{"jsonrpc":"2.0","id":1,"result":{"x":"\\',
    "nothing": b"",
    "a byte order mark": b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"result":{}}',
    "a comma too many": b'{"jsonrpc":"2.0","id":1,"result":{},}',
    "two colons": b'{"jsonrpc"::"2.0","id":1,"result":{}}',
    "names without end": b'{"jsonrpc":"2.0","id":1,"result":{"' + b"x" * 5_000 + b'":1}}',
    "levels without end": b'{"jsonrpc":"2.0","id":1,"result":{"x":' + b"[" * DEPTH_MAX,
}


@pytest.mark.parametrize("size", [1, 1 << 30])
@pytest.mark.parametrize("data", SPOILT.values(), ids=SPOILT.keys())
def test_what_is_no_final_answer_to_the_request_is_malformed(data: bytes, size: int) -> None:
    with pytest.raises(MalformedAnswer):
        taken(data, size=size)


def test_in_a_handshake_the_kind_of_a_result_says_nothing() -> None:
    taken(b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"mine"}}', stateless=False)


def test_the_piece_that_spoils_an_answer_is_refused_itself() -> None:
    reading = LongAnswer(b"1", stateless=True)
    reading.feed(b'{"jsonrpc":"2.0","id":1,"result":{"content":["' + b"x" * 100_000 + b'"],"resultTyp')
    with pytest.raises(MalformedAnswer):
        reading.feed(b'e":"task"}}')


names = st.sampled_from(["jsonrpc", "id", "result", "error", "x", "ID", "resultType", "isError", "", "é"])
values = st.recursive(
    st.sampled_from([1, 2, "1", "complete", "task", True, None, 'a"b\\c', "{[:,"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(names, values, max_size=4), st.integers(1, 9), st.booleans(), st.randoms(use_true_random=False))
@examples(3000)
def test_a_long_answer_is_judged_as_a_short_one(
    members: dict[str, object], size: int, ascii: bool, chance: random.Random
) -> None:
    members = {"jsonrpc": "2.0", "id": 1} | members if chance.random() < 0.8 else members
    data = json.dumps(members, ensure_ascii=ascii, separators=chance.choice([(",", ":"), (" , ", " : ")])).encode()
    peek = peek_response(data)
    fits = peek is not None and peek.is_response and same_id(peek.id, b"1") and "jsonrpc" in members
    fits = fits and peek is not None and peek.result_type in {None, "complete"}
    try:
        reading = taken(data, size=size)
    except MalformedAnswer:
        assert not fits
        return
    assert fits
    assert peek is not None
    assert reading.is_tool_error == peek.is_tool_error
    assert reading.is_error == (peek.rpc_error_code is not None)


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("of_message", [False, True])
def test_an_answer_with_more_members_than_anybody_reads_is_refused(more: int, of_message: bool) -> None:
    own = 3 if of_message else 1
    members = {f"m{number}": 0 for number in range(MEMBERS_MAX - own + more)}
    result = {"content": []} if of_message else {"content": [], **members}
    message = {"jsonrpc": "2.0", "id": 1, "result": result} | (members if of_message else {})
    data = json.dumps(message).encode()
    assert (peek_response(data) is None) is bool(more)
    if more:
        with pytest.raises(MalformedAnswer, match="members"):
            taken(data)
    else:
        taken(data)
