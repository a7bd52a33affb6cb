"""Kill -9 of the data plane under load: nothing was forwarded without its record, and every counter is within its bounds."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec
import pytest

from tests.support.effort import times
from tests.support.ports import free_port
from yett.app.data_plane import derived_key
from yett.gateway.calls import arguments_digest
from yett.gateway.feed import SNAPSHOT_FILE, store_snapshot
from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData
from yett.gateway.tokens import digest, mint, token_key
from yett.settings import load_settings

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]

KILLS: Final = int(os.environ.get("YETT_KILLS") or times(20))
CLIENTS: Final = 12
REFUSED_EVERY: Final = 7
"""The server says of every seventh call that it does not know the method, so that reservations are given back under load."""


DISCOVERED: Final = {
    "resultType": "complete",
    "ttlMs": 0,
    "cacheScope": "private",
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "recorder", "version": "1"},
}


@dataclass
class Recorder:
    """A server that remembers every call that reached it, and outlives the gateway."""

    ran: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                body = self.answer(json.loads(await reader.readexactly(length)))
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, message: dict[str, Any]) -> bytes:
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] == "tools/list":
            reply["result"] = {"resultType": "complete", "tools": [{"name": "pay", "inputSchema": {"type": "object"}}]}
            return json.dumps(reply).encode()
        if message["method"] == "server/discover":
            reply["result"] = DISCOVERED
            return json.dumps(reply).encode()
        number = message["params"]["arguments"]["n"]
        if number % REFUSED_EVERY == 0:
            self.refused.add(number)
            reply["error"] = {"code": -32601, "message": "not now"}
        else:
            self.ran.add(number)
            reply["result"] = {"resultType": "complete", "content": [], "isError": False}
        return json.dumps(reply).encode()


POLICY: Final = {
    "version": "1",
    "default": "deny",
    "tools": {
        "pay": {
            "limits": [
                {"counter": "calls", "window": "month", "max": 10**9},
                {"counter": "spend", "window": "month", "max": 10**9, "increment_from": "args.amount"},
            ]
        }
    },
}


@dataclass
class Installation:
    """A state directory with one server, one grant and one policy."""

    config: Path
    state: Path
    port: int
    token: str
    key: bytes


def installed(directory: Path, upstream: int) -> Installation:
    port, config = free_port(), directory / "yett.toml"
    config.write_text(f'[state]\ndirectory = "{directory / "state"}"\n[data_plane]\nport = {port}\n', encoding="utf-8")
    settings = load_settings(config, {})
    key, token = token_key(settings.state_dir), mint()
    snapshot = SnapshotData(
        revision=1,
        origin="o",
        servers=[ServerEntry(organisation="o", id="s", name="recorder", url=f"http://127.0.0.1:{upstream}/mcp")],
        grants=[GrantEntry(organisation="o", id="g", digest=digest(token, key), server="s", policy="p")],
        policies=[PolicyEntry(id="p", organisation="o", name="p", revision="1-0", document=json.dumps(POLICY))],
    )
    store_snapshot(settings.state_dir / SNAPSHOT_FILE, snapshot)
    return Installation(config, settings.state_dir, port, token, derived_key(key, b"arguments"))


@asynccontextmanager
async def data_plane(installation: Installation) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "yett.app.data_plane", "--config", str(installation.config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        assert line.startswith(b"listening"), line
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def request(installation: Installation, number: int) -> bytes:
    body = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": number,
            "method": "tools/call",
            "params": {
                "name": "pay",
                "arguments": {"n": number, "amount": 0.1},
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientCapabilities": {},
                },
            },
        }
    )
    return (
        f"POST /mcp/recorder HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {installation.token}\r\n"
        "content-type: application/json\r\naccept: application/json, text/event-stream\r\n"
        "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: pay\r\n"
        f"content-length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def client(installation: Installation, numbers: Iterator[int]) -> None:
    """Call until the gateway is gone."""
    writer = None
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
        while True:
            writer.write(request(installation, next(numbers)))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]))
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        if writer is not None:
            writer.close()


async def killed_under_load(installation: Installation, numbers: Iterator[int], seconds: float) -> None:
    async with data_plane(installation) as process:
        clients = [asyncio.create_task(client(installation, numbers)) for _ in range(CLIENTS)]
        await asyncio.sleep(seconds)  # the point of the kill: a fault to inject, not a condition to wait for
        process.send_signal(signal.SIGKILL)
        await asyncio.wait(clients, timeout=10)


@dataclass
class Books:
    """What the file says."""

    digests: set[str]
    counters: dict[str, Decimal]
    recorded: dict[str, Decimal]


def books(state: Path) -> Books:
    connection = apsw.Connection(str(state / "state.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        recorded: dict[str, Decimal] = {}
        digests = set()
        for digest_of_call, reservations in connection.execute("SELECT arguments_digest, reservations FROM calls"):
            digests.add(digest_of_call)
            for _, name, _, amount in msgspec.json.decode(reservations):
                recorded[name] = recorded.get(name, Decimal(0)) + Decimal(amount)
        rows = connection.execute("SELECT key, amount FROM counters JOIN buckets ON counter = id")
        counters = {key: Decimal(amount) for key, amount in rows}
        assert connection.pragma("integrity_check") == "ok"
    finally:
        connection.close()
    return Books(digests, counters, recorded)


async def test_after_kill_9_under_load_every_forwarded_call_has_its_record_and_every_counter_is_within_its_bounds(
    tmp_path: Path,
) -> None:
    recorder, numbers = Recorder(), iter(range(1, 10**9))
    chance = random.Random(os.environ.get("YETT_KILL_SEED", "20261122"))
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", 0)
    installation = installed(tmp_path, server.sockets[0].getsockname()[1])
    try:
        for _ in range(KILLS):
            await killed_under_load(installation, numbers, chance.uniform(0.02, 0.4))
    finally:
        server.close()
    found = books(installation.state)
    unrecorded = [
        number
        for number in recorder.ran | recorder.refused
        if arguments_digest({"n": number, "amount": Decimal("0.1")}, installation.key) not in found.digests
    ]
    assert not unrecorded
    assert len(recorder.ran) > 10 * KILLS, "the load was too thin to say anything"
    for name, unit in (("calls", Decimal(1)), ("spend", Decimal("0.1"))):
        key = next(key for key in found.counters if f'"{name}"' in key)
        recorded = next(amount for label, amount in found.recorded.items() if label == name or f'"{name}"' in label)
        assert len(recorder.ran) * unit <= found.counters[key] <= recorded
