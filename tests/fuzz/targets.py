"""The fuzz targets by name, each with its seeds and the words that its inputs are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz.answers import answers
from tests.fuzz.events import events
from tests.fuzz.heads import MARK, requests, responses
from tests.fuzz.ingress import ingress

SEEDS: Final = Path(__file__).parent / "seeds"


@dataclass(frozen=True, slots=True)
class Target:
    """One property, and what to try it with."""

    name: str
    run: Callable[[bytes], None]
    tokens: tuple[bytes, ...]

    def seeds(self) -> list[bytes]:
        """The inputs kept in the repository, in the order of their names."""
        return [path.read_bytes() for path in sorted((SEEDS / self.name).iterdir())]


_JSON: Final = (
    *(b'"method"', b'"params"', b'"id"', b'"jsonrpc":"2.0"', b'"result":{}', b'"error":{}', b'"name"', b'"arguments"'),
    *(b'"Method"', b'"n\\u0061me"', b'"name\\u0000"', b'"_meta"', b'"tools/call"', b'"tools/list"', b'"initialize"'),
    *(b"null", b"true", b"NaN", b"Infinity", b"1e400", b"1E999", b"-0", b"1.0", b"9007199254740993", b"9" * 400),
    *(b"\\ud800", b"\\ud83d\\ude00", b"\xef\xbb\xbf", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\0", b"\r", b"\n", b"\\"),
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"[" * 70, b'{"a":' * 70, b"h", b"s", b"x", b"l", b"m"),
)
_EVENTS: Final = (
    *(b"data:", b"data: ", b"event:", b"event: message", b"id: 1", b"retry: 10", b": ping", b"data"),
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\r",
        b"\r\n\r\n",
        b"\n\r",
        b"\n\r\n",
        b"\xef\xbb\xbf",
        b"\0",
        b":",
        b" ",
        b"\x85",
        b"\x0b",
        b"\x1c",
    ),
)
_HEADS: Final = (
    *(b"GET ", b"POST ", b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b"Host: a", b"Content-Length: 3", b"Content-Length: 0"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Connection: close", b"Connection: keep-alive"),
    *(b"Upgrade: h2c", b"Connection: upgrade", b"Expect: 100-continue", b"Content-Encoding: gzip", b"Content_Length: 9"),
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b":",
        b"0\r\n\r\n",
        b"3\r\nabc\r\n",
        b"3;a=b\r\nabc\r\n",
        b"\0",
        b"\x7f",
        b"\xff",
    ),
    *(b"0x3", b"+3", b"-1", b"3, 3", b"00000000000000000003", b"FFFFFFFFFFFFFFFFF", MARK, MARK + b"POST /mcp/a HTTP/1.1\r\n"),
)
_ANSWERS: Final = (
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 204 No Content\r\n", b"HTTP/1.0 200 OK\r\n"),
    *(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n", MARK),
    *_HEADS[6:],
)

_RESULTS: Final = (
    *(b'"jsonrpc":"2.0"', b'"id":1', b'"id":2', b'"result":{', b'"error":{', b'"method":"x"', b'"resultType":"complete"'),
    *(b'"resultType":"task"', b'"ResultType":1', b'"isError":true', b'"content":[]', b'"re\\u0073ult"', b'"Id":1', b'"":1'),
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b" ", b"\n", b"\xff", b"\xef\xbb\xbf", b"null", b"1", b"NaN"),
)

TARGETS: Final = {
    target.name: target
    for target in (
        Target("ingress", ingress, _JSON),
        Target("events", events, _EVENTS),
        Target("requests", requests, _HEADS),
        Target("responses", responses, _ANSWERS),
        Target("answers", answers, _RESULTS),
    )
}
