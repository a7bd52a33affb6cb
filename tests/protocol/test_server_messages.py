"""What a server says, as a value: read one way or not at all."""

from __future__ import annotations

import pytest

from yett.protocol.server_messages import declared_kinds, key_of, read_said


def test_a_request_has_an_id_and_maybe_a_token() -> None:
    said = read_said(b'{"jsonrpc":"2.0","id":"a","method":"m","params":{"_meta":{"progressToken":7},"progressToken":8}}')
    assert said is not None
    assert (said.id, said.key, said.method, said.progress_token) == (b'"a"', "a", "m", 7)


def test_a_notification_has_neither_and_says_what_it_is_about() -> None:
    said = read_said(b'{"jsonrpc":"2.0","method":"m","params":{"progressToken":"t","requestId":3}}')
    assert said is not None
    assert (said.id, said.key, said.progress_token, said.cancelled) == (None, None, "t", 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"jsonrpc":"2.0","id":1,"result":{}}',
        b'{"jsonrpc":"1.0","method":"m"}',
        b'{"method":"m"}',
        b'{"jsonrpc":"2.0","method":1}',
        b'{"jsonrpc":"2.0","method":"m","params":[]}',
        b'{"jsonrpc":"2.0","method":"m","params":{"URI":"x"}}',
        b'{"jsonrpc":"2.0","method":"m","id":true}',
        b'{"jsonrpc":"2.0","method":"m","id":1,"id":2}',
        b'{"jsonrpc":"2.0","method":"m","params":{"uri":"a","uri":"b"}}',
        b'\xef\xbb\xbf{"jsonrpc":"2.0","method":"m"}',
    ],
)
def test_everything_else_is_nothing(data: bytes) -> None:
    assert read_said(data) is None


def test_ids_are_strings_and_exact_integers() -> None:
    assert [key_of(value) for value in ("a", 1, 0, None, True, 2**60)] == ["a", 1, 0, None, None, None]


def test_a_client_declares_what_it_can_be_asked() -> None:
    offered = {"capabilities": {"sampling": {}, "roots": {"listChanged": True}, "elicitation": None, "tasks": {}}}
    assert declared_kinds(offered) == {"sampling", "roots"}  # type: ignore[arg-type]  # plain JSON
    assert declared_kinds({}) == declared_kinds({"capabilities": []}) == frozenset()
