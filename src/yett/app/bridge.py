"""`yett connect`: a client that speaks only stdio, and a server of the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from yett.app.bridge_fields import RepeatedArguments
from yett.errors import UpstreamFault
from yett.ports import Answer, Outbound, Upstream
from yett.protocol.envelope import Shape
from yett.protocol.eras import Era
from yett.protocol.headers import encoded
from yett.protocol.messages import Message, classify_line
from yett.protocol.methods import CALL
from yett.protocol.peek import peek_response
from yett.protocol.rejection import INTERNAL_ERROR, Rejection
from yett.protocol.replies import error, rejected
from yett.protocol.strict_json import Unreadable, read

_FIELDS: Final = ((b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream"))


@dataclass(slots=True)
class Bridge:
    """Carries each line to the gateway and each message of the answer back. Judges nothing: the gateway does."""

    gateway: Upstream
    token: str = field(repr=False)
    write: Callable[[bytes], Awaitable[None]]
    _settled: Era | None = None
    _session: str | None = None
    _version: str | None = None
    _tools: RepeatedArguments = field(default_factory=RepeatedArguments)

    async def serve(self, lines: AsyncIterator[bytes]) -> None:
        """Carry lines until the client closes its end and everything is answered, or until nobody reads any more."""
        try:
            async with asyncio.TaskGroup() as requests:
                async for line in lines:
                    await self._line(line, requests)
        except* ConnectionError:
            pass

    async def _line(self, line: bytes, requests: asyncio.TaskGroup) -> None:
        message = classify_line(line, self._settled)
        if isinstance(message, Rejection):
            await self.write(rejected(message))
        elif message.kind is Shape.REQUEST and message.method not in {"initialize", "server/discover"}:
            self._settled = self._settled or message.era
            requests.create_task(self._carry(message), name=f"yett connect {message.method}")
        else:  # the handshake and notifications keep their order
            await self._carry(message)

    async def _carry(self, message: Message) -> None:
        try:
            outbound = self._outbound(message)
            if message.method == CALL and message.era is Era.STATELESS:
                fields = await self._tools.fields_of(message, outbound, self.gateway)
                outbound = replace(outbound, headers=[*outbound.headers, *fields])
            answer = await self.gateway.exchange(outbound)
            if message.method == "initialize":
                self._opened(answer)
            await self._bring_back(message, answer)
        except UpstreamFault as failure:
            if message.id is not None:
                await self.write(error(message.id, INTERNAL_ERROR, str(failure)))

    async def _bring_back(self, message: Message, answer: Answer) -> None:
        try:
            if answer.events is not None:
                async for event in answer.events:
                    if event.data:
                        await self.write(event.data)
            elif answer.chunks is not None:
                await self.write(b"".join([chunk async for chunk in answer.chunks]))
            elif message.id is not None:
                await self.write(_answer_line(message.id, answer))
        finally:
            await answer.aclose()

    def _opened(self, answer: Answer) -> None:
        """Remember the session and the revision that a handshake settled."""
        self._settled = Era.HANDSHAKE
        self._session = answer.session
        try:
            value = read(answer.body or b"{}", depth_max=160)
        except Unreadable:
            return
        result = value.get("result") if isinstance(value, dict) else None
        version = result.get("protocolVersion") if isinstance(result, dict) else None
        self._version = version if isinstance(version, str) else None

    def _outbound(self, message: Message) -> Outbound:
        version = message.version if message.era is Era.STATELESS else self._version
        fields = list(_FIELDS)
        if version is not None and message.method != "initialize":
            fields.append((b"mcp-protocol-version", version.encode()))
        if message.era is Era.STATELESS and message.kind is Shape.REQUEST:
            fields.append((b"mcp-method", message.method.encode()))
            if message.row is not None and message.row.name_key is not None:
                fields.append((b"mcp-name", encoded(message.name)))
        return Outbound(
            body=message.body,
            method=message.method,
            id=message.id,
            modern=message.era is Era.STATELESS,
            headers=fields,
            credential={"authorization": f"Bearer {self.token}"},
            session=self._session,
        )


def _answer_line(id: bytes, answer: Answer) -> bytes:
    if answer.body and b'"jsonrpc"' in answer.body and peek_response(answer.body) is not None:
        return answer.body
    if answer.status == 401:
        return error(id, INTERNAL_ERROR, "the gateway does not know this grant for this server; mint one with `yett grant mint`")
    return error(id, INTERNAL_ERROR, f"the gateway answered with HTTP status {answer.status}")
