"""What connections share stays true whatever happens to one of them."""

from __future__ import annotations

import asyncio

import pytest

from tests.edge.wire import edge, post, until
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.edge.shared import Reports

pytestmark = pytest.mark.anyio


async def test_bodies_count_until_they_are_answered() -> None:
    release = asyncio.Event()

    async def wait(request: Request, responder: Responder) -> None:
        await release.wait()
        responder.send(200)

    async with edge(wait) as gate:
        wire = await gate.wire()
        await wire.send(post(b"x" * 1000) + post(b"y" * 500))
        await until(lambda: gate.server.held_bytes == 1500)
        release.set()
        await wire.reply()
        await wire.reply()
        assert gate.server.held_bytes == 0


async def test_a_full_memory_for_bodies_is_an_overload_and_passes() -> None:
    release = asyncio.Event()

    async def wait(request: Request, responder: Responder) -> None:
        await release.wait()
        responder.send(200)

    async with edge(wait, EdgeLimits(held_bytes=1000)) as gate:
        wire = await gate.wire()
        await wire.send(post(b"x" * 900))
        await until(lambda: len(gate.requests) == 1)
        assert (await gate.ask(post(b"y" * 200))).status == 503
        release.set()
        assert (await wire.reply()).status == 200
        assert (await gate.ask(post(b"y" * 200))).status == 200


def test_nobody_has_to_listen_to_reports() -> None:
    reports = Reports()
    reports.on_refused("reason", None)
    reports.on_handler_error(ValueError())


async def test_the_longest_body_that_is_still_being_received_gives_way_to_what_is_shorter() -> None:
    async with edge(limits=EdgeLimits(held_bytes=1000)) as gate:
        slow = [await gate.wire() for _ in range(2)]
        for wire, size in zip(slow, (600, 300), strict=True):
            await wire.send(post(b"x" * 900)[: -900 + size])
        await until(lambda: gate.server.held_bytes == 900)
        assert (await gate.ask(post(b"y" * 200))).status == 200
        assert (await slow[0].reply()).status == 503
        await slow[1].send(b"x" * 600)
        assert (await slow[1].reply()).status == 200
        assert len(gate.refused) == 1


async def test_a_body_that_is_itself_the_longest_is_refused() -> None:
    async with edge(limits=EdgeLimits(held_bytes=1000)) as gate:
        slow = [await gate.wire() for _ in range(3)]
        for wire in slow:
            await wire.send(post(b"x" * 900)[:-600])
        await until(lambda: gate.server.held_bytes == 900)
        assert (await gate.ask(post(b"y" * 800))).status == 503
        for wire in slow:
            await wire.send(b"x" * 30)
        await until(lambda: gate.server.held_bytes == 990)
