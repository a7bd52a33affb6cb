"""A list of tools, however the server sends it, never shows the client what its policy hides (PD6, PD12, TL5, TL6)."""

from __future__ import annotations

import gzip
import json
from typing import Final

import pytest

from tests.hostile.recorder import Behaviour, Heard, Recorder, listed, whole
from tests.hostile.rig import JSON_FIELDS, META, Gate, rest_of
from tests.hostile.upstream_faults import body, event, sends, stream

_NOTE: Final = b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1,"x":%b}}'


def _cut(heard: Heard) -> bytes:
    data = listed(heard)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (data[:60], data[60:])) + b"0\r\n\r\n"


def _changed(old: bytes, new: bytes) -> Behaviour:
    return body(lambda heard: listed(heard).replace(old, new, 1))


MODES: Final[dict[str, tuple[Behaviour, bool]]] = {
    "as JSON": (body(listed), True),
    "as JSON in capitals": (body(listed, kind=b"Application/JSON"), True),
    "with a parameter": (body(listed, kind=b"application/json ;x"), True),
    "as text": (body(listed, kind=b"text/plain"), False),
    "without a type": (sends(lambda h: whole(listed(h)).replace(b"content-type: application/json\r\n", b"")), False),
    "with 201": (body(listed, status=b"201 Created"), True),
    "with 206": (body(listed, status=b"206 Partial"), True),
    "with 500": (body(listed, status=b"500 Oh"), False),
    "with 404": (body(listed, status=b"404 Oh"), False),
    "in a stream": (stream(lambda h: event(listed(h))), True),
    "in a stream, behind a notification that has it, too": (
        stream(lambda h: event(_NOTE % listed(h)) + event(listed(h))),
        True,
    ),
    "in two events": (stream(lambda h: event(listed(h)) + event(listed(h))), True),
    "in another kind of event": (stream(lambda h: b"event: x\ndata: %b\n\n" % listed(h) + event(listed(h))), True),
    "compressed": (body(lambda h: gzip.compress(listed(h)), b"content-encoding: gzip"), False),
    "compressed without saying so": (body(lambda h: gzip.compress(listed(h))), False),
    "in two pieces": (sends(_cut), True),
    "behind a byte order mark": (body(lambda h: b"\xef\xbb\xbf" + listed(h)), False),
    "as UTF-16": (body(lambda h: listed(h).decode().encode("utf-16")), False),
    "with the tools twice": (_changed(b'"tools":', b'"tools": [], "tools":'), False),
    "with the tools in capitals beside": (_changed(b'"tools":', b'"Tools": [{"name": "rm"}], "tools":'), False),
    "with a name twice": (_changed(b'{"name": "pay"', b'{"name": "rm", "name": "pay"'), False),
    "with a name that is a number": (_changed(b'"pay"', b"7"), False),
    "with tools that are an object": (body(lambda h: listed(h).replace(b"[", b'{"a":').replace(b"]", b"}")), False),
    "with a tool that is text": (_changed(b'{"name": "pay"', b'"rm", {"name": "pay"'), False),
    "in a batch": (body(lambda h: b"[" + listed(h) + b"]"), False),
    "with an error beside": (_changed(b'"result":', b'"error": {"code": 1, "message": "x"}, "result":'), False),
    "as the error's data": (
        body(lambda h: json.dumps({"jsonrpc": "2.0", "id": h.message["id"], "error": {"code": 1, "message": "no"}}).encode()),
        False,
    ),
    "for another request": (_changed(b'"id": 1', b'"id": 2'), False),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])
def test_no_form_of_a_list_shows_what_is_hidden(gate: Gate, recorder: Recorder, mode: str, *, stateless: bool) -> None:
    recorder.listing, readable = MODES[mode]
    params = {"_meta": META} if stateless else {}
    fields = (*JSON_FIELDS, b"mcp-protocol-version: 2026-07-28", b"mcp-method: tools/list") if stateless else JSON_FIELDS
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params}
    with gate.connect() as wire:
        wire.sendall(gate.post(json.dumps(message).encode(), b"connection: close", *fields))
        data = rest_of(wire)
    assert b'"rm"' not in data
    assert (b'"pay"' in data) == readable
    assert b'"public"' not in data or not stateless
