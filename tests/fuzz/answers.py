"""Fuzz target: answers of servers, the short look and the long one, against each other and against the standard reader.

The first byte of an input says where the answer is cut; the rest is the answer to request `1` of the stateless era.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any, Final

from tests.fuzz.events import cut
from yett.protocol.answers import MalformedAnswer
from yett.protocol.long_answers import LongAnswer
from yett.protocol.peek import peek_response, same_id

_FINAL: Final = {None, "complete"}


def answers(data: bytes) -> None:
    """Raise `AssertionError` where one look takes what another does not, or what readers take differently."""
    body = data[1:]
    peek = peek_response(body)
    fits = peek is not None and peek.is_response and same_id(peek.id, b"1") and peek.result_type in _FINAL
    for pieces in ([body], cut(body, data[:1]), [body[place : place + 1] for place in range(len(body))]):
        long = _long(pieces)
        assert long or not fits or b'"jsonrpc"' not in body or b"\\u" in body, "a short answer passes that a long one would not"
        assert fits or not long or _read(body) is None, "a long answer passes that a short one would not"
    if fits:
        _reads_one_way(_read(body))


def _long(pieces: list[bytes]) -> bool:
    reading = LongAnswer(b"1", stateless=True)
    try:
        for piece in pieces:
            reading.feed(piece)
        reading.close()
    except MalformedAnswer:
        return False
    return True


def _read(body: bytes) -> Any:
    """The pairs of the message and of its result; None where the standard reader refuses it."""
    try:
        pairs = json.loads(body.decode(), object_pairs_hook=list, parse_constant=_refuse)
        json.dumps(pairs, ensure_ascii=False).encode()  # half characters are no text
    except (ValueError, RecursionError):
        return None
    return pairs


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _reads_one_way(pairs: Any) -> None:
    assert pairs is not None, "the standard reader refuses it"
    message = _once(pairs)
    assert message["id"] == 1
    assert "method" not in message
    assert ("result" in message) != ("error" in message)
    if "result" in message:
        result = _once(message["result"])
        assert result.get("resultType") in _FINAL
        for name in result:
            assert name == "resultType" or _laxly(name) != "resulttype"
            assert _laxly(name) != "task", "a promise that nobody asked for"


def _once(pairs: Any) -> dict[str, Any]:
    assert len({name for name, _ in pairs}) == len(pairs), "a member stands twice"
    return dict(pairs)


def _laxly(name: str) -> str:
    shown = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) not in {"Cc", "Cf", "Zs"})
    return shown.casefold()
