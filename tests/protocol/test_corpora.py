"""Public corpora and the SDK as second opinions."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import (
    ERROR_CODE_HTTP_STATUS,
    InboundModernRoute,
    classify_inbound_request,
    decode_header_value,
)

from tests.protocol.wire import ENVELOPE, HANDSHAKE_HEADERS, META_CAPABILITIES, META_VERSION, MODERN, encode, modern_headers
from tests.support.effort import examples
from yett.protocol.headers import decoded
from yett.protocol.messages import Message, classify_http
from yett.protocol.rejection import Rejection
from yett.protocol.strict_json import Unreadable, read

MINEFIELD = Path(__file__).parents[2].parent / "shared/corpora/json-minefield/test_parsing"
needs_minefield = pytest.mark.skipif(not MINEFIELD.is_dir(), reason="the corpus json-minefield is not beside the repository")

REFUSED_ON_PURPOSE = {
    "y_object_duplicated_key.json": "duplicate keys",
    "y_object_duplicated_key_and_value.json": "duplicate keys",
}


def _files(prefix: str) -> list[Path]:
    return sorted(MINEFIELD.glob(f"{prefix}_*.json"))


@needs_minefield
def test_every_broken_document_of_the_minefield_is_refused() -> None:
    taken = []
    for file in _files("n"):
        try:
            read(file.read_bytes())
        except Unreadable:
            continue
        taken.append(file.name)
    assert taken == []


@needs_minefield
def test_every_sound_document_of_the_minefield_is_read_as_the_standard_reader_does() -> None:
    refused = set()
    for file in _files("y"):
        data = file.read_bytes()
        try:
            assert read(data) == json.loads(data, parse_float=Decimal), file.name
        except Unreadable:
            refused.add(file.name)
    assert refused == set(REFUSED_ON_PURPOSE)


@needs_minefield
def test_no_document_of_the_minefield_gets_past_the_door_or_breaks_it() -> None:
    for file in _files("?"):
        data = file.read_bytes()
        assert isinstance(classify_http(data, HANDSHAKE_HEADERS), Rejection), file.name
        inside = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":' + data + b"}}}"
        outcome = classify_http(inside, HANDSHAKE_HEADERS)
        if isinstance(outcome, Message):
            assert outcome.arguments == {"x": read(data)}, file.name
            assert not file.name.startswith("n_"), file.name


VERSIONS = [None, MODERN, "2099-01-01", 5]
CAPABILITIES: list[dict[str, Any] | None] = [None, {}]
HEADER_VERSIONS = [MODERN, "2099-01-01"]
METHODS = [None, "tools/call", "tools/list"]
NAMES = [None, "pay", "=?base64?cGF5?=", "=?base64?cGF5", "other"]


@pytest.mark.parametrize("method", ["tools/call", "tools/list", "prompts/get", "server/discover"])
def test_the_envelope_ladder_agrees_with_the_sdk(method: str) -> None:
    compared = 0
    for version, capabilities, header, stated, name in product(VERSIONS, CAPABILITIES, HEADER_VERSIONS, METHODS, NAMES):
        meta: dict[str, Any] = {META_VERSION: version, META_CAPABILITIES: capabilities}
        meta = {key: value for key, value in meta.items() if value is not None}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": "pay", "_meta": meta}}
        headers = modern_headers(
            name=name, mcp_protocol_version=header.encode(), mcp_method=None if stated is None else stated.encode()
        )
        theirs = classify_inbound_request(body, headers={k.decode(): v.decode() for k, v in headers.items()})
        ours = classify_http(encode(body), headers)
        compared += 1
        if isinstance(theirs, InboundModernRoute):
            assert isinstance(ours, Message) or ours.rpc_code == -32601, (body, headers)
            continue
        assert isinstance(ours, Rejection), (body, headers)
        if header != MODERN and version is None:
            assert ours.rpc_code == -32022, "here a revision that nobody knows is named even where the envelope lacks it"
        elif version == 5:
            assert ours.rpc_code == -32602, "a version that is no string is called malformed before it is compared"
        else:
            assert ours.rpc_code == theirs.code, (body, headers)
            assert ours.http_status == ERROR_CODE_HTTP_STATUS[theirs.code]
    assert compared == 240


@given(st.text(max_size=12) | st.from_regex(r"=\?base64\?[A-Za-z0-9+/]{0,8}={0,2}\?=", fullmatch=True))
@examples(500)
def test_header_values_are_decoded_as_the_sdk_does(value: str) -> None:
    if value.isascii() and "\n" not in value:
        assert decoded(value.encode()) == decode_header_value(value)


key = st.sampled_from(["jsonrpc", "id", "method", "params", "Method", "result", "error", "x", "param\u017f"])
VALUES: list[Any] = ["2.0", 1, "a", None, True, "ping", "tools/call", {}, {"name": "a"}, {"name": "a", "_meta": ENVELOPE}, []]


@given(st.dictionaries(key, st.sampled_from(VALUES), max_size=5))
@examples(1000)
def test_whatever_passes_is_what_the_standard_reader_sees(body: dict[str, Any]) -> None:
    outcome = classify_http(encode(body), HANDSHAKE_HEADERS)
    if isinstance(outcome, Message):
        seen = json.loads(outcome.body)
        assert set(seen) <= {"jsonrpc", "id", "method", "params", "result", "error"}
        assert seen["jsonrpc"] == "2.0"
        assert seen.get("method", "") == outcome.method
        assert seen.get("params", {}) == outcome.params
        assert outcome.id is None or json.loads(outcome.id) == seen["id"]
        assert (outcome.id is None) is ("id" not in seen)


@given(st.binary(max_size=200))
@examples(1000)
def test_no_bytes_break_the_door(body: bytes) -> None:
    classify_http(body, HANDSHAKE_HEADERS)
    classify_http(body, {b"accept": body, b"content-type": body, b"mcp-name": body})
