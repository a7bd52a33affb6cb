"""Streams on their way to the client: what passes, what ends them, and how they are settled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.gate import Gate, events_of
from tests.support.fake_upstream import Chunks, Stream, content, result, rpc_error, streamed
from tests.support.policies import policy
from tests.support.wire import call as said
from tests.support.wire import request
from yett.audit.record import Result
from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.gateway.sessions import Session
from yett.ports import Answer, Event, Outbound

pytestmark = pytest.mark.anyio

PROGRESS = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'
DONE = result(b"1", content("done"))
ERAS = pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])


def limited() -> Gate:
    gate = Gate()
    gate.publish(policy(tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 9}]}}))
    return gate


def held(gate: Gate) -> int:
    count: int = gate.ledger.count("n", gate.clock.now_ns())
    return count


async def streaming(gate: Gate, *messages: bytes, fault: UpstreamFault | None = None, **call: Any) -> tuple[Answer, Stream]:
    """A call that the server answers with these messages."""
    upstream_answer = streamed(*messages, fault=fault)
    gate.upstream.replies["tools/call"] = upstream_answer
    session = call.pop("session", None)
    answer = await (gate.call(**call) if session is None else gate.send(said("echo", **call), session=session))
    assert isinstance(upstream_answer.events, Stream)
    return answer, upstream_answer.events


@ERAS
async def test_events_are_relayed_one_by_one_as_they_stand_and_the_response_ends_them(stateless: bool) -> None:
    gate = limited()
    answer, stream = await streaming(gate, PROGRESS, PROGRESS, DONE, stateless=stateless)
    assert answer.events is not None
    first = await anext(answer.events)
    assert first.raw == b"event: message\ndata: %b\n\n" % PROGRESS
    assert stream.taken == 1
    assert [event.data async for event in answer.events] == [PROGRESS, DONE]
    assert gate.ledger.results == [Result.OK]
    await answer.aclose()
    assert stream.closed


async def test_a_response_is_settled_before_the_client_has_read_it() -> None:
    gate = limited()
    answer, _ = await streaming(gate, DONE)
    assert answer.events is not None
    await anext(answer.events)
    assert gate.ledger.results == [Result.OK]


@pytest.mark.parametrize(
    ("response", "expected", "kept"),
    [
        (DONE, Result.OK, 1),
        (result(b"1", content("no", isError=True)), Result.TOOL_ERROR, 1),
        (rpc_error(b"1", -32601), Result.RPC_ERROR, 0),
        (rpc_error(None, -32700), Result.RPC_ERROR, 0),
        (rpc_error(b"1", -32000), Result.RPC_ERROR, 1),
    ],
)
async def test_the_response_decides_how_the_call_is_settled(response: bytes, expected: Result, kept: int) -> None:
    gate = limited()
    answer, _ = await streaming(gate, PROGRESS, response)
    assert (await events_of(answer))[-1] == response
    assert (gate.ledger.results, held(gate)) == ([expected], kept)


async def test_what_follows_the_response_is_not_relayed() -> None:
    gate = limited()
    answer, _ = await streaming(gate, DONE, PROGRESS, rpc_error(b"1", -32601))
    assert await events_of(answer) == [DONE]
    assert (gate.ledger.results, held(gate)) == ([Result.OK], 1)


async def test_a_stream_that_ends_without_a_response_is_lost_and_must_not_look_complete() -> None:
    gate = limited()
    answer, _ = await streaming(gate, PROGRESS)
    with pytest.raises(UpstreamFault, match="without an answer"):
        await events_of(answer)
    assert (gate.ledger.results, held(gate)) == ([Result.LOST], 1)


@pytest.mark.parametrize(
    ("fault", "expected"), [(UpstreamFault("reset"), Result.LOST), (UpstreamTimedOut("late"), Result.TIMED_OUT)]
)
async def test_a_stream_that_breaks_off_is_settled_as_what_happened_and_told_to_the_operator(
    fault: UpstreamFault, expected: Result
) -> None:
    gate = limited()
    answer, _ = await streaming(gate, PROGRESS, fault=fault)
    with pytest.raises(type(fault)):
        await events_of(answer)
    assert (gate.ledger.results, held(gate)) == ([expected], 1)
    assert gate.reported == [(gate.ledger.records[0].request_id, str(fault))]


async def test_a_later_round_that_could_not_be_sent_gives_nothing_back() -> None:
    gate = limited()
    answer, _ = await streaming(gate, PROGRESS, fault=UpstreamNotReached("refused"))
    with pytest.raises(UpstreamNotReached):
        await events_of(answer)
    assert (gate.ledger.results, held(gate)) == ([Result.LOST], 1)


QUESTION = b'{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"who?"}}'


@pytest.mark.parametrize("asks", [True, False], ids=["asked", "not asked"])
@pytest.mark.parametrize("can", ["elicitation", "nothing", None], ids=["client can", "client cannot", "no session"])
@pytest.mark.parametrize("code", [-32601, -32600, -32700])
async def test_an_error_after_the_server_asked_something_is_no_proof_that_nothing_ran(
    asks: bool, can: str | None, code: int
) -> None:
    gate = limited()
    gate.publish(policy(default="allow", tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 9}]}}))
    session = None if can is None else await asked_session(gate, can)
    answer, _ = await streaming(gate, QUESTION if asks else PROGRESS, rpc_error(b"1", code), session=session)
    assert (await events_of(answer))[-1] == rpc_error(b"1", code)
    assert (gate.ledger.results, gate.ledger.outcome.rpc_code, held(gate)) == ([Result.RPC_ERROR], code, int(asks))


async def test_what_a_server_asks_on_its_own_stream_counts_as_well() -> None:
    gate = limited()
    gate.publish(policy(default="allow", tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 9}]}}))
    session = await asked_session(gate, "nothing")

    async def reply(message: Outbound) -> Answer:
        gate.upstream.replies["GET"] = streamed(QUESTION)
        stream = await gate.dispatcher.listen(gate.route(session=session))
        assert await events_of(stream) == []
        return Answer(body=rpc_error(message.id, -32601))

    gate.upstream.replies["tools/call"] = reply
    await gate.send(said("echo"), session=session)
    assert (gate.ledger.results, held(gate)) == ([Result.RPC_ERROR], 1)


async def asked_session(gate: Gate, can: str) -> Session:
    """A session whose client can be asked this."""
    gate.upstream.session = "up-1"
    params = {"protocolVersion": "2025-06-18", "capabilities": {can: {}}, "clientInfo": {"name": "t", "version": "1"}}
    opened = await gate.send(request("initialize", params))
    session = gate.sessions.find(opened.session or "", grant_id="g1", server_id=gate.server.id)
    assert session is not None
    return session


async def test_a_client_that_leaves_a_stream_closes_the_servers_side_and_keeps_the_units() -> None:
    gate = limited()
    answer, stream = await streaming(gate, PROGRESS, DONE)
    assert answer.events is not None
    await anext(answer.events)
    await answer.aclose()
    assert stream.closed
    assert (gate.ledger.results, held(gate)) == ([Result.CLIENT_GONE], 1)


@ERAS
async def test_messages_that_answer_something_else_are_dropped(stateless: bool) -> None:
    gate = limited()
    strangers = (result(b"2", {}), result(b'"1"', {}), b"[]", b"nonsense", b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}')
    answer, _ = await streaming(gate, *strangers, DONE, stateless=stateless)
    assert await events_of(answer) == [DONE]


async def test_a_stateless_response_that_is_not_final_is_replaced() -> None:
    gate = limited()
    answer, _ = await streaming(gate, result(b"1", {"resultType": "task", "taskId": "t"}), stateless=True)
    (data,) = await events_of(answer)
    assert b"taskId" not in data
    assert b"-32603" in data
    assert gate.ledger.results == [Result.RPC_ERROR]


async def test_events_without_a_message_pass_so_that_the_client_can_resume_and_see_life() -> None:
    gate = limited()
    events = [Event(b"", b"id: 7\nretry: 10\ndata: \n\n"), Event(b"", b": ping\n\n"), Event(DONE, b"data: %b\n\n" % DONE)]
    gate.upstream.replies["tools/call"] = Answer(events=Stream(events))
    answer = await gate.call()
    assert answer.events is not None
    assert [event.raw async for event in answer.events] == [event.raw for event in events]


async def test_a_stream_that_stays_open_after_its_response_is_left_after_a_moment() -> None:
    gate = limited()
    hangs = asyncio.Event()

    class Hanging(Stream):
        async def __anext__(self) -> Event:
            if self.taken == len(self.events):
                await hangs.wait()
            return await super().__anext__()

    stream = Hanging([Event(DONE)])
    gate.upstream.replies["tools/call"] = Answer(events=stream)
    answer = await gate.call()
    assert await events_of(answer) == [DONE]
    await answer.aclose()
    assert stream.closed


async def test_the_size_of_a_streamed_answer_is_recorded() -> None:
    gate = limited()
    answer, _ = await streaming(gate, PROGRESS, DONE)
    await events_of(answer)
    assert gate.ledger.outcome.response_bytes == len(PROGRESS) + len(DONE)
    assert gate.ledger.outcome.http_status == 200


async def test_an_answer_in_chunks_is_relayed_piece_by_piece_and_settled_at_its_end() -> None:
    gate = limited()
    body = result(b"1", content("x" * 50))
    chunks = Chunks([body[:20], body[20:]])
    gate.upstream.replies["tools/call"] = Answer(chunks=chunks)
    answer = await gate.call()
    assert answer.chunks is not None
    assert [chunk async for chunk in answer.chunks] == [body[:20], body[20:]]
    assert gate.ledger.results == [Result.OK]
    assert gate.ledger.outcome.response_bytes == len(body)
    await answer.aclose()
    assert chunks.closed
    assert gate.ledger.results == [Result.OK]


async def test_an_answer_in_chunks_that_breaks_off_is_lost() -> None:
    gate = limited()
    gate.upstream.replies["tools/call"] = Answer(chunks=Chunks([b'{"js'], UpstreamFault("reset")))
    answer = await gate.call()
    assert answer.chunks is not None
    with pytest.raises(UpstreamFault):
        [chunk async for chunk in answer.chunks]
    assert (gate.ledger.results, held(gate)) == ([Result.LOST], 1)


async def test_closing_an_answer_in_chunks_early_closes_the_servers_side_and_settles() -> None:
    gate = limited()
    chunks = Chunks([b"{", b"}"])
    gate.upstream.replies["tools/call"] = Answer(chunks=chunks)
    answer = await gate.call()
    assert answer.chunks is not None
    await anext(answer.chunks)
    await answer.aclose()
    assert chunks.closed
    assert gate.ledger.results == [Result.CLIENT_GONE]


async def test_an_answer_that_nobody_ever_reads_is_settled_and_closed_all_the_same() -> None:
    for reply in (Answer(chunks=Chunks([b"{}"])), streamed(result(b"1", {}))):
        gate = limited()
        gate.upstream.replies["tools/call"] = reply
        answer = await gate.call()
        await answer.aclose()
        assert gate.ledger.results == [Result.CLIENT_GONE]
        inner = reply.chunks or reply.events
        assert getattr(inner, "closed")  # noqa: B009 - of either kind
