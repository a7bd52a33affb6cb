"""Asking a server what it is and which tools it has, outside of any grant: for people who set up a policy."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from yett.app.clock import SystemClock
from yett.app.upstreams import Upstreams
from yett.egress.routes import EgressRefused
from yett.errors import UpstreamFault, YettError
from yett.gateway.snapshot import ServerEntry
from yett.gateway.streams import read_response
from yett.ports import Answer, Outbound, Upstream
from yett.protocol.answers import read_answer, result_of
from yett.protocol.eras import HANDSHAKE_REVISIONS, STATELESS_REVISIONS
from yett.protocol.lists import ToolDefinition, read_tools_list
from yett.protocol.requests import INITIALIZED, initialize_request, tools_list_request
from yett.protocol.strict_json import JsonValue
from yett.settings import Settings
from yett.upstreams.credentials import Credentials
from yett.upstreams.http1 import Where

PAGES_MAX: Final = 100
TOOLS_MAX: Final = 5_000
TOOLS_BYTES_MAX: Final = 4 * 1024 * 1024
"""JSON text of all definitions; what is kept and shown of a server."""
TRANSPORT_S: Final = 3.0
"""For a remark on the transport, which nobody has to wait for."""
LEAVE_S: Final = 2.0
TEXT_MAX: Final = 256
"""Characters of a name or version that a server gives itself."""
_FIELDS: Final = ((b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream"))
_ISOLATION: Final = "yett probe"
_REFUSED: Final = frozenset({401, 403})
_TOO_MANY: Final = 429

log = logging.getLogger("yett.probe")


class WantsCredential(UpstreamFault):
    """The server refused whoever asked."""


class RateLimited(UpstreamFault):
    """The server was asked too often, as it says."""


class SpeaksOther(UpstreamFault):
    """The server is there, and speaks the other transport than it is said to."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a probe needs beside the server."""

    settings: Settings
    credentials: Credentials
    where: Where | None


async def ask(asking: Asking, server: ServerEntry) -> dict[str, Any]:
    """What `server` says of itself: `name`, `version` and `revision` as its handshake gives them, its `tools`, whole, and
    `credential`: whether it was sent one.

    Errors: `UpstreamFault`, `OperatorFault` for a credential or a command that cannot be had.
    """
    credential = asking.credentials.headers_of(server)
    upstreams = Upstreams(asking.settings, SystemClock(), asking.credentials, lambda *_: None, log.debug, where=asking.where)
    probe = _Probe(upstreams.of(server), credential)
    try:
        try:
            tools = await probe.tools()
        finally:
            await probe.leave()
    except (WantsCredential, RateLimited, EgressRefused):
        raise
    except UpstreamFault as fault:
        if await speaks_other(asking, server):
            raise SpeaksOther(_other(server)) from fault
        raise
    finally:
        await upstreams.aclose()
    return {**probe.said, "credential": bool(credential), "tools": [msgspec.json.decode(tool.raw) for tool in tools]}


async def speaks_other(asking: Asking, server: ServerEntry) -> bool:
    """Whether `server`, where it has a url, shakes hands over the other transport than it is said to speak."""
    if server.url is None:
        return False
    other = replace(server, transport="http" if server.transport == "sse" else "sse")
    upstreams = Upstreams(asking.settings, SystemClock(), asking.credentials, lambda *_: None, log.debug, where=asking.where)
    try:
        async with asyncio.timeout(TRANSPORT_S):
            probe = _Probe(upstreams.of(other), asking.credentials.headers_of(server))
            found = await probe.handshake()
            await probe.leave()
            return found
    except (YettError, TimeoutError):
        return False
    finally:
        await upstreams.aclose()


def _other(server: ServerEntry) -> str:
    if server.transport == "sse":
        return "it speaks Streamable HTTP; set its transport to `http`"
    return "it speaks the event stream of 2024-11-05; set its transport to `sse`"


class _Probe:
    """A client of the least kind."""

    def __init__(self, upstream: Upstream, credential: Mapping[str, str]) -> None:
        self._upstream = upstream
        self._credential = credential
        self._session: str | None = None
        self._count = 0
        self.said: dict[str, Any] = {}
        """What the handshake told."""

    async def tools(self) -> list[ToolDefinition]:
        """By a handshake, which most servers know; else without one."""
        if await self.handshake():
            return await self._pages(((b"mcp-protocol-version", self.said["revision"].encode()),), None)
        stateless = STATELESS_REVISIONS[-1]
        fields = ((b"mcp-protocol-version", stateless.encode()), (b"mcp-method", b"tools/list"))
        return await self._pages(fields, stateless)

    async def handshake(self) -> bool:
        """Open a session; whether the server would have one."""
        id = self._id()
        answer = await self._upstream.exchange(self._outbound(initialize_request(id, HANDSHAKE_REVISIONS[-1]), "initialize", id))
        self._session = answer.session
        if await _is_refused(answer):
            return False
        result = result_of(read_answer(await read_response(answer, id))[1])
        if result is None:
            return False
        self.said = _introduction(result)
        if self.said.get("revision") not in HANDSHAKE_REVISIONS:
            raise UpstreamFault("it settled on no revision of the protocol that Yett speaks")
        await (await self._upstream.exchange(self._outbound(INITIALIZED, "notifications/initialized", None))).aclose()
        return True

    async def leave(self) -> None:
        """End the session. How that goes does not matter."""
        if self._session is None:
            return
        try:
            async with asyncio.timeout(LEAVE_S):
                await self._upstream.end_session(self._outbound(b"", "", None))
        except (UpstreamFault, TimeoutError) as fault:
            log.debug("a probed session was not ended: %s", fault)

    async def _pages(self, fields: tuple[tuple[bytes, bytes], ...], stateless: str | None) -> list[ToolDefinition]:
        definitions: list[ToolDefinition] = []
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            id = self._id()
            body = tools_list_request(id, cursor, stateless_version=stateless)
            answer = await self._upstream.exchange(self._outbound(body, "tools/list", id, fields))
            if await _is_refused(answer):
                raise UpstreamFault(f"it answered with HTTP status {answer.status}")
            page, cursor = read_tools_list(await read_response(answer, id, bytes_max=TOOLS_BYTES_MAX))
            definitions.extend(page)
            if len(definitions) > TOOLS_MAX or sum(len(tool.raw) for tool in definitions) > TOOLS_BYTES_MAX:
                raise UpstreamFault(f"its list of tools is longer than {TOOLS_MAX:,} tools or {TOOLS_BYTES_MAX:,} bytes")
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


async def _is_refused(answer: Answer) -> bool:
    """Whether the answer is an HTTP error; then it is closed. Errors: `WantsCredential`, `RateLimited`."""
    if answer.status < 400:
        return False
    await answer.aclose()
    if answer.status in _REFUSED:
        raise WantsCredential(f"it answered with HTTP status {answer.status}")
    if answer.status == _TOO_MANY:
        raise RateLimited(f"it answered with HTTP status {answer.status}")
    return True


def _introduction(result: dict[str, JsonValue]) -> dict[str, Any]:
    """Name, version and revision; what is no short text is left out."""
    info = result.get("serverInfo")
    named = info if isinstance(info, dict) else {}
    said = {"name": named.get("name"), "version": named.get("version"), "revision": result.get("protocolVersion")}
    return {key: value[:TEXT_MAX] for key, value in said.items() if isinstance(value, str)}
