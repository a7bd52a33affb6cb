"""Starting, filling up and shutting down the listener."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.edge.wire import GET, Wire, edge, until
from tests.support.clock import ManualClock
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.edge.server import EdgeServer, serve
from yett.errors import OperatorFault

pytestmark = pytest.mark.anyio


async def answer(request: Request, responder: Responder) -> None:
    responder.send(200)


async def started(host: str, port: int) -> EdgeServer:
    return await serve(answer, host=host, port=port, limits=EdgeLimits(), monotonic=ManualClock().monotonic)


async def test_a_taken_port_is_a_sentence_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OperatorFault, match=f"cannot listen on `127.0.0.1` port {port}: the port is taken; stop"):
            await started("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("192.0.2.1", 0, "this machine has no such address"),
        ("no-such-host.invalid", 0, "the host name is not known"),
        ("127.0.0.1", 99999, "a port is a number up to 65535"),
    ],
)
async def test_a_host_or_port_that_cannot_be_is_a_sentence(host: str, port: int, words: str) -> None:
    with pytest.raises(OperatorFault, match=words):
        await started(host, port)


async def test_connections_past_the_bound_are_told_and_closed_and_the_others_served() -> None:
    async with edge(limits=EdgeLimits(connections=2)) as gate:
        first, second = await gate.wire(), await gate.wire()
        await first.ask(GET)
        await second.ask(GET)
        third = await gate.wire()
        reply = await third.ask(GET)
        assert reply.status == 503
        assert await third.rest() == b""
        assert len(gate.refused) == 1
        assert (await first.ask(GET)).status == 200
        await second.close()
        await third.close()
        await until(lambda: gate.server.open_connections == 1)
        assert (await gate.ask(GET)).status == 200


async def test_far_past_the_bound_connections_are_cut_without_an_answer() -> None:
    limits = EdgeLimits(connections=1)
    async with edge(limits=limits) as gate:
        wires = [await gate.wire() for _ in range(limits.connections_hard + 1)]
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await wires[-1].reply()


async def test_shutting_down_lets_a_request_be_answered_and_refuses_new_connections() -> None:
    release = asyncio.Event()

    async def wait(request: Request, responder: Responder) -> None:
        await release.wait()
        responder.send(200, b"done")

    async with edge(wait) as gate:
        idle, busy = await gate.wire(), await gate.wire()
        await busy.send(GET)
        await until(lambda: len(gate.requests) == 1 and gate.server.open_connections == 2)
        closing = asyncio.create_task(gate.server.aclose(5))
        assert await idle.rest() == b""
        with pytest.raises(OSError, match=r"."):
            await asyncio.open_connection("127.0.0.1", gate.server.port)
        release.set()
        reply = await busy.reply()
        assert (reply.body, reply.headers[b"connection"]) == (b"done", b"close")
        await closing
        assert gate.server.open_connections == 0


async def test_shutting_down_cuts_what_outlasts_the_grace() -> None:
    cancelled: list[bool] = []

    async def wait_forever(request: Request, responder: Responder) -> None:
        responder.start(200, b"text/event-stream")
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    async with edge(wait_forever) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        await wire.head()
        await gate.server.aclose(0.05)
        assert cancelled == [True]
        assert b"0\r\n\r\n" not in await wire.rest()
        assert gate.server.open_connections == 0


async def test_deadlines_are_kept_without_being_asked() -> None:
    times = iter([0.0, *[1000.0] * 10])
    server = await serve(answer, host="127.0.0.1", port=0, limits=EdgeLimits(), monotonic=lambda: next(times))
    wire = Wire(*await asyncio.open_connection("127.0.0.1", server.port))
    assert await wire.rest() == b"", "the first sweep comes within a second, and by its clock much time has passed"
    await wire.close()
    await server.aclose(0)
