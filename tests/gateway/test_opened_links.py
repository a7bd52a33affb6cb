"""A client of revision 2025-11-25 that was given a link is told when people have decided, on a stream of its session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.asking_rig import Asked, asking_gate
from tests.gateway.gate import STDIO_SERVER
from tests.support.wire import HANDSHAKE_VERSION, parsed, request
from yett.gateway.opened_links import LINKS_MAX
from yett.gateway.sessions import Session
from yett.ports import Event

pytestmark = pytest.mark.anyio

LINKS: dict[str, Any] = {"elicitation": {"url": {}}}


class Listening:
    """A stream that the client has open."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.heard: list[Any] = []
        self._deaf = deaf

    def tell(self, event: Event) -> bool:
        if not self._deaf:
            self.heard.append(parsed(event.data))
        return not self._deaf

    def end(self) -> None: ...


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    async with asking_gate(tmp_path / "state.db") as rig:
        rig.gate.server = STDIO_SERVER
        rig.gate.dispatcher.waits.links.look_s = 0.001
        yield rig


async def opened(asked: Asked) -> Session:
    params = {"protocolVersion": HANDSHAKE_VERSION, "capabilities": LINKS, "clientInfo": {"name": "t", "version": "1"}}
    answer = await asked.gate.send(request("initialize", params))
    assert answer.session is not None
    session = asked.gate.sessions.find(answer.session, grant_id="g1", server_id=STDIO_SERVER.id)
    assert session is not None
    return session


async def link(asked: Asked, session: Session, text: str = "a") -> str:
    """The id under which the client shows the link of its call."""
    sent = request("tools/call", {"name": "echo", "arguments": {"text": text}})
    fault = parsed((await asked.gate.send(sent, session=session)).body)["error"]
    assert fault["code"] == -32042
    id: str = fault["data"]["elicitations"][0]["elicitationId"]
    return id


async def a_while() -> None:
    await asyncio.sleep(0.03)


def complete(id: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/elicitation/complete", "params": {"elicitationId": id}}


@pytest.mark.parametrize("yes", [True, False])
async def test_who_decides_is_told_to_the_client_once_on_one_of_its_streams(asked: Asked, yes: bool) -> None:
    session, streams = await opened(asked), [Listening(), Listening(), Listening(deaf=True)]
    session.conversation.streams.update(streams)
    id, other = await link(asked, session), await link(asked, session, "b")
    await a_while()
    assert [stream.heard for stream in streams] == [[], [], []]
    if yes:
        asked.approve(id)
    else:
        asked.deny(id, "no")
    await a_while()
    assert [heard for stream in streams for heard in stream.heard] == [complete(id)]
    asked.approve(other)
    await a_while()
    assert [heard for stream in streams for heard in stream.heard] == [complete(id), complete(other)]


async def test_a_client_that_opens_its_stream_later_is_told_then(asked: Asked) -> None:
    session, stream = await opened(asked), Listening()
    id = await link(asked, session)
    asked.approve(id)
    await a_while()
    session.conversation.streams.add(stream)
    await a_while()
    assert stream.heard == [complete(id)]


async def test_sessions_of_others_are_not_told(asked: Asked) -> None:
    session, other, stream = await opened(asked), await opened(asked), Listening()
    other.conversation.streams.add(stream)
    asked.approve(await link(asked, session))
    await a_while()
    assert stream.heard == []


async def test_a_request_on_which_nobody_decides_is_told_of_to_nobody_and_looked_after_no_longer(asked: Asked) -> None:
    session, stream = await opened(asked), Listening()
    session.conversation.streams.add(stream)
    await link(asked, session)
    asked.gate.clock.advance(3_600)
    await a_while()
    links = asked.gate.dispatcher.waits.links
    assert (stream.heard, len(links), links.looks) == ([], 0, False)


async def test_a_session_that_is_over_is_told_nothing(asked: Asked) -> None:
    session, stream = await opened(asked), Listening()
    id = await link(asked, session)
    asked.gate.sessions.close(session)
    session.conversation.streams.add(stream)
    asked.approve(id)
    await a_while()
    assert (stream.heard, len(asked.gate.dispatcher.waits.links)) == ([], 0)


async def test_only_so_many_are_looked_after(asked: Asked) -> None:
    session = await opened(asked)
    asked.gate.ledger._committer.consents._pending_max = LINKS_MAX + 1
    for number in range(LINKS_MAX + 1):
        await link(asked, session, str(number))
    assert len(asked.gate.dispatcher.waits.links) == LINKS_MAX
