"""A rolling restart (UP10): data planes that take over from each other at one port, and clients that notice nothing of it."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import apsw
import pytest

from tests.integration.test_kill import REFUSED_EVERY, Installation, Recorder, data_plane, installed, request
from tests.support.effort import times

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

RESTARTS: Final = times(2)
CLIENTS: Final = 8
UNDISTURBED: Final = 100
"""Answers between two restarts."""


@dataclass
class Traffic:
    """What clients saw: every call was answered, was lost, or met a connection that was reset before anything was read of it."""

    installation: Installation
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))
    answered: dict[int, int] = field(default_factory=dict)
    """HTTP status by call."""
    lost: list[str] = field(default_factory=list)
    reset: list[int] = field(default_factory=list)
    """Calls on connections that the system had not handed over when the listener closed: surely not accepted, so sent anew."""
    reopened: int = 0
    """Connections that were opened because an answer had said that it is the last one."""
    stop: bool = False

    async def client(self, *, keeps: bool) -> None:
        """Call until told to stop: over one connection for as long as it is kept, or each call over a new one."""
        while not self.stop:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.installation.port)
            try:
                while await self._call(reader, writer) and keeps and not self.stop:
                    pass
            finally:
                writer.close()

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One call; whether its connection stays open."""
        number = next(self.numbers)
        try:
            writer.write(request(self.installation, number))
            async with asyncio.timeout(10):
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        except ConnectionResetError:
            self.reset.append(number)
            return False
        except (OSError, asyncio.IncompleteReadError) as error:
            self.lost.append(f"call {number}: {type(error).__name__}")
            return False
        self.answered[number] = int(head.split()[1])
        closes = b"\r\nconnection: close\r\n" in head
        self.reopened += closes
        return not closes

    async def until(self, more: int) -> None:
        """Wait for so many more answers."""
        wanted = len(self.answered) + more
        async with asyncio.timeout(30):
            while len(self.answered) < wanted:  # noqa: ASYNC110 - what is waited for happens in sockets
                await asyncio.sleep(0.01)


def outcomes(state: Path) -> dict[str, Any]:
    connection = apsw.Connection(str(state / "state.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        ((calls, settled),) = connection.execute("SELECT count(*), count(outcomes.seq) FROM calls LEFT JOIN outcomes USING (seq)")
        ((amount,),) = connection.execute("SELECT amount FROM counters JOIN buckets ON counter = id WHERE key LIKE '%\"calls\"%'")
    finally:
        connection.close()
    return {"calls": calls, "settled": settled, "counted": int(amount)}


async def test_data_planes_that_take_over_from_each_other_lose_no_accepted_call_and_count_as_one(tmp_path: Path) -> None:
    recorder = Recorder()
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", 0)
    installation = installed(tmp_path, server.sockets[0].getsockname()[1])
    with installation.config.open("a", encoding="utf-8") as file:
        file.write("reuse_port = true\ndrain_s = 5\n")
    traffic = Traffic(installation)
    async with AsyncExitStack() as planes:
        serving = await planes.enter_async_context(data_plane(installation))
        async with asyncio.TaskGroup() as clients:
            for number in range(CLIENTS):
                clients.create_task(traffic.client(keeps=number % 4 != 0))
            for _ in range(RESTARTS):
                await traffic.until(UNDISTURBED)
                successor = await planes.enter_async_context(data_plane(installation))
                await traffic.until(UNDISTURBED)
                serving.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(serving.wait(), 15) == 0
                serving = successor
            await traffic.until(UNDISTURBED)
            traffic.stop = True
        serving.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(serving.wait(), 15) == 0
    server.close()
    assert not traffic.lost
    assert len(traffic.reset) <= RESTARTS, "half-open connections are rare"
    assert set(traffic.answered.values()) == {200}
    assert traffic.reopened >= RESTARTS, "no client was told that its connection ends"
    assert recorder.ran | recorder.refused == set(traffic.answered)
    sent = len(traffic.answered)
    given_back = sum(number % REFUSED_EVERY == 0 for number in traffic.answered)
    assert outcomes(installation.state) == {"calls": sent, "settled": sent, "counted": sent - given_back}


async def test_without_the_setting_a_second_data_plane_is_refused_the_port(tmp_path: Path) -> None:
    installation = installed(tmp_path, 9)
    async with data_plane(installation):
        with pytest.raises(AssertionError):
            async with data_plane(installation):
                pytest.fail("two data planes listen at one port")


async def test_a_call_that_outlasts_the_grace_is_cut_and_its_record_says_that_nobody_knows(tmp_path: Path) -> None:
    asked = asyncio.Event()

    recorder, hold = Recorder(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not asked.is_set():
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            message = json.loads(await reader.readexactly(length))
            if message["method"] == "tools/call":
                asked.set()
                await hold.wait()
                break
            body = recorder.answer(message)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    installation = installed(tmp_path, server.sockets[0].getsockname()[1])
    with installation.config.open("a", encoding="utf-8") as file:
        file.write("drain_s = 0.3\n")
    async with data_plane(installation) as process:
        reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
        writer.write(request(installation, 1))
        await asked.wait()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert await reader.read() == b""
        writer.close()
    hold.set()
    server.close()
    assert outcomes(installation.state) == {"calls": 1, "settled": 1, "counted": 1}
