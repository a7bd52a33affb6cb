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
from yett.protocol.envelope import Shape, echo
from yett.protocol.eras import Era
from yett.protocol.headers import encoded
from yett.protocol.messages import Message, classify_line
from yett.protocol.methods import CALL
from yett.protocol.peek import peek_response, same_id
from yett.protocol.rejection import INTERNAL_ERROR, Rejection
from yett.protocol.replies import error, rejected
from yett.protocol.strict_json import Unreadable, read

AGAIN_S: Final = 1.0
"""Before an event stream that ended is opened again."""
_INITIALIZED: Final = "notifications/initialized"
_CANCELLED: Final = "notifications/cancelled"
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
    _in_work: dict[bytes, asyncio.Task[None]] = field(default_factory=dict)
    """Requests by their id."""
    _listening: asyncio.Task[None] | None = None

    async def serve(self, lines: AsyncIterator[bytes]) -> None:
        """Carry lines until the client closes its end and everything is answered, or until nobody reads any more."""
        try:
            async with asyncio.TaskGroup() as requests:
                async for line in lines:
                    await self._line(line, requests)
                if self._in_work:
                    await asyncio.wait(self._in_work.values())
                self._listen_no_more()
        except* ConnectionError:
            pass

    async def _line(self, line: bytes, requests: asyncio.TaskGroup) -> None:
        message = classify_line(line, self._settled)
        if isinstance(message, Rejection):
            await self.write(rejected(message))
        elif message.kind is Shape.REQUEST and message.method not in {"initialize", "server/discover"}:
            self._settled = self._settled or message.era
            self._start(message, requests)
        elif message.method == _CANCELLED and message.era is Era.STATELESS:
            self._cancel(message)
        else:  # the handshake, notifications and answers keep their order
            await self._carry(message)
            if message.method == _INITIALIZED:
                self._listen_no_more()
                self._listening = requests.create_task(self._listen(), name="yett connect session")

    def _start(self, message: Message, requests: asyncio.TaskGroup) -> None:
        assert message.id is not None, "a request has an id"
        id = message.id
        task = self._in_work[id] = requests.create_task(self._carry(message), name=f"yett connect {message.method}")
        task.add_done_callback(lambda _: self._in_work.pop(id, None) if self._in_work.get(id) is task else None)

    def _cancel(self, message: Message) -> None:
        """On HTTP a client of the stateless era cancels by closing its connection."""
        id = echo(message.params.get("requestId"))
        task = None if id is None else self._in_work.get(id)
        if task is not None:
            task.cancel()

    def _listen_no_more(self) -> None:
        if self._listening is not None:
            self._listening.cancel()

    async def _listen(self) -> None:
        """Carry what the server says of its own accord in the session, for as long as the gateway lets it."""
        last_id: bytes | None = None
        while True:
            try:
                answer = await self.gateway.listen(self._listening_from(last_id))
                if answer.events is None:
                    return
                last_id, _ = await self._carry_events(answer, None, last_id)
            except UpstreamFault:
                pass  # the gateway or its server broke off; what was said since then is asked for again
            await asyncio.sleep(AGAIN_S)

    def _listening_from(self, last_id: bytes | None) -> Outbound:
        fields = [(b"accept", b"text/event-stream")]
        if self._version is not None:
            fields.append((b"mcp-protocol-version", self._version.encode()))
        if last_id is not None:
            fields.append((b"last-event-id", last_id))
        credential = {"authorization": f"Bearer {self.token}"}
        return Outbound(b"", "", None, False, fields, credential, self._session)

    async def _carry_events(self, answer: Answer, id: bytes | None, last_id: bytes | None) -> tuple[bytes | None, bool]:
        """Write the messages of a stream; the id of its last event, and whether request `id` was answered."""
        answered = False
        try:
            assert answer.events is not None, "the caller saw events"
            async for event in answer.events:
                last_id = event.id or last_id
                if event.data:
                    peek = peek_response(event.data)
                    answered = answered or (id is not None and peek is not None and peek.is_response and same_id(peek.id, id))
                    await self.write(event.data)
        finally:
            await answer.aclose()
        return last_id, answered

    async def _carry_stream(self, message: Message, answer: Answer) -> None:
        """The stream of one request; where the server closes it before its answer, it is asked for the rest."""
        last_id, answered = await self._carry_events(answer, message.id, None)
        while not answered and last_id is not None and message.era is Era.HANDSHAKE:
            await asyncio.sleep(AGAIN_S)
            answer = await self.gateway.listen(self._listening_from(last_id))
            if answer.events is None:
                raise UpstreamFault(f"the gateway does not resume the stream and answered with HTTP status {answer.status}")
            last_id, answered = await self._carry_events(answer, message.id, last_id)

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
            if message.id is not None and message.kind is Shape.REQUEST:
                await self.write(error(message.id, INTERNAL_ERROR, str(failure)))

    async def _bring_back(self, message: Message, answer: Answer) -> None:
        try:
            if answer.events is not None:
                await self._carry_stream(message, answer)
            elif answer.chunks is not None:
                await self.write(b"".join([chunk async for chunk in answer.chunks]))
            elif message.id is not None and message.kind is Shape.REQUEST:
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
