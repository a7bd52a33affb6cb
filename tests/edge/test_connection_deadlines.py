"""Clients that are slow, silent or deaf: each has its time, and not more (HT2)."""

from __future__ import annotations

import asyncio

import pytest

from tests.edge.wire import GET, edge, until
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request
from yett.edge.responder import Responder

pytestmark = pytest.mark.anyio


async def test_a_refused_client_that_does_not_close_is_cut_after_a_while() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await wire.send(b"bad\r\n\r\n")
        await until(lambda: len(gate.refused) == 1)
        await wire.rest()
        assert gate.server.open_connections == 1
        gate.pass_time(2.1)
        await until(lambda: gate.server.open_connections == 0)


async def test_a_slow_head_is_refused_when_its_time_is_over_and_not_before() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await wire.ask(GET)
        gate.pass_time(70)
        await wire.send(b"GET /a HT")
        await until(lambda: len(gate.requests) == 1)
        await asyncio.sleep(0.02)
        gate.pass_time(9.9)
        assert not gate.refused
        gate.pass_time(0.2)
        assert (await wire.reply()).status == 408
        assert await wire.rest() == b""


async def test_a_connection_that_never_sends_is_closed_silently() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await until(lambda: gate.server.open_connections == 1)
        gate.pass_time(10.1)
        assert await wire.rest() == b""
        assert not gate.refused


async def test_an_idle_connection_is_closed_after_its_time_and_not_before() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await wire.ask(GET)
        gate.pass_time(74)
        await wire.ask(GET)
        gate.pass_time(74)
        assert gate.server.open_connections == 1
        gate.pass_time(1.1)
        assert await wire.rest() == b""


async def test_a_body_may_be_slow_at_first_and_then_needs_a_rate() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await wire.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n" + b"a" * 15_000)
        await until(lambda: gate.server.held_bytes == 15_000)
        gate.pass_time(10)
        gate.pass_time(4)
        assert not gate.refused
        gate.pass_time(1)
        assert (await wire.reply()).status == 408


async def test_a_steady_body_is_cut_at_the_end_of_the_time_for_a_request() -> None:
    async with edge() as gate:
        wire = await gate.wire()
        await wire.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n" + b"a" * 500_000)
        await until(lambda: gate.server.held_bytes == 500_000)
        gate.pass_time(59)
        assert not gate.refused
        gate.pass_time(1.1)
        assert (await wire.reply()).status == 408
        assert gate.server.held_bytes == 0


async def test_time_in_which_a_request_is_answered_is_not_the_clients() -> None:
    release = asyncio.Event()

    async def wait(request: Request, responder: Responder) -> None:
        await release.wait()
        responder.send(200)

    async with edge(wait) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        await until(lambda: len(gate.requests) == 1)
        for _ in range(10):
            gate.pass_time(100)
        release.set()
        assert (await wire.reply()).status == 200


async def test_a_client_that_does_not_read_is_cut_after_a_while() -> None:
    async def much(request: Request, responder: Responder) -> None:
        responder.send(200, b"x" * 8_000_000)

    async with edge(much) as gate:
        wire = await gate.wire()
        wire.transport.pause_reading()
        await wire.send(GET)
        await until(lambda: len(gate.requests) == 1)
        await asyncio.sleep(0.05)
        gate.pass_time(59)
        assert gate.server.open_connections == 1
        gate.pass_time(1.1)
        await until(lambda: gate.server.open_connections == 0)


@pytest.mark.parametrize("status", [429, 503])
async def test_whoever_found_no_room_is_not_heard_again_before_the_time_that_he_was_told(status: int) -> None:
    async def full(request: Request, responder: Responder) -> None:
        responder.send(status if len(gate.requests) == 1 else 200)

    async with edge(full, EdgeLimits(turned_away_s=0.3)) as gate:
        wire = await gate.wire()
        loop = asyncio.get_running_loop()
        assert (await wire.ask(GET)).status == status
        began = loop.time()
        assert (await wire.ask(GET)).status == 200
        assert loop.time() - began >= 0.25
        began = loop.time()
        assert (await wire.ask(GET)).status == 200
        assert loop.time() - began < 0.25
