"""The listener over TLS keeps every promise that it makes in plain HTTP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.edge.wire import GET, GET_AND_CLOSE, Edge, Wire, edge, post, until
from tests.support.certificates import pair
from yett.edge.certificate import Certificate
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.edge.shared import Handler
from yett.edge.tls import pinned

pytestmark = pytest.mark.anyio


@dataclass
class Secure:
    """An edge that speaks TLS, and who trusts it."""

    gate: Edge
    trust: ssl.SSLContext

    async def wire(self) -> Wire:
        port = self.gate.server.port
        wire = Wire(*await asyncio.open_connection("127.0.0.1", port, limit=2**22, ssl=self.trust, ssl_shutdown_timeout=0.5))
        self.gate.wires.append(wire)
        return wire


@asynccontextmanager
async def secure(folder: Path, handler: Handler | None = None, limits: EdgeLimits | None = None) -> AsyncIterator[Secure]:
    certificate = Certificate(*pair().write(folder))
    async with edge(handler, limits, tls=certificate.context) as gate:
        yield Secure(gate, pinned(certificate.shown))


async def test_requests_are_answered_one_after_the_other_on_one_connection(tmp_path: Path) -> None:
    async with secure(tmp_path) as listener:
        wire = await listener.wire()
        bodies = [b"a", b"b" * 3_000_000, b"c"]
        for body in bodies:
            assert (await wire.ask(post(body))).body == body
        assert [request.client_ip for request in listener.gate.requests] == ["127.0.0.1"] * 3


async def test_a_stream_arrives_as_it_is_written_and_ends(tmp_path: Path) -> None:
    more = asyncio.Event()

    async def stream(request: Request, responder: Responder) -> None:
        responder.start(200, b"text/event-stream")
        await responder.write(b"data: 1\n\n")
        await more.wait()
        responder.end()

    async with secure(tmp_path, stream) as listener:
        wire = await listener.wire()
        await wire.send(GET)
        await wire.until(b"data: 1\n\n")
        more.set()
        await wire.until(b"0\r\n\r\n")


async def test_the_last_answer_is_followed_by_the_end_of_the_connection(tmp_path: Path) -> None:
    async with secure(tmp_path) as listener:
        wire = await listener.wire()
        assert (await wire.ask(GET_AND_CLOSE)).headers[b"connection"] == b"close"
        assert await wire.rest() == b""
        await until(lambda: listener.gate.server.open_connections == 0)


async def test_a_refused_request_gets_its_reason_while_the_client_still_sends(tmp_path: Path) -> None:
    async with secure(tmp_path) as listener:
        wire = await listener.wire()
        reply = await wire.ask(b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n" + b"x" * 100_000)
        assert reply.status == 413
        assert await wire.rest() == b""


async def test_a_client_that_ends_the_connection_has_left(tmp_path: Path) -> None:
    left = asyncio.Event()

    async def wait(request: Request, responder: Responder) -> None:
        await responder.client_gone
        left.set()
        responder.send(200)

    async with secure(tmp_path, wait) as listener:
        wire = await listener.wire()
        await wire.send(GET)
        await until(lambda: len(listener.gate.requests) == 1)
        wire.writer.close()
        async with asyncio.timeout(5):
            await left.wait()
        await until(lambda: listener.gate.server.open_connections == 0)
        assert not listener.gate.errors


async def test_connections_past_the_bound_are_told_so(tmp_path: Path) -> None:
    async with secure(tmp_path, limits=EdgeLimits(connections=1)) as listener:
        await (await listener.wire()).ask(GET)
        reply = await (await listener.wire()).ask(GET)
        assert (reply.status, reply.headers[b"retry-after"]) == (503, b"1")


async def test_plain_http_gets_no_answer_and_harms_nobody(tmp_path: Path) -> None:
    async with secure(tmp_path) as listener:
        plain = await listener.gate.wire()
        await plain.send(GET)
        with suppress(ConnectionResetError):
            assert b"200 OK" not in await plain.rest()
        assert (await (await listener.wire()).ask(GET)).status == 200
        assert len(listener.gate.requests) == 1


async def test_whoever_does_not_shake_hands_is_cut_after_the_time_for_a_head(tmp_path: Path) -> None:
    async with secure(tmp_path, limits=EdgeLimits(header_s=0.1)) as listener:
        silent = await listener.gate.wire()
        with suppress(ConnectionResetError):
            assert await silent.rest() == b""


async def test_a_client_that_reads_nothing_holds_the_writer_back_and_is_cut(tmp_path: Path) -> None:
    written = 0

    async def flood(request: Request, responder: Responder) -> None:
        nonlocal written
        responder.start(200, b"application/octet-stream")
        for _ in range(1000):
            await responder.write(b"x" * 100_000)
            written += 100_000

    async with secure(tmp_path, flood) as listener:
        wire = await listener.wire()
        wire.transport.pause_reading()
        await wire.send(GET)
        await until(lambda: written > 0)
        before = -1
        while written != before:
            before = written
            await asyncio.sleep(0.05)
        assert written < 50_000_000
        listener.gate.pass_time(listener.gate.server.limits.write_stall_s + 1)
        await until(lambda: listener.gate.server.open_connections == 0)


async def test_shutting_down_answers_what_is_in_work(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def wait(request: Request, responder: Responder) -> None:
        await release.wait()
        responder.send(200, b"done")

    async with secure(tmp_path, wait) as listener:
        wire = await listener.wire()
        await wire.send(GET)
        await until(lambda: len(listener.gate.requests) == 1)
        closing = asyncio.create_task(listener.gate.server.aclose(5))
        await until(lambda: not listener.gate.server.listening)
        release.set()
        reply = await wire.reply()
        assert (reply.body, reply.headers[b"connection"]) == (b"done", b"close")
        await closing
