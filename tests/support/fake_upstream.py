"""A server that answers as it is told and remembers every message that reached it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from yett.errors import UpstreamFault
from yett.ports import Answer, Event, Outbound

Reply: TypeAlias = "Answer | UpstreamFault | Callable[[Outbound], Awaitable[Answer]]"
"""What comes of a message: an answer, a fault, or whatever a function makes of it."""

ECHO: dict[str, Any] = {"name": "echo", "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}}}
PAY: dict[str, Any] = {"name": "pay", "inputSchema": {"type": "object", "properties": {"amount": {"type": "number"}}}}
DROP: dict[str, Any] = {"name": "drop_table", "inputSchema": {"type": "object"}}


WELCOME: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "s", "version": "1"},
}


def encode(value: object) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def result(id: bytes | None, value: object) -> bytes:
    """A response to request `id`."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (id or b"null", encode(value))


def rpc_error(id: bytes | None, code: int, text: str = "no") -> bytes:
    """An error response to request `id`."""
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (id or b"null", encode({"code": code, "message": text}))


def content(text: str, **members: object) -> dict[str, object]:
    """A tool's result."""
    return {"content": [{"type": "text", "text": text}], **members}


@dataclass
class Stream:
    """Events that come one by one, then an end or a fault. Knows whether it was closed."""

    events: Sequence[Event]
    fault: UpstreamFault | None = None
    before_each: Callable[[], Awaitable[None]] | None = None
    taken: int = 0
    closed: bool = False

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        if self.before_each is not None:
            await self.before_each()
        if self.taken == len(self.events):
            if self.fault is not None:
                raise self.fault
            raise StopAsyncIteration
        self.taken += 1
        return self.events[self.taken - 1]

    async def aclose(self) -> None:
        self.closed = True


@dataclass
class Chunks:
    """A long body in pieces."""

    pieces: Sequence[bytes]
    fault: UpstreamFault | None = None
    taken: int = 0
    closed: bool = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.taken == len(self.pieces):
            if self.fault is not None:
                raise self.fault
            raise StopAsyncIteration
        self.taken += 1
        return self.pieces[self.taken - 1]

    async def aclose(self) -> None:
        self.closed = True


def streamed(*messages: bytes, fault: UpstreamFault | None = None) -> Answer:
    """An event stream of these messages, as HTTP servers send it."""
    events = [Event(data, b"event: message\ndata: %b\n\n" % data) for data in messages]
    return Answer(content_type=b"text/event-stream", events=Stream(events, fault))


def listing(tools: Iterable[dict[str, Any]], cursor: str | None = None) -> dict[str, Any]:
    """The result of `tools/list`."""
    return {"tools": list(tools)} | ({} if cursor is None else {"nextCursor": cursor})


@dataclass
class FakeUpstream:
    """Implements `yett.ports.Upstream`. Without a script it has the tools of `pages`, and every call of one answers `done`."""

    pages: list[list[dict[str, Any]]] = field(default_factory=lambda: [[ECHO, PAY, DROP]])
    replies: dict[str, Reply] = field(default_factory=dict)
    """By method; the empty string is the method of a response to the server."""
    session: str | None = None
    """The session id that `initialize` gives."""
    sent: list[Outbound] = field(default_factory=list)
    listened: list[Outbound] = field(default_factory=list)
    ended: list[Outbound] = field(default_factory=list)
    end_status: int | UpstreamFault = 200
    closed: bool = False

    async def exchange(self, message: Outbound) -> Answer:
        """Remember, then answer as told."""
        self.sent.append(message)
        reply = self.replies.get(message.method)
        if isinstance(reply, UpstreamFault):
            raise reply
        if isinstance(reply, Answer):
            return reply
        if reply is not None:
            return await reply(message)
        return self._usual(message)

    async def listen(self, message: Outbound) -> Answer:
        """Remember, then answer as told for `GET`; without that, there is no stream."""
        self.listened.append(message)
        reply = self.replies.get("GET", Answer(status=405))
        if isinstance(reply, UpstreamFault):
            raise reply
        return reply if isinstance(reply, Answer) else await reply(message)

    async def end_session(self, message: Outbound) -> int:
        """Remember which session."""
        self.ended.append(message)
        if isinstance(self.end_status, UpstreamFault):
            raise self.end_status
        return self.end_status

    async def aclose(self) -> None:
        """Remember."""
        self.closed = True

    def of(self, method: str) -> list[Outbound]:
        """The messages of this method that reached the server."""
        return [message for message in self.sent if message.method == method]

    @property
    def calls(self) -> list[Outbound]:
        """The calls that reached the server."""
        return self.of("tools/call")

    def answering(self, value: object, **members: Any) -> None:
        """Let calls answer with this result."""

        async def reply(message: Outbound) -> Answer:
            return Answer(body=result(message.id, value), **members)

        self.replies["tools/call"] = reply

    def _usual(self, message: Outbound) -> Answer:
        if message.id is None:
            return Answer(status=202)
        if message.method == "tools/list":
            return Answer(body=result(message.id, self._page(message)), session=self.session)
        if message.method == "initialize":
            return Answer(body=result(message.id, WELCOME), session=self.session)
        value = content("done", **({"resultType": "complete"} if message.modern else {}))
        return Answer(body=result(message.id, value), session=self.session)

    def _page(self, message: Outbound) -> dict[str, Any]:
        cursor = json.loads(message.body).get("params", {}).get("cursor", "0")
        number = int(cursor)
        following = str(number + 1) if number + 1 < len(self.pages) else None
        return listing(self.pages[number], following) | ({"resultType": "complete"} if message.modern else {})
