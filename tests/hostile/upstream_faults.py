"""Servers that misbehave: what each sends in answer to one call, what the client then sees, and what is recorded."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tests.hostile.recorder import Behaviour, Heard, result, whole

SECRET: Final = "secret-of-the-server"
"""Stands in everything that is no proper answer; no client may see it."""
RESULT: Final = "result"
ERROR: Final = "error"
CUT: Final = "cut"
"""A stream had begun when the fault showed: it breaks off, visibly."""

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour."""

    behaviour: Behaviour
    shown: str
    recorded: str
    slow: bool = False
    """It waits for a time-out."""


def sends(make: Callable[[Heard], bytes]) -> Behaviour:
    """Send these bytes and wait for the next request."""

    def behave(heard: Heard, wire: socket.socket) -> None:
        wire.sendall(make(heard))

    return behave


def then_closes(make: Callable[[Heard], bytes], *, reset: bool = False) -> Behaviour:
    """Send these bytes and close."""

    def behave(heard: Heard, wire: socket.socket) -> None:
        wire.sendall(make(heard))
        if reset:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.close()
            raise ConnectionError("reset")
        wire.shutdown(socket.SHUT_RDWR)
        raise ConnectionError("closed")

    return behave


def in_parts(make: Callable[[Heard], Iterator[bytes]], *, pause_s: float = 0.0) -> Behaviour:
    """Send pieces, with pauses: the fault to inject, not a condition to wait for."""

    def behave(heard: Heard, wire: socket.socket) -> None:
        for part in make(heard):
            wire.sendall(part)
            time.sleep(pause_s)

    return behave


def body(
    make: Callable[[Heard], bytes], *fields: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json"
) -> Behaviour:
    """A well-framed answer with this body."""
    return sends(lambda heard: whole(make(heard), *fields, status=status, kind=kind))


def says(text: bytes) -> Behaviour:
    """A well-framed JSON answer of these bytes."""
    return body(lambda _: text)


def member(**members: object) -> Behaviour:
    """A response with these members beside `jsonrpc`."""
    return says(json.dumps({"jsonrpc": "2.0", **members}).encode())


def stream(make: Callable[[Heard], bytes], *, end: bool = True) -> Behaviour:
    """An event stream of these bytes."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    act = sends if end else then_closes
    last = b"0\r\n\r\n" if end else b""

    def chunks(heard: Heard) -> bytes:
        data = make(heard)
        return head + (b"%x\r\n%b\r\n" % (len(data), data) if data else b"") + last

    return act(chunks)


def event(data: bytes) -> bytes:
    """One event."""
    return b"event: message\ndata: %b\n\n" % data


_CANARY: Final = SECRET.encode()
_NOTE: Final = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"hello"}}'
_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
_RESULT: Final[dict[str, object]] = {"content": [], "resultType": "complete"}


def _framed(heard: Heard, *fields: bytes) -> bytes:
    """The proper answer with other framing fields."""
    return _HEAD + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + result(heard)


def _length(heard: Heard, more: int = 0) -> bytes:
    return b"content-length: %d" % (len(result(heard)) + more)


def _chunked(data: bytes) -> bytes:
    return _HEAD + b"transfer-encoding: chunked\r\n\r\n" + data


_FRAMING: Final = {
    "nothing, and closes": Fault(then_closes(lambda _: b""), ERROR, "lost"),
    "half a head": Fault(then_closes(lambda _: b"HTTP/1.1 200 OK\r\ncontent-ty"), ERROR, "lost"),
    "half a body": Fault(then_closes(lambda heard: _framed(heard, _length(heard, 9))), ERROR, "lost"),
    "half a body, and resets": Fault(then_closes(lambda heard: _framed(heard, _length(heard, 9)), reset=True), ERROR, "lost"),
    "more than its length says": Fault(sends(lambda heard: _framed(heard, _length(heard, -3))), ERROR, "lost"),
    "an answer twice at once": Fault(sends(lambda heard: whole(result(heard)) * 2), ERROR, "lost"),
    "a length and chunks": Fault(sends(lambda h: _framed(h, _length(h), b"transfer-encoding: chunked")), ERROR, "lost"),
    "two lengths": Fault(sends(lambda h: _framed(h, _length(h), _length(h, 1))), ERROR, "lost"),
    "two equal lengths": Fault(sends(lambda h: _framed(h, _length(h), _length(h))), ERROR, "lost"),
    "a negative length": Fault(sends(lambda h: _framed(h, b"content-length: -1")), ERROR, "lost"),
    "no length, and stays": Fault(sends(lambda h: _framed(h)), ERROR, "lost"),
    "ten gigabytes to come": Fault(then_closes(lambda h: _framed(h, b"content-length: 10000000000")), CUT, "lost"),
    "a coding nobody asked for": Fault(sends(lambda h: _framed(h, b"transfer-encoding: gzip, chunked")), ERROR, "lost"),
    "chunks without an end": Fault(then_closes(lambda h: _chunked(b'3\r\n{"a\r\n')), ERROR, "lost"),
    "a chunk that is none": Fault(sends(lambda h: _chunked(b"zz\r\n" + result(h))), ERROR, "lost"),
    "a chunk larger than all": Fault(sends(lambda h: _chunked(b"f" * 17 + b"\r\n")), ERROR, "lost"),
    "line feeds alone": Fault(sends(lambda h: whole(result(h)).replace(b"\r\n", b"\n")), ERROR, "lost"),
    "a folded field": Fault(sends(lambda h: _framed(h, b"x: a\r\n b", _length(h))), ERROR, "lost"),
    "a NUL in a field": Fault(sends(lambda h: _framed(h, b"x: a\0b", _length(h))), ERROR, "lost"),
    "version 0.9": Fault(then_closes(lambda h: result(h)), ERROR, "lost"),
    "version 2.0": Fault(sends(lambda h: whole(result(h)).replace(b"HTTP/1.1", b"HTTP/2.0")), ERROR, "lost"),
    "a switch of protocols": Fault(
        sends(lambda _: b"HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n" + _CANARY), ERROR, "lost"
    ),
    "2,000 interim answers": Fault(
        sends(lambda h: b"HTTP/1.1 103 x\r\nlink: a\r\n\r\n" * 2_000 + whole(result(h))), ERROR, "lost"
    ),
    "a few interim answers": Fault(sends(lambda h: b"HTTP/1.1 100 x\r\n\r\n" * 3 + whole(result(h))), RESULT, "ok"),
    "a head of 200 KiB": Fault(sends(lambda h: _framed(h, b"x: " + b"a" * 200_000, _length(h))), ERROR, "lost"),
    "a thousand fields": Fault(sends(lambda h: _framed(h, *[b"x: a"] * 1_000, _length(h))), ERROR, "lost"),
    "byte by byte": Fault(in_parts(lambda h: (bytes([byte]) for byte in whole(result(h)))), RESULT, "ok"),
}

_STATUS: Final = {
    **{
        f"a redirect with {status}": Fault(
            body(lambda _: _CANARY, b"location: http://127.0.0.1:9/" + _CANARY, status=b"%d x" % status), ERROR, "lost"
        )
        for status in (301, 302, 303, 307, 308)
    },
    "a demand for a credential": Fault(
        body(lambda _: _CANARY, b'www-authenticate: Bearer resource_metadata="http://127.0.0.1:9/x"', status=b"401 x"),
        ERROR,
        "http_error",
    ),
    "a page that says 500": Fault(body(lambda _: b"<h1>" + _CANARY, status=b"500 x", kind=b"text/html"), ERROR, "http_error"),
    "a very long page that says 503": Fault(
        body(lambda _: _CANARY * 100_000, status=b"503 x", kind=b"text/html"), ERROR, "http_error"
    ),
    "come back in thirty years": Fault(
        body(lambda _: _CANARY, b"retry-after: 1000000000", status=b"429 x", kind=b"text/plain"), ERROR, "http_error"
    ),
    "accepted, and no answer": Fault(sends(lambda _: b"HTTP/1.1 202 x\r\ncontent-length: 0\r\n\r\n"), ERROR, "malformed"),
    "no content": Fault(sends(lambda _: b"HTTP/1.1 204 x\r\n\r\n"), ERROR, "malformed"),
    "a page": Fault(body(lambda _: _CANARY, kind=b"text/html"), ERROR, "lost"),
    "the result as text": Fault(body(result, kind=b"text/plain"), ERROR, "lost"),
    "the result, compressed": Fault(body(lambda h: gzip.compress(result(h)), b"content-encoding: gzip"), ERROR, "lost"),
    "a bomb": Fault(body(lambda _: gzip.compress(b"\0" * 32 * MIB), b"content-encoding: gzip"), ERROR, "lost"),
    "two content types": Fault(sends(lambda h: _framed(h, b"content-type: text/event-stream", _length(h))), ERROR, "lost"),
    "a content type in capitals with a parameter": Fault(body(result, kind=b"Application/JSON ; charset=utf-8"), RESULT, "ok"),
    "a session of its own": Fault(body(result, b"mcp-session-id: " + _CANARY), RESULT, "ok"),
    "cookies and fields of its own": Fault(
        body(result, b"set-cookie: a=" + _CANARY, b"x-secret: " + _CANARY, b"server: " + _CANARY), RESULT, "ok"
    ),
}

_BODIES: Final = {
    "nothing": Fault(says(b""), ERROR, "malformed"),
    "no JSON": Fault(says(_CANARY), ERROR, "malformed"),
    "half of the JSON": Fault(body(lambda h: result(h)[:-2]), ERROR, "malformed"),
    "two documents": Fault(body(lambda h: result(h) * 2), ERROR, "malformed"),
    "a byte order mark": Fault(body(lambda h: b"\xef\xbb\xbf" + result(h)), ERROR, "malformed"),
    "UTF-16": Fault(body(lambda h: result(h).decode().encode("utf-16")), ERROR, "malformed"),
    "bytes that are no UTF-8": Fault(body(lambda h: result(h).replace(b"done", b"\xff\xfe")), ERROR, "malformed"),
    "brackets without end": Fault(says(b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 100_000), ERROR, "malformed"),
    "not a number": Fault(body(lambda h: result(h).replace(b'"done"', b"NaN")), ERROR, "malformed"),
    "a list of answers": Fault(body(lambda h: b"[" + result(h) + b"]"), ERROR, "malformed"),
    "an answer to another": Fault(member(id=2, result={"content": SECRET}), ERROR, "malformed"),
    "an answer to the text of the id": Fault(member(id="1", result={"content": SECRET}), ERROR, "malformed"),
    "an answer to nobody": Fault(member(id=None, result={"content": SECRET}), ERROR, "malformed"),
    "a result without id": Fault(member(result={"content": SECRET}), ERROR, "malformed"),
    "a result and an error": Fault(member(id=1, result={"x": SECRET}, error={"code": 1, "message": SECRET}), ERROR, "malformed"),
    "a request": Fault(member(id=1, method="sampling/createMessage", params={"x": SECRET}), ERROR, "malformed"),
    "a notification": Fault(member(method="notifications/message", params={"x": SECRET}), ERROR, "malformed"),
    "an id twice": Fault(says(b'{"jsonrpc":"2.0","id":2,"id":1,"result":{"content":"' + _CANARY + b'"}}'), ERROR, "malformed"),
    "a result twice": Fault(says(b'{"jsonrpc":"2.0","id":1,"result":"' + _CANARY + b'","result":{}}'), ERROR, "malformed"),
    "a method beside, in capitals": Fault(
        says(b'{"jsonrpc":"2.0","id":1,"result":{},"METHOD":"sampling/createMessage"}'), ERROR, "malformed"
    ),
    "a kind of result twice": Fault(
        says(b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","resultType":"complete"}}'), ERROR, "malformed"
    ),
    "an error of its own": Fault(member(id=1, error={"code": -32000, "message": "no"}), "its error", "rpc_error"),
    "an error without id": Fault(member(error={"code": -32700, "message": "no"}), "its error", "rpc_error"),
}

_STREAMS: Final = {
    "a stream without an answer": Fault(stream(lambda _: event(_NOTE)), CUT, "lost"),
    "an empty stream": Fault(stream(lambda _: b""), CUT, "lost"),
    "a stream that closes within an event": Fault(stream(lambda h: event(result(h))[:-4], end=False), CUT, "lost"),
    "a stream that ends before the blank line": Fault(stream(lambda h: event(result(h))[:-1]), CUT, "lost"),
    "answers of others before the answer": Fault(
        stream(lambda h: event(b'{"jsonrpc":"2.0","id":7,"result":{"x":"%b"}}' % _CANARY) + event(result(h))), RESULT, "ok"
    ),
    "two answers in a stream": Fault(
        stream(lambda h: event(result(h)) + event(result(h, content=[{"type": "text", "text": SECRET}]))), RESULT, "ok"
    ),
    "an answer and then anything": Fault(stream(lambda h: event(result(h)) + event(_CANARY) + _CANARY), RESULT, "ok"),
    "events that are no messages": Fault(
        stream(lambda h: event(_CANARY) + event(b"[]") + event(b"\xff" + _CANARY) + event(result(h))), RESULT, "ok"
    ),
    "events of another kind": Fault(
        stream(lambda h: b"event: endpoint\ndata: %b\n\n" % _CANARY + event(result(h))), RESULT, "ok"
    ),
    "an answer in lines": Fault(stream(lambda h: event(result(h).replace(b",", b",\ndata: "))), RESULT, "ok"),
    "an answer with carriage returns": Fault(stream(lambda h: event(result(h)).replace(b"\n", b"\r")), RESULT, "ok"),
    "a byte order mark within": Fault(stream(lambda h: event(_NOTE) + b"\xef\xbb\xbf" + event(result(h))), CUT, "lost"),
    "ten megabytes of comments": Fault(
        stream(lambda h: (b": " + b"x" * 1_021 + b"\n") * 10_240 + event(result(h))), RESULT, "ok"
    ),
    "a million comments": Fault(stream(lambda h: b":\n" * 1_000_000 + event(result(h))), RESULT, "ok"),
    "an event that is too long": Fault(stream(lambda _: b"data: " + b"x" * 5 * MIB + b"\n\n"), CUT, "lost"),
    "a line that never ends": Fault(stream(lambda _: b"data: " + b"x" * 8 * MIB), CUT, "lost"),
    "an event of endless lines": Fault(stream(lambda _: b"data:\n" * 100_000 + b"\n"), CUT, "lost"),
    "a stream that is compressed": Fault(
        body(lambda h: gzip.compress(event(result(h))), b"content-encoding: gzip", kind=b"text/event-stream"), ERROR, "lost"
    ),
    "a long proper answer": Fault(body(lambda h: result(h)[:-1] + b" " * 2 * MIB + b"}"), RESULT, "ok"),
    "a request behind a megabyte": Fault(
        body(lambda h: result(h)[:-1] + b" " * 2 * MIB + b',"method":"sampling/createMessage"}'), CUT, "malformed"
    ),
    "another id behind a megabyte": Fault(
        body(lambda h: b'{"jsonrpc":"2.0","result":{"x":"' + b"x" * 2 * MIB + b'"},"id":2}'), CUT, "malformed"
    ),
    "a long answer that breaks off": Fault(
        then_closes(lambda h: _framed(h, b"content-length: %d" % (2 * MIB)) + b" " * MIB), CUT, "lost"
    ),
}

_SLOW: Final = {
    "nothing, and stays": Fault(sends(lambda _: b""), ERROR, "timed_out", slow=True),
    "half a head, and stays": Fault(sends(lambda _: b"HTTP/1.1 200 OK\r\n"), ERROR, "timed_out", slow=True),
    "half a body, and stays": Fault(sends(lambda h: _framed(h, _length(h, 1))), ERROR, "timed_out", slow=True),
    "a head that drips": Fault(
        in_parts(lambda _: iter([b"HTTP/1.1 200 OK\r\n", *[b"x: a\r\n"] * 30]), pause_s=0.1), ERROR, "timed_out", slow=True
    ),
    "a body that drips": Fault(
        in_parts(lambda h: iter([_framed(h, _length(h, 60)), *[b" "] * 30]), pause_s=0.1), ERROR, "timed_out", slow=True
    ),
    "interim answers that drip": Fault(
        in_parts(lambda _: iter([b"HTTP/1.1 102 x\r\n\r\n"] * 8), pause_s=0.3), ERROR, "timed_out", slow=True
    ),
}

FAULTS: Final = {**_FRAMING, **_STATUS, **_BODIES, **_STREAMS, **_SLOW}
