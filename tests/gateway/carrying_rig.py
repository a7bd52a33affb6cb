"""A session with a program behind the gate, through the real edge: calls that are slow, clients that are lost and come again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.gateway.feeds import GET, Feed
from tests.gateway.gate import STDIO_SERVER, Gate
from tests.gateway.listener import Listener, listening
from tests.support.fake_upstream import WELCOME, content, encode, result
from tests.support.wire import HttpClient, Reply, Sent, call, initialize
from yett.audit.record import Result
from yett.gateway.carrying import RETRY_MS
from yett.gateway.kept_answers import KeptAnswers, Terms
from yett.ports import Answer, Outbound

PATH = "/mcp/time"
NEWS = [encode({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": n}}) for n in range(5)]
DONE = result(b"1", content("done"))
EVENT = re.compile(rb"(?:event: message\n)?id: (\S+)\n(?:retry: (\d+)\n)?data: ?(.*)\n\n")


@dataclass
class Talk:
    """A session with a program that says what a test has it say."""

    gateway: Listener
    session: tuple[bytes, bytes]

    def feed(self) -> Feed:
        """What the next call is answered with."""
        feed = Feed()

        async def reply(message: Outbound) -> Answer:
            first = await feed.queue.get()  # as a program: nothing is known before it says something
            again: asyncio.Queue[Any] = asyncio.Queue()
            again.put_nowait(first)
            while not feed.queue.empty():
                again.put_nowait(feed.queue.get_nowait())
            feed.queue = again
            return Answer(events=feed)

        self.gateway.gate.upstream.replies["tools/call"] = reply
        return feed

    async def post(self, sent: Sent, token: str | None = None) -> Reply:
        """A whole answer."""
        return await self.gateway.post(sent, self.session, path=PATH, token=token)

    async def begin(self, sent: Sent | None = None) -> HttpClient:
        """A call whose answer is not read yet."""
        sent = sent or call("echo")
        client = await self.gateway.client()
        await client.send("POST", PATH, [*self.gateway.fields(sent), self.session], sent.body)
        return client

    async def begun(self) -> tuple[HttpClient, bytes]:
        """A call whose client has read the first event, and its id."""
        client = await self.begin()
        head = await client.head()
        assert (head.status, head.fields[b"content-type"]) == (200, b"text/event-stream")
        ((id, retry, data),) = events(await client.chunk())
        assert (retry, data) == (b"%d" % RETRY_MS, b"")
        return client, id

    async def take_up(self, after: bytes, session: tuple[bytes, bytes] | None = None, token: str | None = None) -> HttpClient:
        """A client that comes again."""
        client = await self.gateway.client()
        fields = [*self.gateway.fields(token=token), *GET, session or self.session, (b"last-event-id", after)]
        await client.send("GET", PATH, fields)
        return client

    async def rest(self, after: bytes) -> list[bytes]:
        """All the messages that a client gets which comes again."""
        reply = await (await self.take_up(after)).reply()
        assert (reply.status, reply.complete) == (200, True), reply
        (first, *others) = events(reply.body)
        assert first == (after, b"%d" % RETRY_MS, b"")
        return [data for _, _, data in others]

    @property
    def results(self) -> list[Result]:
        """What came of calls, by the decision log."""
        results: list[Result] = self.gateway.gate.ledger.results
        return results


def events(body: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Id, retry and data of each event."""
    found = [match.groups(b"") for match in EVENT.finditer(body)]
    assert b"".join(match[0] for match in EVENT.finditer(body)) == body, body
    return [(id, retry, data) for id, retry, data in found]


@asynccontextmanager
async def talking(terms: Terms = Terms(), revision: str = "2025-11-25") -> AsyncIterator[Talk]:  # noqa: B008 - frozen
    gate = Gate(server=STDIO_SERVER)
    kept = KeptAnswers(gate.clock.monotonic, terms)
    gate.upstream.replies["initialize"] = Answer(body=result(b"1", WELCOME | {"protocolVersion": revision}))
    async with listening(gate, kept=kept) as gateway:
        opened = await gateway.post(initialize(), path=PATH)
        assert opened.fields[b"content-type"] == b"application/json"
        yield Talk(gateway, (b"mcp-session-id", opened.fields[b"mcp-session-id"]))


async def lost(client: HttpClient) -> None:
    """The client's connection is gone, without a goodbye."""
    client.writer.transport.abort()
    await client.aclose()


async def self_explaining(talk: Talk, after: bytes) -> list[bytes]:
    """What a client gets that comes for an answer of which nothing is left."""
    reply = await (await talk.take_up(after)).reply()
    assert (reply.status, reply.complete) == (200, True), reply
    return re.findall(rb"data: (\{.*\})\n", reply.body)
