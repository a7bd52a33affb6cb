"""Requests that are answered from callbacks: in order, once, and handed to the coroutine wherever the short way ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from tests.edge.wire import PATIENCE_S, Wire, post
from tests.support.clock import ManualClock
from yett.edge.at_once import Asker, Begin
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.edge.server import EdgeServer, Place, listen
from yett.edge.shared import Reports

pytestmark = pytest.mark.anyio


@dataclass
class Held:
    """Work that ends when the test says so."""

    request: Request
    asker: Asker
    said: list[str] = field(default_factory=list)
    drops: bool = True
    """Whether it ends when its client leaves."""

    def client_left(self) -> None:
        self.said.append("left")
        if self.drops:
            self.asker.drop()

    def cancel(self) -> None:
        self.said.append("cancelled")


@dataclass
class Desk:
    """Takes requests at once, as the test wants it."""

    works: list[Held] = field(default_factory=list)
    handled: list[bytes] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    drops: bool = True

    def begin(self, request: Request, asker: Asker) -> Held | None:
        if request.body.startswith(b"long"):
            return None
        if request.body == b"break":
            raise ValueError("broken")
        self.works.append(Held(request, asker, drops=self.drops))
        return self.works[-1]

    async def handle(self, request: Request, responder: Responder) -> None:
        self.handled.append(request.body)
        await asyncio.sleep(0)
        responder.send(200, b"long way: " + request.body)

    async def wire(self, server: EdgeServer) -> Wire:
        self.wires.append(Wire(*await asyncio.open_connection("127.0.0.1", server.port)))
        return self.wires[-1]

    async def work(self, number: int = 0) -> Held:
        return await eventually(lambda: self.works[number] if len(self.works) > number else None)


T = TypeVar("T")


async def eventually(look: Callable[[], T | None]) -> T:
    async with asyncio.timeout(PATIENCE_S):
        while (found := look()) is None:  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.001)
    return found


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[EdgeServer]:
    begin: Begin = desk.begin
    reports = Reports(on_handler_error=desk.failures.append)
    server = await listen(desk.handle, Place("127.0.0.1", 0), EdgeLimits(), ManualClock().monotonic, reports, begin)
    try:
        yield server
    finally:
        await server.aclose(0.2)
        for wire in desk.wires:
            await wire.close()


async def test_a_request_is_answered_at_once_and_the_connection_stays() -> None:
    desk = Desk()
    async with serving(desk) as server:
        wire = await desk.wire(server)
        for number in range(3):
            await wire.send(post(b"%d" % number))
            (await desk.work(number)).asker.answer(b'{"n":%d}' % number)
            reply = await wire.reply()
            assert (reply.status, reply.body, reply.headers[b"content-type"]) == (200, b'{"n":%d}' % number, b"application/json")
        assert desk.handled == []
        assert server.held_bytes == 0


async def test_what_is_not_taken_goes_the_long_way() -> None:
    desk = Desk()
    async with serving(desk) as server:
        wire = await desk.wire(server)
        assert (await wire.ask(post(b"long"))).body == b"long way: long"
        await wire.send(post(b"short"))
        (await desk.work()).asker.answer(b"{}")
        assert (await wire.reply()).body == b"{}"
        assert (await wire.ask(post(b"long again"))).body == b"long way: long again"


async def test_a_request_that_is_handed_over_is_answered_by_the_coroutine_once() -> None:
    desk = Desk()
    async with serving(desk) as server:
        wire = await desk.wire(server)
        await wire.send(post(b"short"))
        (await desk.work()).asker.hand_over(desk.handle)
        assert (await wire.reply()).body == b"long way: short"
        await wire.send(post(b"next"))
        (await desk.work(1)).asker.answer(b"{}")
        assert (await wire.reply()).body == b"{}"
        assert desk.handled == [b"short"]
        assert server.held_bytes == 0


async def test_requests_that_come_meanwhile_wait_for_their_turn() -> None:
    desk = Desk()
    async with serving(desk) as server:
        wire = await desk.wire(server)
        await wire.send(post(b"first"))
        first = await desk.work()
        await wire.send(post(b"second") + post(b"third"))
        await eventually(lambda: server.held_bytes == len(b"firstsecondthird") or None)
        assert desk.handled == []
        assert len(desk.works) == 1
        first.asker.answer(b"{}")
        assert [(await wire.reply()).body for _ in range(3)] == [b"{}", b"long way: second", b"long way: third"]


async def test_the_last_answer_of_a_connection_says_so_and_closes_it() -> None:
    desk = Desk()
    async with serving(desk) as server:
        wire = await desk.wire(server)
        await wire.send(post(b"short"))
        work = await desk.work()
        await server.stop_listening()
        work.asker.answer(b"{}")
        reply = await wire.reply()
        assert reply.headers[b"connection"] == b"close"
        assert await wire.rest() == b""


async def test_a_fault_while_beginning_is_answered_and_told() -> None:
    desk = Desk()
    async with serving(desk) as server:
        wire = await desk.wire(server)
        assert (await wire.ask(post(b"break"))).status == 500
        assert await wire.rest() == b""
        assert [str(failure) for failure in desk.failures] == ["broken"]
        assert server.held_bytes == 0


async def test_a_fault_later_is_answered_and_told() -> None:
    desk = Desk()
    async with serving(desk) as server:
        wire = await desk.wire(server)
        await wire.send(post(b"short"))
        (await desk.work()).asker.fail(ValueError("late"))
        assert (await wire.reply()).status == 500
        assert await wire.rest() == b""
        assert [str(failure) for failure in desk.failures] == ["late"]


@pytest.mark.parametrize("half", [True, False])
async def test_work_is_told_that_its_client_left(*, half: bool) -> None:
    desk = Desk()
    async with serving(desk) as server:
        wire = await desk.wire(server)
        await wire.send(post(b"short"))
        work = await desk.work()
        if half:
            wire.writer.write_eof()
        else:
            await wire.close()
        await eventually(lambda: work.said or None)
        assert work.said == ["left"]
        await eventually(lambda: server.open_connections == 0 or None)
        assert server.held_bytes == 0


async def test_work_that_outlives_its_client_may_still_end() -> None:
    desk = Desk(drops=False)
    async with serving(desk) as server:
        wire = await desk.wire(server)
        await wire.send(post(b"short"))
        work = await desk.work()
        await wire.close()
        await eventually(lambda: work.said or None)
        work.asker.hand_over(desk.handle)
        await eventually(lambda: desk.handled or None)
        await eventually(lambda: server.held_bytes == 0 or None)


async def test_a_client_that_closed_its_side_gets_the_answer_of_work_that_goes_on() -> None:
    desk = Desk(drops=False)
    async with serving(desk) as server:
        wire = await desk.wire(server)
        await wire.send(post(b"short"))
        work = await desk.work()
        wire.writer.write_eof()
        await eventually(lambda: work.said or None)
        work.asker.answer(b"{}")
        assert (await wire.reply()).body == b"{}"
        assert await wire.rest() == b""


async def test_work_that_does_not_end_is_cancelled_when_the_listener_stops() -> None:
    desk = Desk(drops=False)
    async with serving(desk) as server:
        wire = await desk.wire(server)
        await wire.send(post(b"short"))
        work = await desk.work()
    assert work.said[0] == "cancelled"
    assert server.held_bytes == 0


async def test_a_request_that_was_handed_over_in_the_last_moment_is_cancelled_with_the_listener() -> None:
    desk = Desk(drops=False)
    async with serving(desk) as server:
        wire = await desk.wire(server)
        await wire.send(post(b"short"))
        work = await desk.work()
        for task in tuple(server._shared.tasks):
            task.cancel()
        work.asker.hand_over(desk.handle)
        await eventually(lambda: work.said or None)
        assert desk.handled == []
        assert "cancelled" in work.said
