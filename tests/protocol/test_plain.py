"""What the plain reader lets through is what the doors give; everything else it leaves to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.wire import ENVELOPE, HANDSHAKE_HEADERS, META_CAPABILITIES, META_VERSION, call, modern, modern_headers
from tests.support.effort import examples
from yett.protocol.messages import Message, classify_http
from yett.protocol.plain import plain_call, stated_in


def plain(body: bytes, headers: dict[bytes, bytes]) -> Message | None:
    stated = stated_in(headers)
    return None if stated is None else plain_call(body, stated)


@pytest.mark.parametrize(
    ("message", "headers"),
    [
        (call(), HANDSHAKE_HEADERS),
        (call("read_file", {"path": "/tmp", "deep": [{"a": 1.50}]}, id="x"), HANDSHAKE_HEADERS),
        (call(_meta={}), {**HANDSHAKE_HEADERS, b"mcp-method": b"tools/call", b"mcp-name": b"echo"}),
        (modern(name="echo", arguments={}), modern_headers(name="echo")),
        (modern(name="echo", meta={**ENVELOPE, META_CAPABILITIES: {"sampling": {}}}), modern_headers(name="echo")),
    ],
)
def test_a_plain_call_is_read_as_at_the_door(message: dict[str, Any], headers: dict[bytes, bytes]) -> None:
    body = json.dumps(message).encode()
    expected = classify_http(body, headers)
    assert isinstance(expected, Message)
    assert plain(body, headers) == expected


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.text(max_size=3),
    st.builds(dict),
    st.builds(list),
    st.floats(allow_nan=False),
)
NAMES = st.sampled_from(["echo", "Echo", "", "é", "a\u0007", "x" * 600, "=?base64?ZWNobw==?="])
KEYS = st.sampled_from(["task", "inputResponses", "requestState", "Name", "name ", "cursor", "_Meta", "other"])
MEMBERS = st.sampled_from(["jsonrpc", "id", "method", "params", "result", "ID", "x"])
METAS = st.sampled_from(
    [
        ENVELOPE,
        {},
        {"progressToken": 1},
        {**ENVELOPE, "progressToken": "a"},
        {**ENVELOPE, META_VERSION: "2025-11-25"},
        {META_VERSION: "2026-07-28"},
        {**ENVELOPE, META_CAPABILITIES: None},
        {**ENVELOPE, "IO.modelcontextprotocol/protocolVersion": "1"},
        {**ENVELOPE, "com.example/trace": "1"},
        None,
    ]
)
FIELDS = st.sampled_from(
    [
        (b"mcp-name", b"echo"),
        (b"mcp-name", b"Echo"),
        (b"mcp-name", b"=?base64?ZWNobw==?="),
        (b"mcp-name", b"=?base64?x?="),
        (b"mcp-name", b"\xff"),
        (b"mcp-name", None),
        (b"mcp-method", b"tools/list"),
        (b"mcp-method", b"tools/call"),
        (b"mcp-method", None),
        (b"mcp-protocol-version", b"2026-07-28"),
        (b"mcp-protocol-version", b"2025-06-18"),
        (b"mcp-protocol-version", b"2099-01-01"),
        (b"mcp-protocol-version", None),
        (b"accept", b"*/*"),
        (b"accept", b"application/json"),
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-type", b"text/plain"),
    ]
)


@st.composite
def posts(draw: st.DrawFn) -> tuple[bytes, dict[bytes, bytes]]:
    """A call of either era with a few odd places."""
    name = draw(NAMES)
    if draw(st.booleans()):
        message, headers = modern(name=name, meta=draw(METAS)), modern_headers(name=draw(st.sampled_from([name, "echo"])))
    else:
        message, headers = call(name), dict(HANDSHAKE_HEADERS)
        if draw(st.booleans()):
            message["params"]["_meta"] = draw(METAS)
    if draw(st.booleans()):
        message["params"]["arguments"] = draw(st.dictionaries(st.text(max_size=3), ODD_VALUES, max_size=3) | ODD_VALUES)
    if draw(st.booleans()):
        message["id"] = draw(st.one_of(ODD_VALUES, st.just(2**53), st.just(2**53 + 1), st.just("i" * 257)))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.sampled_from(["member", "param", "method", "field"]))
        if place == "member":
            message[draw(MEMBERS)] = draw(ODD_VALUES)
        elif place == "param" and isinstance(message["params"], dict):
            message["params"][draw(KEYS)] = draw(ODD_VALUES)
        elif place == "method":
            message["method"] = draw(st.sampled_from(["tools/call", "tools/list", "ping", "Tools/call", 3]))
        else:
            field, value = draw(FIELDS)
            headers = {key: kept for key, kept in headers.items() if key != field} | ({} if value is None else {field: value})
    text = json.dumps(message)
    if draw(st.booleans()):
        text = text.replace('"id"', '"id": 7, "id"', 1) if draw(st.booleans()) else text.replace("{", "{ ", 1)
    return text.encode(), headers


@given(posts())
@examples(3_000)
def test_whatever_is_let_through_is_what_the_door_gives(post: tuple[bytes, dict[bytes, bytes]]) -> None:
    body, headers = post
    found = plain(body, headers)
    assert found is None or found == classify_http(body, headers)


def test_bytes_that_are_no_json_and_other_methods_are_left_to_the_door() -> None:
    for body in (b"", b"[]", b'"tools/call"', b'{"method":"tools/call"', json.dumps(modern("tools/list")).encode()):
        assert plain(body, modern_headers(name="echo")) is None
