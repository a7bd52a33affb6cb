"""Fuzz targets: heads of requests and of responses, with and without the memory of a repeated head, cut anywhere.

The first byte of an input says where the stream is cut; `MARK` in the rest separates what arrives in one read from the next.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any, Final, cast

import h11

from tests.fuzz.events import cut
from yett.edge.limits import EdgeLimits
from yett.edge.reader import RequestReader, Turn
from yett.edge.request import Refusal
from yett.edge.shared import Reports, Shared
from yett.errors import UpstreamFault
from yett.upstreams.http1_connection import Http1Connection

MARK: Final = b"\xff\xfe"
_MORE_BLANKS: Final = re.compile(rb"\A([A-Z]+) +([!-~]+) +")
_LIMITS: Final = EdgeLimits(body_bytes=5_000)


async def _unused(*_: object) -> None:
    raise AssertionError("nothing is handled here")


def requests(data: bytes) -> None:
    """Raise `AssertionError` where a request is read in two ways."""
    reads = data[1:].split(MARK)
    assert turns(reads) == turns(reads, forget=True), "a head that is remembered means what it meant"
    stream = b"".join(reads)
    whole = turns([stream])
    for pieces in ([stream[place : place + 1] for place in range(len(stream))], cut(stream, data[:1]), reads):
        found = turns(pieces)
        assert _accepted(found) == _accepted(whole)
        assert _refuses(found) == _refuses(whole)
    _as_another_reader(stream, _accepted(whole))


def turns(pieces: Sequence[bytes], *, forget: bool = False) -> list[Turn | Refusal]:
    """What one connection gives for these reads."""
    shared = Shared(_unused, _LIMITS, Reports(), now=0.0)
    reader = RequestReader(shared, None)
    for piece in pieces:
        if forget:
            reader._repeated = None
        reader.feed(piece)
    found = list(reader.ready)
    reader.close()
    assert shared.held_bytes == sum(len(request.body) for request, _, _ in _accepted(found))
    return found


def _accepted(found: list[Turn | Refusal]) -> list[Turn]:
    return [turn for turn in found if not isinstance(turn, Refusal)]


def _refuses(found: list[Turn | Refusal]) -> bool:
    return any(isinstance(turn, Refusal) for turn in found)


def _as_another_reader(stream: bytes, accepted: list[Turn]) -> None:
    """Whatever is accepted, `h11` reads as the same requests in the same order.

    llhttp passes over blank lines before a request and further blanks in its first line, which `h11` refuses: they say nothing.
    """
    for request, _, _ in accepted:
        other = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        other.receive_data(_MORE_BLANKS.sub(rb"\1 \2 ", stream.lstrip(b"\r\n")))
        head = other.next_event()
        assert isinstance(head, h11.Request), "another reader sees no request where we see one"
        assert (bytes(head.method), bytes(head.target)) == (request.method, request.target)
        fields = [(bytes(name), bytes(value)) for name, value in head.headers]
        assert _comparable(fields) == _comparable(request.headers)
        body = b""
        while isinstance(event := other.next_event(), h11.Data):
            body += bytes(event.data)
        assert isinstance(event, h11.EndOfMessage)
        assert body == request.body
        stream = other.trailing_data[0]


def _comparable(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Fields but for `upgrade`, which is ignored here; `h11` writes codings in lower case."""
    lower = [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in fields]
    return [field for field in lower if field[0] != b"upgrade"]


class _Wire:
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        self.closed = False

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class _Nobody:
    name = "the server"

    def opened(self, connection: Http1Connection) -> None: ...

    def idle(self, connection: Http1Connection) -> None: ...

    def lost(self, connection: Http1Connection) -> None: ...


Outcome = tuple[int, list[tuple[bytes, bytes]], bytes, bool] | str

_runner: Final = asyncio.Runner()


def responses(data: bytes) -> None:
    """Raise `AssertionError` where an answer is read in two ways: `MARK` separates the answers to requests in turn."""
    answers = data[1:].split(MARK)
    remembered = _runner.run(_exchanges([[answer] for answer in answers]))
    assert remembered == _runner.run(_exchanges([[answer] for answer in answers], forget=True))
    in_pieces = _runner.run(_exchanges([cut(answer, data[:1]) for answer in answers]))
    for whole, pieced in zip(remembered, in_pieces, strict=False):
        if isinstance(whole, str) or not whole[3]:
            break  # a connection that breaks off is used no more; how much of it was seen is a matter of reads
        assert pieced == whole


async def _exchanges(answers: list[list[bytes]], *, forget: bool = False) -> list[Outcome]:
    connection = Http1Connection(_Nobody(), lambda: 0.0, 4.0)
    connection.connection_made(cast("asyncio.BaseTransport", _Wire()))
    outcomes: list[Outcome] = []
    for pieces in answers:
        if not connection.usable:
            break
        outcomes.append(_exchange(connection, pieces, forget=forget))
        if connection.busy:
            break
    connection.abort()
    return outcomes


def _exchange(connection: Http1Connection, pieces: list[bytes], *, forget: bool) -> Outcome:
    if forget:
        connection._repeated = None
    waiting = connection.exchange((b"", b""), head_only=False, now=0.0, within_s=None)
    for piece in filter(None, pieces):
        if waiting.done() and not connection.busy:
            break
        connection.data_received(piece)
    if not waiting.done():
        waiting.cancel()
        return "nothing yet"
    if waiting.exception() is not None:
        assert isinstance(waiting.exception(), UpstreamFault)
        return "a fault"
    response: Any = waiting.result()
    fault = response._fault
    return response.status, list(response.headers), b"".join(response._pieces), response.complete and fault is None
