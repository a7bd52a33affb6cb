"""Guards of the request head: whatever two readers could read in two ways is refused. Pure.

`llhttp` in its strict mode already refuses: Content-Length with Transfer-Encoding, repeated or malformed Content-Length, bare
line feeds, folded fields, blanks before the colon, control characters in values. What it lets through is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from yett.edge.limits import EdgeLimits
from yett.edge.request import Refusal

METHODS: Final = frozenset({b"GET", b"POST", b"DELETE", b"HEAD", b"OPTIONS", b"PUT", b"PATCH"})
"""Methods that reach the handler, which answers 405 to those it does not serve."""
_WITH_BODY: Final = frozenset({b"POST", b"PUT", b"PATCH"})

MALFORMED: Final = Refusal(400, "the request is not well-formed HTTP/1.1")
HEAD_TOO_LARGE: Final = Refusal(431, "the request head is too large")
TARGET_TOO_LONG: Final = Refusal(414, "the request target is too long")
BODY_TOO_LARGE: Final = Refusal(413, "the request body is too large")
CHUNKS_TOO_MANY: Final = Refusal(400, "the chunked body has too many chunks or too long chunk extensions")
TRAILERS: Final = Refusal(400, "trailer fields are not accepted")
TOO_SLOW: Final = Refusal(408, "the request did not arrive in time")
OVERLOADED: Final = Refusal(503, "too many connections or too much data at once; try again later")
_METHOD: Final = Refusal(405, "the method is not served")
_VERSION: Final = Refusal(400, "only HTTP/1.1 and HTTP/1.0 are served")
_TARGET: Final = Refusal(
    400, "the request target must be a plain absolute path without escapes, empty or dot segments, and without a fragment"
)
_HOST: Final = Refusal(400, "exactly one valid `host` field is needed")
_CODING: Final = Refusal(400, "`transfer-encoding` must be exactly `chunked`, in HTTP/1.1")
_COMPRESSED: Final = Refusal(415, "`content-encoding` is not accepted; send the body as it is")
_EXPECT: Final = Refusal(417, "only `100-continue` may be expected")
_LENGTH_NEEDED: Final = Refusal(411, "a request of this method needs `content-length` or `transfer-encoding: chunked`")
_ALIAS: Final = Refusal(400, "a field name with an underscore stands for another field")
_REPEATED: Final = Refusal(400, "a field that may stand only once is repeated")

_HOST_BIT: Final = 1
_LENGTH_BIT: Final = 2
_CODING_BIT: Final = 4
_CONTENT_CODING_BIT: Final = 8
EXPECT_BIT: Final = 16
_OTHERS: Final = (
    b"authorization",
    b"content-type",
    b"origin",
    b"mcp-session-id",
    b"mcp-protocol-version",
    b"mcp-method",
    b"mcp-name",
    b"last-event-id",
    b"traceparent",
)
_ONCE: Final = {
    b"host": _HOST_BIT,
    b"content-length": _LENGTH_BIT,
    b"transfer-encoding": _CODING_BIT,
    b"content-encoding": _CONTENT_CODING_BIT,
    b"expect": EXPECT_BIT,
} | {name: 32 << place for place, name in enumerate(_OTHERS)}
"""Fields that decide how a request is read, routed or judged, each with its bit in the result of `judge_fields`."""
_JUDGED: Final = _HOST_BIT | _LENGTH_BIT | _CODING_BIT | _CONTENT_CODING_BIT | EXPECT_BIT
"""Those whose value is judged here, too."""
_HARMLESS: Final = (
    b"accept",
    b"accept-encoding",
    b"accept-language",
    b"cache-control",
    b"connection",
    b"cookie",
    b"keep-alive",
    b"pragma",
    b"sec-fetch-mode",
    b"tracestate",
    b"user-agent",
)
_BITS: Final = _ONCE | dict.fromkeys(_HARMLESS, 0)
_HAS_BODY: Final = _LENGTH_BIT | _CODING_BIT

# Segments of unreserved characters and sub-delimiters but `;`, which some servers cut off. No `%`: the paths that are served
# need none, and whoever decodes differently than the next one opens a door.
_TARGET_PATTERN: Final = re.compile(rb"((?:/(?!\.\.?(?:[/?]|\Z))[A-Za-z0-9._~!$&'()*+,=:@-]+)*/?)(?:\?[!-\"$-~]*)?")
_HOST_PATTERN: Final = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@lru_cache(maxsize=1024)
def path_of(target: bytes) -> str | None:
    """The path of a request target; None if the target could be read in more than one way."""
    match = _TARGET_PATTERN.fullmatch(target)
    if match is None or not match[1]:
        return None
    return match[1].decode("ascii")


@lru_cache(maxsize=256)
def _is_host(value: bytes) -> bool:
    return _HOST_PATTERN.fullmatch(value) is not None


def judge_line(method: bytes, target: bytes, version: str, limits: EdgeLimits) -> str | Refusal:
    """The path of a request line, or why the line is refused."""
    if version not in {"1.1", "1.0"}:
        return _VERSION
    if method not in METHODS:
        return _METHOD
    if len(target) > limits.target_bytes:
        return TARGET_TOO_LONG
    return path_of(target) or _TARGET


def judge_size(headers: Sequence[tuple[bytes, bytes]], limits: EdgeLimits) -> Refusal | None:
    """Why the fields are too much."""
    size = sum(len(name) + len(value) + 4 for name, value in headers)
    return HEAD_TOO_LARGE if size > limits.header_bytes or len(headers) > limits.header_count else None


def judge_fields(method: bytes, version: str, headers: Sequence[tuple[bytes, bytes]], limits: EdgeLimits) -> int | Refusal:
    """Which of the fields that may stand only once are there, as bits; or why the head is refused."""
    seen = 0
    rare: list[bytes] = []
    bit_of = _BITS.get
    for name, value in headers:
        bit = bit_of(name)
        if bit:
            if seen & bit:
                return _REPEATED
            seen |= bit
            if bit & _JUDGED and (refusal := _judge_value(bit, value, version, limits)):
                return refusal
        elif bit is None:
            rare.append(name)
    if not seen & _HOST_BIT:
        return _HOST
    if method in _WITH_BODY and not seen & _HAS_BODY:
        return _LENGTH_NEEDED
    return (_judge_rare(rare) if rare else None) or seen


def _judge_value(bit: int, value: bytes, version: str, limits: EdgeLimits) -> Refusal | None:
    """Why the value of one of the `_JUDGED` fields is refused."""
    if bit == _HOST_BIT:
        return None if _is_host(value) else _HOST
    if bit == _LENGTH_BIT:
        # llhttp has refused everything but decimal digits.
        return BODY_TOO_LARGE if len(value) > 18 or int(value) > limits.body_bytes else None
    if bit == _CODING_BIT:
        return None if value.lower() == b"chunked" and version == "1.1" else _CODING
    if bit == _CONTENT_CODING_BIT:
        return None if value.lower() == b"identity" else _COMPRESSED
    return None if value.lower() == b"100-continue" else _EXPECT


def _judge_rare(names: list[bytes]) -> Refusal | None:
    """Why one of the less usual field names is refused: an underscore alias, or an `mcp-` field that stands twice."""
    routing = [name for name in names if name.startswith(b"mcp-")]
    if len(set(routing)) != len(routing):
        return _REPEATED
    for name in names:
        if b"_" in name:
            # CGI-like readers take `mcp_session_id` for `mcp-session-id`.
            plain = name.replace(b"_", b"-")
            if plain in _ONCE or plain.startswith(b"mcp-"):
                return _ALIAS
    return None
