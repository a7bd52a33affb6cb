"""A data plane in a process of its own, a server behind it that misbehaves on request, and clients that send bytes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import apsw

from tests.integration.test_kill import DISCOVERED
from tests.support.effort import NIGHTLY
from tests.support.policies import ALLOW_ALL
from tests.support.ports import free_port
from yett.gateway.feed import SNAPSHOT_FILE, store_snapshot
from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData
from yett.gateway.tokens import digest, mint, token_key
from yett.settings import load_settings

MIB: Final = 1024 * 1024
PATIENCE_S: Final = 20.0 if not NIGHTLY else 120.0
_META: Final = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
DONE: Final = {"resultType": "complete", "content": [], "isError": False}
_TOOLS: Final = {"resultType": "complete", "tools": [{"name": "do", "inputSchema": {"type": "object"}}]}
EVENTS: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"

Behaviour = Callable[["Misbehaving", asyncio.StreamWriter, Any], Awaitable[None]]


def whole(id: Any, value: object = DONE) -> bytes:
    """A proper answer."""
    body = result(id, value)
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def result(id: Any, value: object = DONE) -> bytes:
    """The JSON text of a response."""
    return json.dumps({"jsonrpc": "2.0", "id": id, "result": value}).encode()


@dataclass
class Misbehaving:
    """A server whose answer to a call is what the call's argument `how` names."""

    behaviours: dict[str, Behaviour]
    reached: int = 0
    """Calls that came."""
    sent: int = 0
    """Bytes that a behaviour got rid of."""
    release: asyncio.Event = field(default_factory=asyncio.Event)
    """What behaviours that hold a call back wait for."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                await self._answer(writer, json.loads(await reader.readexactly(length)))
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
        if message["method"] != "tools/call":
            writer.write(whole(message["id"], DISCOVERED if message["method"] == "server/discover" else _TOOLS))
            return
        self.reached += 1
        behaviour = self.behaviours.get(message["params"]["arguments"].get("how", ""))
        if behaviour is None:
            writer.write(whole(message["id"]))
        else:
            await behaviour(self, writer, message["id"])

    async def pour(self, writer: asyncio.StreamWriter, piece: bytes, size: int) -> None:
        """Write so much, as fast as it is taken."""
        for _ in range(size // len(piece)):
            writer.write(piece)
            await writer.drain()
            self.sent += len(piece)


@dataclass
class Reply:
    """One answer."""

    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def reply(self) -> Reply:
        """A whole answer, framed by length or in chunks."""
        async with asyncio.timeout(PATIENCE_S):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:-2])}
            if fields.get("transfer-encoding") == "chunked":
                parts = []
                while size := int(await self.reader.readuntil(b"\r\n"), 16):
                    parts.append((await self.reader.readexactly(size + 2))[:-2])
                await self.reader.readexactly(2)
                body = b"".join(parts)
            else:
                body = await self.reader.readexactly(int(fields.get("content-length", "0")))
        return Reply(int(lines[0].split()[1]), fields, body)

    async def ask(self, request: bytes) -> Reply:
        self.writer.write(request)
        return await self.reply()

    async def ended(self) -> bool:
        """Whether the other side has closed; waits for it."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while await self.reader.read(65536):
                    pass
        except ConnectionError:
            return True
        return True

    def close(self) -> None:
        self.writer.close()


@dataclass
class Stage:
    """The running data plane."""

    server: Misbehaving
    process: asyncio.subprocess.Process
    port: int
    tokens: list[str]
    state: Path
    others: list[Misbehaving] = field(default_factory=list)
    """Further servers, each with a grant of its own: those behind the first server's."""
    clients: list[Client] = field(default_factory=list)
    ended: int | None = None
    """The exit status of a data plane that a test ended."""

    async def end(self, number: signal.Signals) -> None:
        """End the data plane by a signal."""
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            self.ended = await self.process.wait()

    async def client(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    def leave(self) -> None:
        """Close all connections."""
        for client in self.clients:
            client.close()

    def request(self, how: str = "", *, grant: int = 0, id: int = 1) -> bytes:
        """A call of grant number `grant`."""
        beyond = grant - (len(self.tokens) - len(self.others))
        name = "odd" if beyond < 0 else f"other{beyond}"
        params = {"name": "do", "arguments": {"how": how}, "_meta": _META}
        body = json.dumps({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).encode()
        fields = (
            f"POST /mcp/{name} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self.tokens[grant]}\r\n"
            "content-type: application/json\r\naccept: application/json, text/event-stream\r\n"
            "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: do\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return fields.encode() + body

    async def call(self, how: str = "", *, grant: int = 0) -> Reply:
        """One call over a connection of its own."""
        client = await self.client()
        try:
            return await client.ask(self.request(how, grant=grant))
        finally:
            client.close()

    def rss(self) -> int:
        """Bytes of memory that the data plane holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def files(self) -> int:
        """Files that the data plane has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def results(self) -> dict[str, int]:
        """How many calls came to which result; "open" for those that are not settled."""
        connection = apsw.Connection(str(self.state / "state.db"), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            rows = connection.execute(
                "SELECT coalesce(result, 'open'), count(*) FROM calls LEFT JOIN outcomes USING (seq)"
                " WHERE target = 'do' AND decision = 'allow' GROUP BY 1"
            )
            return {str(name): int(count) for name, count in rows}
        finally:
            connection.close()


async def until(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Wait for what happens in another process."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.02)


@dataclass(frozen=True)
class _Installed:
    """A state directory with one server and so many grants, and other servers with one grant each."""

    config: Path
    state: Path
    port: int
    tokens: list[str]


def _installed(folder: Path, grants: int, settings: str, urls: Sequence[str], program: Path | None) -> _Installed:
    port, config = free_port(), folder / "yett.toml"
    tables = f'[state]\ndirectory = "{folder / "state"}"\n[data_plane]\nport = {port}\n{settings}\n'
    if program is not None:
        tables += f"[servers.commands.odd]\nargv = {json.dumps([sys.executable, '-S', '-E', str(program)])}\n"
    config.write_text(tables, encoding="utf-8")
    state = load_settings(config, {}).state_dir
    url, *others = urls
    names = ["s"] * grants + [f"other{number}" for number in range(len(others))]
    key, tokens = token_key(state), [mint() for _ in names]
    entries = [
        GrantEntry(organisation="o", id=f"g{n}", digest=digest(token, key), server=name, policy="p")
        for n, (token, name) in enumerate(zip(tokens, names, strict=True))
    ]
    server = (
        ServerEntry(organisation="o", id="s", name="odd", url=url)
        if program is None
        else ServerEntry(organisation="o", id="s", name="odd", command="odd")
    )
    further = [ServerEntry(organisation="o", id=f"other{n}", name=f"other{n}", url=each) for n, each in enumerate(others)]
    snapshot = SnapshotData(
        revision=1,
        origin="o",
        servers=[server, *further],
        grants=entries,
        policies=[PolicyEntry(id="p", organisation="o", name="p", revision="1-0", document=json.dumps(ALLOW_ALL))],
    )
    store_snapshot(state / SNAPSHOT_FILE, snapshot)
    return _Installed(config, state, port, tokens)


@asynccontextmanager
async def stage(
    folder: Path, grants: int = 1, settings: str = "", program: Path | None = None, others: int = 0, **behaviours: Behaviour
) -> AsyncIterator[Stage]:
    """A data plane with so many grants of one server, ready and warm. `settings` are lines of `[data_plane]`.

    The server is a program spoken to over stdio if one is given, else it is reached over HTTP. The others are proper servers.
    """
    servers = [Misbehaving(behaviours), *(Misbehaving({}) for _ in range(others))]
    listeners = [await asyncio.start_server(each.serve, "127.0.0.1", 0, limit=MIB) for each in servers]
    urls = [f"http://127.0.0.1:{each.sockets[0].getsockname()[1]}/mcp" for each in listeners]
    there = _installed(folder, grants, settings, urls, program)
    command, log = (sys.executable, "-m", "yett.app.data_plane", "--config", str(there.config)), folder / "data-plane.log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=file)
    server = servers[0]
    running = Stage(server, process, there.port, there.tokens, there.state, servers[1:])
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            assert (await process.stdout.readline()).startswith(b"listening"), log.read_text(encoding="utf-8")
        for grant in range(len(there.tokens)):
            assert (await running.call(grant=grant)).status == 200
        yield running
        assert process.returncode in {None, running.ended}, "the data plane died"
        assert "Traceback" not in log.read_text(encoding="utf-8"), log.read_text(encoding="utf-8")
    finally:
        server.release.set()
        running.leave()
        if process.returncode is None:
            process.kill()
        await process.communicate()
        for listener in listeners:
            listener.close()
