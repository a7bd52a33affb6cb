"""What a stateless client says, for a server that keeps sessions; and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from yett.protocol.answers import MalformedAnswer
from yett.protocol.bridge_to_handshake import asked_of, completed, is_logged, plain, tagged, welcomed
from yett.protocol.server_messages import read_said

META = "io.modelcontextprotocol/"
WELCOME: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {"listChanged": True}, "resources": {"subscribe": True, "listChanged": False}},
    "serverInfo": {"name": "s", "version": "1"},
}


def response(result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()


def test_what_is_not_translated_keeps_its_bytes() -> None:
    meta = b'{"' + META.encode() + b'protocolVersion":"2026-07-28","progressToken":"t"}'
    body = b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"arguments":{"n":1.50},"requestState":"s","_meta":%b}}' % meta
    assert plain(body, b"7") == (
        b'{"jsonrpc":"2.0","id":7,"method":"m","params":{"arguments":{"n":1.50},"_meta":{"progressToken":7}}}'
    )


def test_what_a_request_says_beside_its_parameters() -> None:
    meta = {f"{META}clientCapabilities": {"roots": {}}, f"{META}logLevel": "info", "progressToken": 3}
    params = {"inputResponses": {"input": {"action": "decline"}}, "requestState": "s", "_meta": meta}
    asked = asked_of(json.dumps({"params": params}).encode())
    assert (asked.capabilities, asked.log_level, asked.token, asked.state) == (b'{"roots":{}}', "info", b"3", "s")
    assert json.loads(asked.response or b"") == {"action": "decline"}


@pytest.mark.parametrize("name", WELCOME)
def test_a_welcome_that_lacks_something_is_none(name: str) -> None:
    welcome = welcomed(response(WELCOME))
    assert welcome is not None
    assert welcome.announced == {"toolsListChanged", "resourceSubscriptions"}
    assert welcomed(response({**WELCOME, name: None})) is None


def test_a_revision_that_is_not_known_is_no_welcome() -> None:
    assert welcomed(response({**WELCOME, "protocolVersion": "2099-01-01"})) is None


def test_a_result_says_that_it_is_complete_whatever_the_server_wrote() -> None:
    welcome = welcomed(response(WELCOME))
    assert welcome is not None
    body, code = completed(b"2", "tools/call", response({"resultType": "input_required", "x-vendor": 1}), welcome)
    assert json.loads(body) == {"jsonrpc": "2.0", "id": 2, "result": {"resultType": "complete", "x-vendor": 1}}
    assert code is None
    with pytest.raises(MalformedAnswer):
        completed(b"2", "tools/call", b"{}", welcome)


def test_a_log_message_passes_from_the_level_that_was_asked_for() -> None:
    said = read_said(b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"warning"}}')
    assert said is not None
    assert [is_logged(said, level) for level in (None, "error", "warning", "debug")] == [False, False, True, True]


def test_a_notification_gets_the_tag_of_its_subscription() -> None:
    shown = json.loads(tagged(b'{"jsonrpc":"2.0","method":"m"}', b'"l"'))
    assert shown["params"] == {"_meta": {f"{META}subscriptionId": "l"}}
