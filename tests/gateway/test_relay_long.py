"""Answers that are too long to be held: judged while they pass, and broken off before what spoils them."""

from __future__ import annotations

import json

import pytest

from tests.gateway.gate import Gate
from tests.support.fake_upstream import Chunks
from yett.audit.record import Result
from yett.ports import Answer
from yett.protocol.answers import MalformedAnswer

PADDING = b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"' + b"x" * 5_000 + b'"}]'


async def relayed(gate: Gate, *pieces: bytes, stateless: bool = True) -> list[bytes]:
    """What the client gets of an answer in these pieces."""
    gate.upstream.replies["tools/call"] = Answer(chunks=Chunks(list(pieces)))
    answer = await gate.call(stateless=stateless)
    assert answer.chunks is not None
    try:
        return [piece async for piece in answer.chunks]
    finally:
        await answer.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "end",
    [
        b',"resultType":"input_required"}}',
        b'},"method":"sampling/createMessage"}',
        b'},"id":2}',
        b'},"Result":{}}',
        b"}}{}",
    ],
)
async def test_what_spoils_a_long_answer_is_not_relayed(end: bytes) -> None:
    gate = Gate()
    with pytest.raises(MalformedAnswer):
        await relayed(gate, PADDING, end)
    assert gate.ledger.results == [Result.MALFORMED]


@pytest.mark.anyio
async def test_a_long_answer_that_ends_too_early_is_malformed() -> None:
    gate = Gate()
    with pytest.raises(MalformedAnswer):
        await relayed(gate, PADDING, b"}")
    assert gate.ledger.results == [Result.MALFORMED]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "result"),
    [
        (PADDING + b',"resultType":"complete"}}', Result.OK),
        (PADDING + b',"isError":true}}', Result.TOOL_ERROR),
        (json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "x" * 5_000}}).encode(), Result.RPC_ERROR),
    ],
)
async def test_it_is_recorded_what_a_long_answer_says(body: bytes, result: Result) -> None:
    gate = Gate()
    assert b"".join(await relayed(gate, body[:3_000], body[3_000:])) == body
    assert gate.ledger.results == [result]


@pytest.mark.anyio
async def test_an_error_that_is_too_long_to_be_held_is_named_by_its_status_and_its_connection_closed() -> None:
    gate = Gate()
    chunks = Chunks([PADDING, b"}}"])
    gate.upstream.replies["tools/call"] = Answer(status=500, chunks=chunks)
    answer = await gate.call()
    assert (answer.status, answer.chunks) == (500, None)
    assert b"HTTP status 500" in (answer.body or b"")
    assert chunks.closed
