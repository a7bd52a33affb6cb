"""The gate behind its real HTTP edge on loopback, and clients with real tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.gateway.gate import HTTP_SERVER, KEY, Gate, grant
from tests.support.policies import ALLOW_ALL
from tests.support.wire import HttpClient, Reply, Sent, initialize
from yett.edge.limits import EdgeLimits
from yett.edge.server import EdgeServer, Place, listen
from yett.edge.shared import Reports
from yett.gateway.admission import Guard, InFlight
from yett.gateway.http import HttpFront, Parts
from yett.gateway.kept_answers import KeptAnswers
from yett.gateway.snapshot import GrantEntry, ServerEntry
from yett.gateway.tokens import digest, mint

PUBLIC_URL: Final = "https://gate.example"


def token_grant(token: str, id: str = "g1", **members: Any) -> GrantEntry:
    """A grant that `token` opens."""
    return grant(id, digest=digest(token, KEY), **members)


@dataclass
class Listener:
    """A running data plane in miniature."""

    gate: Gate
    token: str = field(default_factory=mint)
    in_flight: InFlight = field(default_factory=InFlight)
    uses: dict[str, int] = field(default_factory=dict)
    kept: KeptAnswers | None = None
    """What clients may take up again; None for the terms of a gateway that says nothing of it."""
    fault: str | None = None
    failures: list[BaseException] = field(default_factory=list)
    server: EdgeServer | None = None
    at_once: bool = False
    """Whether plain calls take the short way."""
    clients: list[HttpClient] = field(default_factory=list)

    def parts(self) -> Parts:
        """What the front works with."""
        gate = self.gate
        return Parts(
            active=gate.active,
            dispatcher=gate.dispatcher,
            calls=gate.calls,
            sessions=gate.sessions,
            clock=gate.clock,
            guard=Guard.of("127.0.0.1", ["gate.example"], ["https://console.example"]),
            upstream_of=self._upstream,
            token_digest=lambda token: digest(token, KEY),
            body_digest_key=b"b" * 32,
            in_flight=self.in_flight,
            ledger_fault=lambda: self.fault,
            kept=self.kept or KeptAnswers(gate.clock.monotonic),
            public_url=PUBLIC_URL,
            uses=self.uses,
        )

    def _upstream(self, _: ServerEntry) -> Any:
        return self.gate.upstream

    async def client(self) -> HttpClient:
        """A new connection."""
        assert self.server is not None
        client = await HttpClient.connect(self.server.port)
        self.clients.append(client)
        return client

    def fields(self, sent: Sent | None = None, *more: tuple[bytes, bytes], token: str | None = None) -> list[tuple[bytes, bytes]]:
        """The fields of a request with this grant's token."""
        bearer = (b"authorization", f"Bearer {token or self.token}".encode())
        return [bearer, *(sent.fields if sent is not None else []), *more]

    async def post(self, sent: Sent, *more: tuple[bytes, bytes], path: str = "/mcp/files", token: str | None = None) -> Reply:
        """Send a message on a connection of its own."""
        client = await self.client()
        return await client.ask("POST", path, self.fields(sent, *more, token=token), sent.body)

    async def get(self, path: str, *fields: tuple[bytes, bytes], method: str = "GET") -> Reply:
        """Ask for a page."""
        return await (await self.client()).ask(method, path, fields)

    async def open(self) -> bytes:
        """The id of a new session."""
        reply = await self.post(initialize())
        return reply.fields[b"mcp-session-id"]


@asynccontextmanager
async def listening(gate: Gate | None = None, *, document: Any = ALLOW_ALL, **members: Any) -> AsyncIterator[Listener]:
    """A listener with one grant; nothing may fail inside the gateway while it runs."""
    listener = Listener(gate or Gate(), **members)
    entry = token_grant(listener.token, server=listener.gate.server if gate is not None else HTTP_SERVER)
    listener.gate.publish(document, grants=[entry])
    front = HttpFront(listener.parts())
    listener.server = await listen(
        front.handle,
        Place("127.0.0.1", 0),
        EdgeLimits(),
        listener.gate.clock.monotonic,
        Reports(on_handler_error=listener.failures.append),
        front.plain_calls.begin if listener.at_once else None,
    )
    try:
        yield listener
    finally:
        for client in listener.clients:
            await client.aclose()
        await listener.server.aclose(1.0)
    assert not listener.failures, listener.failures
