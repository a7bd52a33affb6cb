"""Requests that the gateway itself sends are acceptable to its own doors."""

from __future__ import annotations

import msgspec

from yett.protocol.eras import Era
from yett.protocol.messages import Message, classify_line
from yett.protocol.requests import INITIALIZED, initialize_request, tools_list_request


def read(line: bytes, settled: Era | None = None) -> Message:
    message = classify_line(line, settled)
    assert isinstance(message, Message), message
    return message


def test_a_stateless_list_request_carries_its_envelope_and_a_handshake_one_does_not() -> None:
    stateless = read(tools_list_request(b'"a"', None, stateless_version="2026-07-28"))
    assert (stateless.era, stateless.version, stateless.id) == (Era.STATELESS, "2026-07-28", b'"a"')
    handshake = read(tools_list_request(b"1", "next", stateless_version=None), Era.HANDSHAKE)
    assert handshake.params == {"cursor": "next"}


def test_the_empty_cursor_is_a_cursor() -> None:
    assert msgspec.json.decode(tools_list_request(b"1", "", stateless_version=None))["params"] == {"cursor": ""}


def test_the_handshake_announces_no_capability() -> None:
    message = read(initialize_request(b"1", "2025-11-25"))
    assert message.params["capabilities"] == {}
    assert read(INITIALIZED, Era.HANDSHAKE).method == "notifications/initialized"


def test_a_list_request_says_what_the_client_can_do_on_whose_behalf_it_is_sent() -> None:
    message = read(tools_list_request(b"1", None, stateless_version="2026-07-28", capabilities={"elicitation": {}}))
    meta = message.params["_meta"]
    assert isinstance(meta, dict)
    assert meta["io.modelcontextprotocol/clientCapabilities"] == {"elicitation": {}}
