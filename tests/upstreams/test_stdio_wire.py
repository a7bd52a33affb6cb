"""What is mapped changes, everything else keeps its bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yett.upstreams.stdio_wire import (
    Garbled,
    cancellation,
    cancelled_id,
    cancelling,
    number_of,
    numbered,
    one_line,
    progress_number,
    renumbered,
    with_token,
)

ARGUMENTS = b'{ "price":1.50, "big":1e400, "text":"caf\\u00e9 \\/ \\n", "progressToken":"mine", "id":5 }'


def test_a_request_gets_our_number_as_id_and_token() -> None:
    body = b'{"jsonrpc":"2.0","id":"q","method":"tools/call","params":{"arguments":%b,"_meta":{"x":1.0,"progressToken":"t"}}}'
    line, token = numbered(body % ARGUMENTS, 7)
    assert token == b'"t"'
    expected = b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"arguments":%b,"_meta":{"x":1.0,"progressToken":7}}}'
    assert line == expected % ARGUMENTS


def test_a_request_without_a_token_gets_none() -> None:
    line, token = numbered(b'{"method":"tools/call","id":1,"params":{"arguments":%b}}' % ARGUMENTS, 7)
    assert (line, token) == (b'{"method":"tools/call","id":7,"params":{"arguments":%b}}' % ARGUMENTS, None)
    assert numbered(b'{"method":"ping","id":1,"params":{"_meta":{}}}', 7)[1] is None


def test_a_token_is_found_however_its_key_is_written() -> None:
    line, token = numbered(b'{"id":1,"params":{"_meta":{"progress\\u0054oken":3}}}', 7)
    assert (json.loads(line)["params"]["_meta"], token) == ({"progressToken": 7}, b"3")


def test_line_breaks_between_tokens_cannot_cut_a_message() -> None:
    body = (
        json.dumps({"id": 1, "method": "x", "params": {"a": "line\nbreak", "b": [1, 2]}}, indent=2).replace("\n", "\r\n").encode()
    )
    for line in (one_line(body), numbered(body, 1)[0]):
        assert b"\n" not in line
        assert b"\r" not in line
        assert json.loads(line) == json.loads(body)


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
    )
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_message_is_the_same_value_in_one_line(arguments: object) -> None:
    message = {"jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": {"name": "n", "arguments": arguments}}
    for indent in (None, 1):
        line, _ = numbered(json.dumps(message, indent=indent).encode(), 12)
        assert b"\n" not in line
        assert json.loads(line) == {**message, "id": 12}


def test_a_response_gets_its_id_back_byte_for_byte() -> None:
    data = b'{"result":%b,"id": 7 ,"jsonrpc":"2.0"}' % ARGUMENTS
    assert renumbered(data, b'"\\u0061"') == b'{"result":%b,"id":"\\u0061","jsonrpc":"2.0"}' % ARGUMENTS


def test_progress_gets_its_token_back() -> None:
    data = b'{"method":"notifications/progress","params":{"progress":0.50,"progressToken":7}}'
    assert progress_number(data) == 7
    assert with_token(data, b'"t"') == b'{"method":"notifications/progress","params":{"progress":0.50,"progressToken":"t"}}'


@pytest.mark.parametrize(
    "params", [b"{}", b"[]", b"null", b'{"progressToken":"7"}', b'{"progressToken":7.5}', b'{"progressToken":null}']
)
def test_progress_about_nothing_of_ours_has_no_number(params: bytes) -> None:
    assert progress_number(b'{"method":"notifications/progress","params":' + params + b"}") is None


def test_a_cancellation_names_our_number() -> None:
    body = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q","reason":"enough"}}'
    assert cancelled_id(body) == b'"q"'
    assert cancelling(body, b"7") == body.replace(b'"q"', b"7")
    assert json.loads(cancellation(7, "gone"))["params"] == {"requestId": 7, "reason": "gone"}


def test_only_an_integer_is_a_number_of_ours() -> None:
    assert number_of(b"12") == 12
    assert [number_of(id) for id in (b'"12"', b"1.0", b"null", None, b"{", b"9" * 5000)] == [None] * 6


def test_what_cannot_be_read_is_garbled() -> None:
    with pytest.raises(Garbled):
        renumbered(b'{"id":1,', b"1")
    with pytest.raises(Garbled):
        with_token(b'{"\xff":1}', b"1")
