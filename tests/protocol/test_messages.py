"""Which messages pass, and what those that do not are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.protocol.wire import (
    HANDSHAKE_HEADERS,
    MODERN,
    accepted,
    call,
    encode,
    modern,
    modern_headers,
    refused,
)
from yett.audit.record import Refused
from yett.protocol.envelope import Shape
from yett.protocol.eras import Era
from yett.protocol.methods import Handling
from yett.protocol.rejection import Rejection, RejectionKind


def test_a_handshake_call_passes_with_the_bytes_that_came() -> None:
    body = b' {"params":{"arguments":{"a":1.50},"name":"pay"},"x":0}'.replace(
        b',"x":0', b',"jsonrpc":"2.0","method":"tools/call","id":7'
    )
    message = accepted(body)
    assert message.kind is Shape.REQUEST
    assert (message.method, message.id, message.name) == ("tools/call", b"7", "pay")
    assert (message.era, message.version, message.handling) == (Era.HANDSHAKE, "2025-11-25", Handling.JUDGED)
    assert message.arguments == {"a": message.arguments["a"]}
    assert str(message.arguments["a"]) == "1.50"
    assert message.body is body


def test_a_stateless_call_passes() -> None:
    message = accepted(modern(name="pay", arguments={"a": 1}), modern_headers(name="pay"))
    assert (message.era, message.version, message.name, message.arguments) == (Era.STATELESS, MODERN, "pay", {"a": 1})


@pytest.mark.parametrize("method", ["initialize", "ping", "tools/list", "logging/setLevel"])
def test_mediated_handshake_requests_pass(method: str) -> None:
    assert accepted({"jsonrpc": "2.0", "id": "a", "method": method}).method == method


def test_a_handshake_request_without_the_version_header_passes() -> None:
    headers = {name: value for name, value in HANDSHAKE_HEADERS.items() if name != b"mcp-protocol-version"}
    assert accepted(call(), headers).version is None


def test_a_response_of_the_client_goes_no_further() -> None:
    message = accepted({"jsonrpc": "2.0", "id": 4, "result": {}})
    assert (message.kind, message.handling, message.id) == (Shape.RESPONSE, Handling.DROPPED, b"4")


BATCHES = [
    b"[]",
    b"[{}]",
    b"  [1]",
    b"\n[" + b",".join([encode(call())] * 1000) + b"]",
    b"[" + encode(call()) + b"]",
    b"[[]]",
    b"[1,",
]


@pytest.mark.parametrize("body", BATCHES, ids=range(len(BATCHES)))
def test_batches_are_refused_as_batches(body: bytes) -> None:
    assert (refused(body).kind, refused(body).http_status, refused(body).id) == (RejectionKind.BATCH, 400, None)


ENVELOPES: dict[str, Any] = {
    "string": b'"tools/call"',
    "number": b"1",
    "null": b"null",
    "empty object": {},
    "no version": {"id": 1, "method": "ping"},
    "version 1.0": {"jsonrpc": "1.0", "id": 1, "method": "ping"},
    "version as number": b'{"jsonrpc":2.0,"id":1,"method":"ping"}',
    "method missing": {"jsonrpc": "2.0", "id": 1},
    "method no string": {"jsonrpc": "2.0", "id": 1, "method": ["ping"]},
    "method null": {"jsonrpc": "2.0", "id": 1, "method": None},
    "extra member": {"jsonrpc": "2.0", "id": 1, "method": "ping", "x": 1},
    "Method": {"jsonrpc": "2.0", "id": 1, "method": "ping", "Method": "tools/call"},
    "METHOD alone": {"jsonrpc": "2.0", "id": 1, "METHOD": "tools/call"},
    "params with a long s": {"jsonrpc": "2.0", "id": 1, "method": "ping", "param\u017f": {}},
    "Name in params": call(Name="other"),
    "name with NUL": call(**{"name\x00": "other"}),
    "name with zero-width space": call(**{"na\u200bme": "other"}),
    "full-width name": call(**{"\uff4eame": "other"}),
    "task with Kelvin sign": call(**{"tas\u212a": {}}),
    "name with blank": call(**{"name ": "other"}),
    "ARGUMENTS": call(ARGUMENTS={}),
    "_Meta": call(_Meta={}),
    "_meta with ProgressToken": call(_meta={"ProgressToken": 1}),
    "_meta with folded envelope key": call(_meta={"io.modelcontextprotocol/ProtocolVersion": MODERN}),
    "result beside method": {"jsonrpc": "2.0", "id": 1, "method": "ping", "result": {}},
    "result and error": {"jsonrpc": "2.0", "id": 1, "result": {}, "error": {}},
    "result no object": {"jsonrpc": "2.0", "id": 1, "result": []},
    "error no object": {"jsonrpc": "2.0", "id": 1, "error": 1},
    "response without id": {"jsonrpc": "2.0", "result": {}},
    "params list": {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []},
    "params null": {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": None},
    "id null": call(id=None),
    "id true": call(id=True),
    "id 1.0": call(id=1.0),
    "id 1e0": b'{"jsonrpc":"2.0","id":1e0,"method":"ping"}',
    "id object": call(id={}),
    "id list": call(id=[1]),
    "id too long": call(id="x" * 257),
    "id past 2^53": call(id=2**53 + 1),
    "notification id null": {"jsonrpc": "2.0", "id": None, "method": "notifications/initialized"},
    "call without id": {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "echo"}},
    "list without id": {"jsonrpc": "2.0", "method": "tools/list"},
}


@pytest.mark.parametrize("message", ENVELOPES.values(), ids=ENVELOPES.keys())
def test_what_is_no_sound_envelope_is_refused(message: Any) -> None:
    rejection = refused(message)
    assert (rejection.kind, rejection.http_status, rejection.rpc_code) == (RejectionKind.ENVELOPE, 400, -32600)


PARAMS: dict[str, Any] = {
    "_meta null": call(_meta=None),
    "_meta list": call(_meta=[]),
    "progress token object": call(_meta={"progressToken": {}}),
    "progress token fraction": call(_meta={"progressToken": 1.5}),
    "progress token null": call(_meta={"progressToken": None}),
    "name missing": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}},
    "no params": {"jsonrpc": "2.0", "id": 1, "method": "tools/call"},
    "name empty": call(""),
    "name number": call(5),
    "name null": call(None),
    "name list": call(["echo"]),
    "name with NUL": call("ec\x00ho"),
    "name with C1 control": call("ec\x85ho"),
    "name too long": call("x" * 513),
    "arguments null": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":null}}',
    "arguments string": call(arguments="{}"),
    "arguments list": call(arguments=[]),
    "task that is no object": call(task=[]),
    "task kept for ever and a day": call(task={"ttl": "ever"}),
    "task kept for less than no time": call(task={"ttl": -1}),
    "input responses": call(inputResponses={}),
    "request state": call(requestState="x"),
}


@pytest.mark.parametrize("message", PARAMS.values(), ids=PARAMS.keys())
def test_ill_formed_parameters_are_refused(message: Any) -> None:
    rejection = refused(message)
    assert (rejection.kind, rejection.http_status, rejection.rpc_code) == (RejectionKind.ENVELOPE, 400, -32602)
    assert rejection.id == b"1"


@pytest.mark.parametrize("id", [0, -1, 2**53, -(2**53), "", "a", "\u0000", 'q"', "😀", "x" * 256])
def test_ids_are_echoed_as_they_came(id: Any) -> None:
    echoed = accepted(call(id=id)).id
    assert echoed is not None
    assert accepted(b'{"jsonrpc":"2.0","id":%b,"method":"ping"}' % echoed).id == echoed
    assert json.loads(echoed) == id


def test_keys_inside_arguments_are_the_tools_own() -> None:
    arguments = {"Name": 1, "NAME": 2, "param\u017f": 3, "_Meta": {}, "": None}
    assert accepted(call(arguments=arguments)).arguments == arguments


def test_names_are_taken_as_they_are() -> None:
    for name in ("echo ", " echo", "Écho", "a/b", "e\u0301", "😀"):
        assert accepted(call(name)).name == name


def test_unknown_members_of_params_and_meta_stay() -> None:
    message = accepted(call(vendor={"x": 1}, _meta={"vendor/x": 1, "traceparent": "00-0", "progressToken": "t"}))
    assert message.params["vendor"] == {"x": 1}


@pytest.mark.parametrize(
    "method",
    [
        "tasks/update",
        "nope",
        "Tools/call",
        "",
    ],
)
def test_a_method_that_is_not_mediated_is_an_answer_in_the_handshake_era(method: str) -> None:
    rejection = refused({"jsonrpc": "2.0", "id": 3, "method": method})
    assert (rejection.kind, rejection.http_status, rejection.rpc_code) == (RejectionKind.METHOD, 200, -32601)
    assert rejection.id == b"3"


@pytest.mark.parametrize("method", ["tasks/result", "tasks/list", "initialize", "ping", "nope"])
def test_a_method_that_is_not_mediated_is_404_in_the_stateless_era(method: str) -> None:
    rejection = refused(modern(method), modern_headers(method))
    assert (rejection.kind, rejection.http_status, rejection.rpc_code) == (RejectionKind.METHOD, 404, -32601)


def test_discovery_does_not_exist_in_the_handshake_era() -> None:
    assert refused({"jsonrpc": "2.0", "id": 1, "method": "server/discover"}).rpc_code == -32601


@pytest.mark.parametrize(
    ("method", "handling"),
    [
        ("notifications/initialized", Handling.RELAYED),
        ("notifications/roots/list_changed", Handling.RELAYED),
        ("notifications/progress", Handling.RELAYED),
        ("notifications/tasks/status", Handling.RELAYED),
    ],
)
def test_notifications_are_relayed_or_dropped(method: str, handling: Handling) -> None:
    message = accepted({"jsonrpc": "2.0", "method": method})
    assert (message.kind, message.handling, message.id) == (Shape.NOTIFICATION, handling, None)


def test_an_unknown_notification_is_refused() -> None:
    rejection = refused({"jsonrpc": "2.0", "method": "notifications/vendor"})
    assert (rejection.kind, rejection.http_status) == (RejectionKind.METHOD, 400)


def test_a_cancellation_must_name_a_request() -> None:
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    assert accepted(body).handling is Handling.RELAYED
    body["params"] = {"requestId": None}
    assert refused(body).rpc_code == -32602


def test_a_posted_cancellation_of_the_stateless_era_is_acknowledged_and_dropped() -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    headers = {**HANDSHAKE_HEADERS, b"mcp-protocol-version": MODERN.encode()}
    assert accepted(body, headers).handling is Handling.DROPPED


def test_a_response_is_refused_in_the_stateless_era() -> None:
    assert refused({"jsonrpc": "2.0", "id": 1, "result": {}}, modern_headers()).rpc_code == -32600


CONTENT_TYPES = {
    b"application/json": 200,
    b"Application/JSON": 200,
    b"application/json; charset=utf-8": 200,
    b'application/json;charset="UTF-8"': 200,
    b"application/json; charset=utf-16": 415,
    b"application/json; charset=utf-8; charset=utf-16": 415,
    b"application/json, text/plain": 415,
    b"text/plain": 415,
    b"multipart/form-data; boundary=x": 415,
    b"application/jsonp": 415,
    b"application/json;": 415,
    b"": 415,
}


@pytest.mark.parametrize(("value", "status"), CONTENT_TYPES.items())
def test_only_json_in_utf_8_is_read(value: bytes, status: int) -> None:
    headers = {**HANDSHAKE_HEADERS, b"content-type": value}
    if status == 200:
        accepted(call(), headers)
    else:
        assert refused(call(), headers).http_status == status


ACCEPTS = {
    b"application/json, text/event-stream": True,
    b"text/event-stream,application/json;q=0.9": True,
    b"*/*": True,
    b"APPLICATION/JSON, Text/Event-Stream": True,
    b"application/*, text/*": True,
    b"application/json": False,
    b"text/event-stream": False,
    b"": False,
}


@pytest.mark.parametrize(("value", "fits"), ACCEPTS.items())
def test_the_client_must_accept_json_and_event_streams(value: bytes, fits: bool) -> None:
    headers = {**HANDSHAKE_HEADERS, b"accept": value}
    if fits:
        accepted(call(), headers)
    else:
        assert refused(call(), headers).http_status == 406


def test_rejections_never_quote_the_message() -> None:
    secret = "sk_live_secret"
    for body in (
        encode({"jsonrpc": "2.0", "id": 1, "method": secret}),
        encode(call(**{"Name": secret})),
        encode({"jsonrpc": "2.0", "id": 1, "method": "ping", secret: secret}),
        b'{"' + secret.encode() + b'":1,"' + secret.encode() + b'":1}',
    ):
        assert secret not in refused(body).message


def test_kinds_are_those_of_the_security_stream() -> None:
    assert {kind.value for kind in RejectionKind} <= {kind.value for kind in Refused}
    assert isinstance(refused(b""), Rejection)
    assert refused(b"{").kind is RejectionKind.UNREADABLE
