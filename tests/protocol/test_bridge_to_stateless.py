"""What a handshake client says, for a stateless server; and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from yett.protocol.answers import MalformedAnswer
from yett.protocol.bridge_to_stateless import (
    REQUESTS_MAX,
    ClientOf,
    InputRequired,
    answered,
    client_of,
    discovered,
    envelope,
    enveloped,
    untagged,
)

CLIENT = ClientOf("2025-06-18", b'{"roots":{}}', b'{"name":"c","version":"1"}')


def response(result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()


def test_what_is_not_translated_keeps_its_bytes() -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"n":1.50,"z":1e2}}}'
    assert b'"arguments":{"n":1.50,"z":1e2}' in enveloped(body, b"2", envelope("2026-07-28", CLIENT))


@pytest.mark.parametrize("asked", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_the_client_gets_the_revision_that_it_asked_for(asked: str) -> None:
    hello = {"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "c"}}
    client = client_of(json.dumps({"params": hello}).encode())
    assert client is not None
    assert client.revision == asked


def test_an_unknown_revision_gets_the_newest_one_and_a_handshake_that_lacks_something_none() -> None:
    hello: dict[str, Any] = {"protocolVersion": "2099-01-01", "capabilities": {}, "clientInfo": {}}
    client = client_of(json.dumps({"params": hello}).encode())
    assert client is not None
    assert client.revision == "2025-11-25"
    for name in hello:
        assert client_of(json.dumps({"params": {**hello, name: None}}).encode()) is None


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"supportedVersions": ["2099-01-01"], "capabilities": {}},
        {"supportedVersions": "2026-07-28", "capabilities": {}},
        {"supportedVersions": ["2026-07-28"]},
    ],
)
def test_what_names_no_revision_of_ours_is_no_discovery(result: Any) -> None:
    assert discovered(response(result)) is None


def test_only_what_is_stateless_leaves_a_result() -> None:
    stateless = {"resultType": "complete", "ttlMs": 1, "cacheScope": "public", "tools": [], "x-vendor": 1}
    shown = answered(b"7", "tools/list", response(stateless))
    assert isinstance(shown, bytes)
    assert json.loads(shown) == {"jsonrpc": "2.0", "id": 7, "result": {"tools": [], "x-vendor": 1}}


def test_what_the_server_asks_is_read_strictly() -> None:
    asked = {"a": {"method": "roots/list"}, "b": {"method": "elicitation/create", "params": {"message": "m"}}}
    wanted = answered(b"1", "tools/call", response({"resultType": "input_required", "inputRequests": asked}))
    assert wanted == InputRequired({"a": ("roots/list", None), "b": ("elicitation/create", b'{"message": "m"}')}, None)
    too_many = {str(number): {"method": "roots/list"} for number in range(REQUESTS_MAX + 1)}
    wrongs: list[Any] = [{"a": {"method": "tools/call"}}, {"a": "roots/list"}, {"a": {"method": 1}}, [], too_many]
    for wrong in wrongs:
        with pytest.raises(MalformedAnswer):
            answered(b"1", "tools/call", response({"resultType": "input_required", "inputRequests": wrong}))


def test_only_the_tag_of_a_subscription_leaves_a_notification() -> None:
    tag = "io.modelcontextprotocol/subscriptionId"
    said = {"jsonrpc": "2.0", "method": "m", "params": {"uri": "a://b", "_meta": {tag: 1, "x": 2}}}
    assert json.loads(untagged(json.dumps(said).encode()))["params"] == {"uri": "a://b", "_meta": {"x": 2}}
