"""One connection over a real socket: turns, deadlines, refusals, clients that do not read (HT8) or leave."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.edge.wire import GET, GET_AND_CLOSE, edge, post, until
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request
from yett.edge.responder import Responder

pytestmark = pytest.mark.anyio


async def test_requests_on_one_connection_are_answered_one_after_the_other() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        for body in (b"1", b"", b"3" * 300_000):
            reply = await wire.ask(post(body, b"content-type: application/json"))
            assert (reply.status, reply.body) == (200, body)
            assert b"connection" not in reply.headers
        assert gate.requests[0].client_ip == "127.0.0.1"
        assert gate.server.open_connections == 1


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await wire.send(b"".join(post(b"%d" % number) for number in range(16)))
        assert [(await wire.reply()).body for _ in range(16)] == [b"%d" % number for number in range(16)]


async def test_no_second_request_of_a_connection_is_begun_before_the_first_is_answered() -> None:
    release = asyncio.Event()

    async def wait(request: Request, responder: Responder) -> None:
        await release.wait()
        responder.send(200)

    async with edge(wait) as gate:
        wire = await gate.wire()
        await wire.send(GET + GET)
        await until(lambda: len(gate.requests) == 1)
        release.set()
        await wire.reply()
        await wire.reply()
        assert len(gate.requests) == 2


async def test_a_flood_of_pipelined_requests_is_cut_after_the_bound_and_says_so() -> None:
    async with edge(limits=EdgeLimits(pipelined=4)) as gate:
        wire = await gate.wire()
        await wire.send(GET * 1000)
        answers = (await wire.rest()).split(b"HTTP/1.1 ")[1:]
        assert 4 <= len(answers) < 1000
        assert b"connection: close" in answers[-1]
        assert not any(b"connection: close" in answer for answer in answers[:-1])
        assert len(gate.requests) == len(answers)


async def test_a_client_that_sends_ahead_is_made_to_wait_and_then_served() -> None:
    release = asyncio.Event()

    async def wait(request: Request, responder: Responder) -> None:
        await release.wait()
        responder.send(200, request.body)

    async with edge(wait, EdgeLimits(pipelined=2)) as gate:
        wire = await gate.wire()
        for body in (b"0", b"1", b"2"):
            await wire.send(post(body))
            await asyncio.sleep(0.02)
        await wire.send(post(b"3"))
        release.set()
        assert [(await wire.reply()).body for _ in range(4)] == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("request_line", [GET_AND_CLOSE, b"GET /a HTTP/1.0\r\nhost: x\r\nconnection: keep-alive\r\n\r\n"])
async def test_a_connection_closes_where_the_client_wants_it_or_is_of_version_1_0(request_line: bytes) -> None:
    async with edge() as gate:
        wire = await gate.wire()
        reply = await wire.ask(request_line)
        assert reply.headers[b"connection"] == b"close"
        assert await wire.rest() == b""


async def test_a_refused_request_gets_one_line_of_json_and_the_connection_closes() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        reply = await wire.ask(b"GET /../etc HTTP/1.1\r\nhost: x\r\n\r\n" + GET)
        assert reply.status == 400
        assert list(json.loads(reply.body)) == ["error"]
        assert await wire.rest() == b""
        assert not gate.requests
        assert gate.refused == [(json.loads(reply.body)["error"], "127.0.0.1")]
        assert not gate.errors


async def test_a_refusal_waits_for_the_answers_before_it() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await wire.send(post(b"first") + b"nonsense\r\n\r\n")
        assert (await wire.reply()).body == b"first"
        assert (await wire.reply()).status == 400
        assert await wire.rest() == b""


async def test_a_refusal_reaches_a_client_that_is_still_sending() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        limit = EdgeLimits().body_bytes
        await wire.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % (limit + 1))
        await wire.send(b"x" * 2_000_000)
        assert (await wire.reply()).status == 413
        assert await wire.rest() == b""


async def test_continue_is_said_once_to_a_client_that_waits_for_it() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await wire.send(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        assert (await wire.head()).status == 100
        await wire.send(b"h")
        await wire.send(b"i")
        assert (await wire.reply()).body == b"hi"


@pytest.mark.parametrize("together", [True, False])
async def test_continue_waits_for_the_answer_to_the_request_before(*, together: bool) -> None:
    release = asyncio.Event()

    async def wait(request: Request, responder: Responder) -> None:
        await release.wait()
        responder.send(200, b"ok")

    async with edge(wait) as gate:
        wire = await gate.wire()
        waiting = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
        await wire.send(GET + waiting if together else GET)
        await until(lambda: len(gate.requests) == 1)
        if not together:
            await wire.send(waiting)
            await asyncio.sleep(0.02)
        release.set()
        assert (await wire.reply()).body == b"ok"
        assert (await wire.head()).status == 100
        assert (await wire.ask(b"hi")).status == 200


async def test_continue_is_not_said_where_the_request_is_refused() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        reply = await wire.ask(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 999999999\r\n\r\n")
        assert reply.status == 413


async def test_half_a_request_at_the_end_of_the_connection_is_dropped() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await wire.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345")
        await until(lambda: gate.server.held_bytes == 5)
        await wire.close()
        await until(lambda: gate.server.open_connections == 0)
        assert not gate.requests
        assert gate.server.held_bytes == 0


async def test_a_client_that_only_closes_its_side_still_gets_its_answer() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        wire.writer.write(post(b"1") + post(b"2"))
        wire.writer.write_eof()
        answers = await wire.rest()
        assert answers.count(b"200 OK") == 2
        assert gate.server.open_connections == 0


async def test_a_client_that_closed_its_side_long_ago_still_gets_its_answer() -> None:
    async def wait(request: Request, responder: Responder) -> None:
        await responder.client_gone
        await asyncio.sleep(0.02)
        responder.send(200, b"late")

    async with edge(wait) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        await until(lambda: len(gate.requests) == 1)
        wire.transport.write_eof()
        assert (await wire.reply()).body == b"late"
        assert await wire.rest() == b""


async def test_requests_that_waited_when_the_client_left_are_not_begun() -> None:
    release = asyncio.Event()

    async def wait(request: Request, responder: Responder) -> None:
        await release.wait()
        responder.send(200)

    async with edge(wait) as gate:
        wire = await gate.wire()
        await wire.send(post(b"1") + post(b"2"))
        await until(lambda: len(gate.requests) == 1)
        wire.reset()
        await until(lambda: gate.server.open_connections == 0)
        release.set()
        await asyncio.sleep(0.02)
        assert len(gate.requests) == 1
        assert gate.server.held_bytes == 0
        assert not gate.errors


async def test_a_client_that_does_not_read_gets_no_second_answer_into_memory() -> None:
    async def much(request: Request, responder: Responder) -> None:
        responder.send(200, b"x" * 8_000_000)

    async with edge(much) as gate:
        wire = await gate.wire()
        wire.transport.pause_reading()
        await wire.send(GET * 3)
        await until(lambda: len(gate.requests) == 1)
        await asyncio.sleep(0.05)
        assert len(gate.requests) == 1
        wire.transport.resume_reading()
        for _ in range(3):
            assert len((await wire.reply()).body) == 8_000_000


async def test_an_exception_of_a_handler_is_a_500_without_a_word_and_harms_nobody_else() -> None:
    async def fail(request: Request, responder: Responder) -> None:
        if request.path == "/fail":
            raise KeyError("secret")
        responder.send(200)

    async with edge(fail) as gate:
        other = await gate.wire()
        await other.ask(GET)
        wire = await gate.wire()
        reply = await wire.ask(post(b"x", target=b"/fail"))
        assert reply.status == 500
        assert json.loads(reply.body) == {"error": "the gateway failed to answer this request"}
        assert await wire.rest() == b""
        assert [type(error) for error in gate.errors] == [KeyError]
        assert (await other.ask(GET)).status == 200


async def test_a_handler_that_does_not_answer_is_a_fault_of_ours() -> None:
    async def forget(request: Request, responder: Responder) -> None:
        return None

    async with edge(forget) as gate:
        assert (await gate.ask(GET)).status == 500
        assert [type(error) for error in gate.errors] == [RuntimeError]


async def test_a_cancelled_handler_cuts_its_connection() -> None:
    async def cancel(request: Request, responder: Responder) -> None:
        raise asyncio.CancelledError

    async with edge(cancel) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await wire.reply()
        await until(lambda: gate.server.open_connections == 0)
