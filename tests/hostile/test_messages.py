"""Messages that could be read in two ways, against the running gateway: refused, or forwarded as the value that was judged
(PD1, PD2, PD3, PD5, PD6, PD7, PD8, PD9, PD10, PD11, PD14, HT5, AZ9, AZ11, AU4).
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.recorder import Recorder
from tests.hostile.rig import JSON_FIELDS, META, PATH, STATELESS_FIELDS, Gate, answers, call
from tests.support.effort import NIGHTLY, times

_CALL: Final = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{}}}'
_IN: Final = _CALL.replace

BODIES: Final = {
    "PD1: a name twice": _IN(b'"name":"pay"', b'"name":"rm","name":"pay"'),
    "PD1: a name twice, once escaped": _IN(b'"name":"pay"', b'"n\\u0061me":"rm","name":"pay"'),
    "PD1: params twice": _IN(b'"params":', b'"params":{"name":"rm"},"params":'),
    "PD1: a method twice": _IN(b'"method":', b'"method":"ping","method":'),
    "PD1: an argument twice": _IN(b'"arguments":{}', b'"arguments":{"a":{"b":1,"b":2}}'),
    "PD2: a method in capitals beside": _IN(b'"id":1,', b'"id":1,"METHOD":"ping",'),
    "PD2: params with a long s beside": _IN(b'"id":1,', '"id":1,"paramſ":{"name":"rm"},'.encode()),
    "PD2: a Kelvin sign": _IN(b'"name":"pay"', '"name":"pay","tasK":1'.replace("K", "\u212a").encode()),
    "PD2: a name in another case": _IN(b'"name":"pay"', b'"name":"pay","Name":"rm"'),
    "PD2: a name with a NUL": _IN(b'"name":"pay"', b'"name":"pay","name\\u0000":"rm"'),
    "PD2: a name with an invisible character": _IN(b'"name":"pay"', b'"name":"pay","na\\u200bme":"rm"'),
    "PD2: a member of nobody's": _IN(b'"id":1,', b'"id":1,"extra":1,'),
    "PD5: NaN": _IN(b'"arguments":{}', b'"arguments":{"x":NaN}'),
    "PD5: an infinity": _IN(b'"arguments":{}', b'"arguments":{"x":-Infinity}'),
    "PD5: what others read as an infinity": _IN(b'"arguments":{}', b'"arguments":{"x":1e999}'),
    "PD5: an integer of 5,000 digits": _IN(b'"arguments":{}', b'"arguments":{"x":' + b"9" * 5_000 + b"}"),
    "PD6: a byte order mark": b"\xef\xbb\xbf" + _CALL,
    "PD6: UTF-16": _CALL.decode().encode("utf-16"),
    "PD6: UTF-32": _CALL.decode().encode("utf-32"),
    "PD6: an overlong character": _IN(b"pay", b"pa\xc1\xb9"),
    "PD6: half a character": _IN(b'"arguments":{}', b'"arguments":{"x":"\\ud800"}'),
    "PD6: a NUL behind": _CALL + b"\0",
    "PD6: a NUL in a string": _IN(b'"arguments":{}', b'"arguments":{"x":"\0"}'),
    "PD6: a control character in a tool's name": _IN(b'"pay"', b'"pay\\u0085"'),
    "PD7: an empty batch": b"[]",
    "PD7: a batch of nothing": b"[{}]",
    "PD7: a batch of one": b"[" + _CALL + b"]",
    "PD7: a batch behind blanks": b" \r\n\t[" + _CALL + b"]",
    "PD7: a batch of a thousand": b"[" + b",".join([_CALL] * 1_000) + b"]",
    "PD7: a batch in a batch": b"[[" + _CALL + b"]]",
    "PD7: two documents": _CALL + b"\n" + _CALL,
    "PD10: an id that is null": _IN(b'"id":1', b'"id":null'),
    "PD10: an id that is true": _IN(b'"id":1', b'"id":true'),
    "PD10: an id with a fraction": _IN(b'"id":1', b'"id":1.0'),
    "PD10: an id that is an object": _IN(b'"id":1', b'"id":{}'),
    "PD10: an id of ten kilobytes": _IN(b'"id":1', b'"id":"' + b"x" * 10_240 + b'"'),
    "PD10: an id past what all can hold": _IN(b'"id":1', b'"id":9007199254740993'),
    "PD10: a call without id": _IN(b'"id":1,', b""),
    "PD11: params that are a list": _IN(b'{"name":"pay","arguments":{}}', b'["pay",{}]'),
    "PD11: arguments that are text": _IN(b'"arguments":{}', b'"arguments":"{}"'),
    "PD11: arguments that are null": _IN(b'"arguments":{}', b'"arguments":null'),
    "PD11: no name": _IN(b'"name":"pay",', b""),
    "PD11: a name that is a list": _IN(b'"pay"', b'["pay"]'),
    "PD11: the stateless envelope in a handshake": _IN(b'"arguments":{}', b'"arguments":{},"_meta":' + json.dumps(META).encode()),
    "PD11: a `_meta` that is text": _IN(b'"arguments":{}', b'"arguments":{},"_meta":"x"'),
    "PD14: another version of JSON-RPC": _IN(b'"2.0"', b'"1.0"'),
    "a depth of 100,000": b"[" * 100_000,
    "a depth of 65 in arguments": _IN(b'"arguments":{}', b'"arguments":{"x":' + b"[" * 65 + b"]" * 65 + b"}"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_could_be_read_in_two_ways_is_refused(gate: Gate, recorder: Recorder, body: bytes) -> None:
    answer = gate.ask(body)
    assert answer.status == 400
    assert answer.json["error"]["code"] in {-32700, -32600, -32602, -32020}
    assert not recorder.heard


FIELDS: Final[dict[str, tuple[tuple[bytes, ...], int]]] = {
    "PD8: no content type": (JSON_FIELDS[1:], 415),
    "PD8: text": ((b"content-type: text/plain", JSON_FIELDS[1]), 415),
    "PD8: a form": ((b"content-type: application/x-www-form-urlencoded", JSON_FIELDS[1]), 415),
    "PD8: parts": ((b"content-type: multipart/form-data; boundary=x", JSON_FIELDS[1]), 415),
    "PD8: UTF-16": ((b"content-type: application/JSON;charset=utf-16", JSON_FIELDS[1]), 415),
    "PD8: two content types": ((b"content-type: text/plain", *JSON_FIELDS), 400),
    "PD8: nothing that may be answered": ((JSON_FIELDS[0], b"accept: text/html"), 406),
    "PD9: another method": ((*JSON_FIELDS, b"mcp-method: ping"), 400),
    "PD9: another name": ((*JSON_FIELDS, b"mcp-name: rm"), 400),
    "PD9: a method twice": ((*JSON_FIELDS, b"mcp-method: tools/call", b"mcp-method: ping"), 400),
    "PD9: an alias of the name": ((*JSON_FIELDS, b"mcp_name: rm"), 400),
    "PD14: a stateless version without envelope": ((*JSON_FIELDS, b"mcp-protocol-version: 2026-07-28"), 400),
    "PD14: a version of nobody's": ((*JSON_FIELDS, b"mcp-protocol-version: 2031-01-01"), 400),
    "PD14: no version": ((*JSON_FIELDS, b"mcp-protocol-version:"), 400),
    "PD14: two versions": ((*JSON_FIELDS, b"mcp-protocol-version: 2025-11-25", b"mcp-protocol-version: 2026-07-28"), 400),
    "HT5: a foreign origin": ((*JSON_FIELDS, b"origin: https://evil.example"), 403),
    "HT5: an origin that is null": ((*JSON_FIELDS, b"origin: null"), 403),
    "HT5: an origin that begins like ours": ((*JSON_FIELDS, b"origin: http://127.0.0.1.evil.example"), 403),
    "HT4: a compressed body": ((*JSON_FIELDS, b"content-encoding: br"), 415),
    "another's session": ((*JSON_FIELDS, b"mcp-session-id: 00000000"), 404),
}


@pytest.mark.parametrize(("fields", "status"), FIELDS.values(), ids=FIELDS.keys())
def test_fields_that_say_something_else_than_the_body_refuse_it(
    gate: Gate, recorder: Recorder, fields: tuple[bytes, ...], status: int
) -> None:
    assert gate.ask(_CALL, *fields).status == status
    assert not recorder.heard


STATELESS: Final = {
    "PD9: no method": [field for field in STATELESS_FIELDS if not field.startswith(b"mcp-method")],
    "PD9: no name": [field for field in STATELESS_FIELDS if not field.startswith(b"mcp-name")],
    "PD9: another name": [field.replace(b"pay", b"rm") for field in STATELESS_FIELDS],
    "PD9: a name in base64 that is another": [field.replace(b"pay", b"=?base64?cm0=?=") for field in STATELESS_FIELDS],
    "PD14: another version": [field.replace(b"2026-07-28", b"2031-01-01") for field in STATELESS_FIELDS],
}


@pytest.mark.parametrize("fields", STATELESS.values(), ids=STATELESS.keys())
def test_a_stateless_request_whose_fields_do_not_repeat_it_is_refused(
    gate: Gate, recorder: Recorder, fields: list[bytes]
) -> None:
    answer = gate.ask(call(stateless=True), *fields)
    assert answer.status == 400
    assert answer.json["error"]["code"] in {-32020, -32022}
    assert not recorder.heard


@pytest.mark.parametrize(
    "path",
    [
        *("/mcp", "/mcp/", "/mcp/x", "/MCP/recorder", "/mcp/RECORDER", "/mcp/recorder/x", "/mcp/recorder.", "/mcp/*"),
        *(
            "/mcp/recorder?token=TOKEN",
            "/x/mcp/recorder",
            "/mcp/recorder,s",
            "/mcp/r%65corder",
            "/mcp//recorder",
            "/mcp/./recorder",
        ),
    ],
)
def test_a_path_is_the_servers_own_or_none(gate: Gate, recorder: Recorder, path: str) -> None:
    """AZ9, AU1, AU4, HT6: nothing but the exact path and the field serves; without its field a token is no token."""
    query = path.replace("TOKEN", gate.token).encode()
    data = gate.post(_CALL).replace(PATH, query, 1)
    if b"?" in query:
        data = data.replace(gate.authorization + b"\r\n", b"")
    (answer,) = gate.told(data)
    assert answer.status in {400, 401, 404}
    assert not recorder.heard


def test_what_only_a_trusted_proxy_may_say_changes_nothing(gate: Gate, recorder: Recorder) -> None:
    """AZ11: none of it is heard by the server either."""
    said = [b"x-forwarded-user: root", b"x-original-url: /healthz", b"x-user: root", b"x-http-method-override: DELETE"]
    said += [b"forwarded: for=1.2.3.4;host=evil", b"x-forwarded-host: evil", b"mcp-init-host: evil", b"cookie: a=b"]
    assert gate.ask(_CALL, *JSON_FIELDS, *said).status == 200
    (heard,) = recorder.calls
    names = {line.split(b":")[0].lower() for line in heard.head.split(b"\r\n")[1:]}
    assert names == {b"host", b"accept-encoding", b"content-type", b"accept", b"content-length"}
    assert gate.token.encode() not in heard.head


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.text(max_size=8), values, max_size=4), st.booleans(), st.sampled_from([None, 1]))
@settings(
    max_examples=times(300), deadline=None, derandomize=not NIGHTLY, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_server_gets_the_value_that_was_judged(
    gate: Gate, recorder: Recorder, arguments: dict[str, Any], ascii: bool, indent: int | None
) -> None:
    """PD3: byte for byte, in both eras."""
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "pay", "arguments": arguments, "_meta": META},
    }
    body = json.dumps(message, ensure_ascii=ascii, indent=indent).encode("utf-8", "surrogatepass")
    recorder.forget()
    answer = gate.ask(body, *STATELESS_FIELDS)
    sent = [heard.body for heard in recorder.calls]
    assert (answer.status, sent) == (200, [body]) or (answer.status, sent) == (400, [])
    if answer.status == 400:
        assert re.search(r"\\ud[89a-f]|[0-9]{300}|e\+?3[0-9][0-9]", body.decode("utf-8", "replace").lower()), body


def test_a_client_that_pipelines_gets_its_answers_in_order_and_each_message_is_judged(gate: Gate, recorder: Recorder) -> None:
    wanted = [call(id=1), call("rm", id=2), call(id=3)]
    found = gate.told(b"".join(gate.post(body) for body in wanted))
    assert [answer.json["id"] for answer in found] == [1, 2, 3]
    assert [heard.message["id"] for heard in recorder.calls] == [1, 3]
    assert answers(b"") == []
