"""The end of a listener: what is on its way is answered, everybody is told, and nothing hangs on."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.edge.wire import GET, edge, post, until
from yett.edge.request import Request
from yett.edge.responder import Responder

pytestmark = pytest.mark.anyio


async def test_connections_that_wait_to_be_accepted_are_served_and_not_reset() -> None:
    async with edge() as gate:
        # Nothing is awaited here, so that the loop accepts none of them before the end begins.
        waiting = [socket.create_connection(("127.0.0.1", gate.server.port)) for _ in range(20)]
        for client in waiting:
            client.sendall(GET)
        await gate.server.aclose(5, 2)
        for client in waiting:
            answer = client.recv(1000)
            assert answer.startswith(b"HTTP/1.1 200 OK")
            assert b"connection: close" in answer
            client.close()
    assert len(gate.requests) == 20


async def test_a_request_on_an_idle_connection_is_answered_during_the_farewell_and_told_that_it_is_the_last() -> None:
    async with edge() as gate:
        idle, busy = await gate.wire(), await gate.wire()
        assert b"connection" not in (await idle.ask(GET)).headers
        await busy.ask(GET)
        closing = asyncio.create_task(gate.server.aclose(5, 4))
        await until(lambda: not gate.server.listening)
        assert (await busy.ask(GET)).headers[b"connection"] == b"close"
        assert (await idle.ask(GET)).headers[b"connection"] == b"close"
        await closing


async def test_an_idle_connection_is_closed_after_the_farewell() -> None:
    async with edge() as gate:
        idle = await gate.wire()
        await idle.ask(GET)
        await gate.server.aclose(5, 0.05)
        assert await idle.rest() == b""


async def test_a_request_that_is_half_received_is_received_and_answered() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        whole = post(b"x" * 100)
        await wire.send(whole[:-50])
        await until(lambda: gate.server.held_bytes > 0)
        closing = asyncio.create_task(gate.server.aclose(5))
        await until(lambda: not gate.server.listening)
        await asyncio.sleep(0.15)  # past the first look for connections that are idle
        await wire.send(whole[-50:])
        assert (await wire.reply()).body == b"x" * 100
        await closing


async def test_a_request_that_never_becomes_complete_holds_the_end_up_only_for_the_grace() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await wire.send(post(b"x" * 100)[:-50])
        await until(lambda: gate.server.held_bytes > 0)
        async with asyncio.timeout(3):
            await gate.server.aclose(0.1, 5)
        assert gate.server.open_connections == 0


async def test_a_stream_that_ends_during_the_grace_ends_its_connection_though_its_head_promised_more() -> None:
    end = asyncio.Event()

    async def stream(request: Request, responder: Responder) -> None:
        responder.start(200, b"text/event-stream")
        await end.wait()
        responder.end()

    async with edge(stream) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        assert b"connection" not in (await wire.head()).headers
        closing = asyncio.create_task(gate.server.aclose(5))
        await until(lambda: not gate.server.listening)
        end.set()
        assert await wire.rest() == b"0\r\n\r\n"
        async with asyncio.timeout(2):
            await closing


async def test_with_nobody_connected_the_end_comes_at_once() -> None:
    async with edge() as gate:
        async with asyncio.timeout(0.5):
            await gate.server.aclose(60, 60)
