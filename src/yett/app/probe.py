"""Asking a server for its tools, outside of any grant: for people who set up a policy."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from yett.app.clock import SystemClock
from yett.app.upstreams import Upstreams
from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.snapshot import ServerEntry
from yett.gateway.streams import read_response
from yett.ports import Outbound, Upstream
from yett.protocol.eras import HANDSHAKE_REVISIONS, STATELESS_REVISIONS
from yett.protocol.lists import ToolDefinition, read_tools_list
from yett.protocol.peek import peek_response
from yett.protocol.requests import INITIALIZED, initialize_request, tools_list_request
from yett.settings import Settings
from yett.upstreams.credentials import Credentials

TIMEOUT_S: Final = 30.0
PAGES_MAX: Final = 100
_FIELDS: Final = ((b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream"))
TRANSPORT_S: Final = 3.0
"""For a remark that nobody has to wait for."""
RESERVED: Final = frozenset({"example", "invalid", "test"})
"""Names under these are nobody's (RFC 6761), so nobody is asked for their address."""
_ISOLATION: Final = "yett probe"

log = logging.getLogger("yett.probe")


def list_tools(settings: Settings, server: ServerEntry) -> list[dict[str, Any]]:
    """The definitions of all tools of `server`, as it gives them.

    Errors: `OperatorFault` where it cannot be reached, does not answer in time, or answers no list.
    """
    try:
        return asyncio.run(_list_tools(settings, server))
    except UpstreamFault as failure:
        raise OperatorFault(f"server `{server.name}` did not tell its tools: {failure}") from failure
    except TimeoutError as late:
        raise OperatorFault(f"server `{server.name}` did not tell its tools within {TIMEOUT_S:.0f} s") from late


def other_transport(settings: Settings, server: ServerEntry) -> bool:
    """Whether `server`, which has a url, is there and speaks the other transport than it is said to. Changes nothing there."""
    host = (urlsplit(server.url or "").hostname or "").lower()
    if host.rpartition(".")[2] in RESERVED:
        return False
    found = replace(server, transport="http" if server.transport == "sse" else "sse")
    try:
        return asyncio.run(_shakes_hands(settings, found))
    except (UpstreamFault, OperatorFault, TimeoutError):
        return False


async def _shakes_hands(settings: Settings, server: ServerEntry) -> bool:
    """Whether `initialize` succeeds over this transport; the session is ended again."""
    credentials = Credentials()
    upstreams = Upstreams(settings, SystemClock(), credentials, lambda *_: None, lambda _: None)
    try:
        async with asyncio.timeout(TRANSPORT_S):
            probe = _Probe(upstreams.of(server), dict(credentials.headers_of(server)))
            try:
                return await probe.handshake()
            finally:
                await probe.leave()
    finally:
        await upstreams.aclose()


async def _list_tools(settings: Settings, server: ServerEntry) -> list[dict[str, Any]]:
    credentials = Credentials()
    upstreams = Upstreams(settings, SystemClock(), credentials, lambda *_: None, log.warning)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            definitions = await _Probe(upstreams.of(server), dict(credentials.headers_of(server))).tools()
    finally:
        await upstreams.aclose()
    return [msgspec.json.decode(definition.raw) for definition in definitions]


class _Probe:
    """A client of the least kind."""

    def __init__(self, upstream: Upstream, credential: dict[str, str]) -> None:
        self._upstream = upstream
        self._credential = credential
        self._session: str | None = None
        self._count = 0

    async def tools(self) -> list[ToolDefinition]:
        """By a handshake, which most servers know; else without one."""
        if await self.handshake():
            return await self._pages(((b"mcp-protocol-version", HANDSHAKE_REVISIONS[-1].encode()),), None)
        stateless = STATELESS_REVISIONS[-1]
        fields = ((b"mcp-protocol-version", stateless.encode()), (b"mcp-method", b"tools/list"))
        return await self._pages(fields, stateless)

    async def handshake(self) -> bool:
        """Open a session; whether the server would have one."""
        id = self._id()
        answer = await self._upstream.exchange(self._outbound(initialize_request(id, HANDSHAKE_REVISIONS[-1]), "initialize", id))
        self._session = answer.session
        if answer.status >= 400:
            await answer.aclose()
            return False
        peek = peek_response(await read_response(answer, id))
        if peek is None or peek.rpc_error_code is not None:
            return False
        await (await self._upstream.exchange(self._outbound(INITIALIZED, "notifications/initialized", None))).aclose()
        return True

    async def leave(self) -> None:
        """End the session."""
        if self._session is not None:
            await self._upstream.end_session(self._outbound(b"", "", None))

    async def _pages(self, fields: tuple[tuple[bytes, bytes], ...], stateless: str | None) -> list[ToolDefinition]:
        definitions: list[ToolDefinition] = []
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            id = self._id()
            body = tools_list_request(id, cursor, stateless_version=stateless)
            answer = await self._upstream.exchange(self._outbound(body, "tools/list", id, fields))
            if answer.status >= 400:
                await answer.aclose()
                raise UpstreamFault(f"it answered with HTTP status {answer.status}")
            page, cursor = read_tools_list(await read_response(answer, id))
            definitions.extend(page)
            if cursor is None:
                return definitions
        raise UpstreamFault(f"its list has more than {PAGES_MAX} pages")

    def _id(self) -> bytes:
        self._count += 1
        return b'"yett-%d"' % self._count

    def _outbound(self, body: bytes, method: str, id: bytes | None, fields: tuple[tuple[bytes, bytes], ...] = ()) -> Outbound:
        return Outbound(
            body=body,
            method=method,
            id=id,
            modern=any(name == b"mcp-method" for name, _ in fields),
            headers=(*_FIELDS, *fields),
            credential=self._credential,
            session=self._session,
            isolation=_ISOLATION,
        )
