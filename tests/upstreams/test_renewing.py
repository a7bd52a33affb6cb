"""A server whose credential ends while it is in use, over a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.support.clock import ManualClock
from tests.upstreams.http_server import JSON_OK, Peer, Server, response, serving
from yett.ports import Outbound
from yett.sealing.handover import Fields, hand_over
from yett.sealing.keys import KEY_FILE, FileKeys
from yett.sealing.vault import Vault
from yett.upstreams.http import HttpUpstream
from yett.upstreams.renewing import Renewals, Renewing
from yett.upstreams.sealed import SealedCredentials

pytestmark = pytest.mark.anyio
CALL = Outbound(b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}', "tools/call", b"1", modern=True)
REFUSED = response(
    b"{}", b'WWW-Authenticate: Bearer error="invalid_token"', b"WWW-Authenticate: Basic", status=b"401 Unauthorized"
)
MORE_SCOPE = response(b"{}", b'WWW-Authenticate: Bearer error="insufficient_scope", scope="write"', status=b"403 Forbidden")


@dataclass
class Stage:
    """The server takes one token; the other side hands tokens over when it is asked."""

    sealed: SealedCredentials
    vault: Vault
    good: bytes = b"two"
    next_token: str | None = "two"
    asked: list[tuple[str, int, bytes]] = field(default_factory=list)
    refusal: bytes = REFUSED
    before_answer: Callable[[], None] = lambda: None
    number: int = 1

    def give(self, token: str) -> None:
        self.number += 1
        fields = Fields(fields={"authorization": f"Bearer {token}"})
        self.sealed.take([hand_over(self.vault, "o", "s", self.number, fields)], whole=False)

    async def ask(self, server: str, number: int, challenge: bytes) -> str | None:
        self.asked.append((server, number, challenge))
        await asyncio.sleep(0.01)  # as a token endpoint would take
        self.before_answer()
        if self.next_token is None:
            return "no"
        self.give(self.next_token)
        return None

    async def serve(self, peer: Peer) -> None:
        while True:
            head, _ = await peer.request()
            known = b"authorization: Bearer " + self.good in head
            await peer.send(response(JSON_OK) if known else self.refusal)

    def call(self) -> Outbound:
        return replace(CALL, credential=self.sealed.fields_of("s"))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    keys = FileKeys(tmp_path / KEY_FILE)
    keys.create()
    vault = Vault(keys)
    stage = Stage(SealedCredentials(vault, ManualClock().now_ns), vault)
    stage.give("one")
    return stage


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[tuple[Renewing, Server]]:
    async with serving(stage.serve) as server:
        renewals = Renewals(stage.sealed, stage.ask)
        upstream = Renewing(HttpUpstream(server.url, clock=ManualClock()), "s", renewals)
        try:
            yield upstream, server
        finally:
            await renewals.aclose()
            await upstream.aclose()


async def test_a_refused_call_is_sent_once_more_with_the_newer_credential(stage: Stage) -> None:
    async with running(stage) as (upstream, server):
        answer = await upstream.exchange(stage.call())
        assert (answer.status, answer.body) == (200, JSON_OK)
        assert stage.asked == [("s", 2, b'Bearer error="invalid_token", Basic')]
        assert server.bodies == [CALL.body, CALL.body]
        assert (await upstream.exchange(stage.call())).status == 200
        assert len(stage.asked) == 1


async def test_a_call_is_never_sent_a_third_time(stage: Stage) -> None:
    stage.next_token = "wrong too"
    async with running(stage) as (upstream, server):
        assert (await upstream.exchange(stage.call())).status == 401
        assert len(server.bodies) == 2


async def test_without_a_newer_credential_the_refusal_is_the_answer(stage: Stage) -> None:
    stage.next_token = None
    async with running(stage) as (upstream, server):
        assert (await upstream.exchange(stage.call())).status == 401
        assert len(server.bodies) == 1


async def test_fifty_refused_calls_ask_once(stage: Stage) -> None:
    async with running(stage) as (upstream, server):
        calls = [asyncio.ensure_future(upstream.exchange(stage.call())) for _ in range(50)]
        done, _ = await asyncio.wait(calls)
        assert {task.result().status for task in done} == {200}
        assert len(stage.asked) == 1
        assert len(server.bodies) == 100


async def test_a_caller_who_goes_away_takes_nobody_elses_credential(stage: Stage) -> None:
    async with running(stage) as (upstream, _):
        first, second = (asyncio.ensure_future(upstream.exchange(stage.call())) for _ in range(2))
        stage.before_answer = lambda: None if first.done() else (first.cancel(), None)[1]
        assert (await second).status == 200
        assert len(stage.asked) == 1


async def test_a_403_is_told_and_not_repeated(stage: Stage) -> None:
    stage.refusal = MORE_SCOPE
    async with running(stage) as (upstream, server):
        answer = await upstream.exchange(stage.call())
        assert (answer.status, len(server.bodies)) == (403, 1)
        await asyncio.sleep(0.05)
        assert stage.asked == [("s", 2, b'Bearer error="insufficient_scope", scope="write"')]


async def test_a_stream_that_is_refused_is_opened_once_more(stage: Stage) -> None:
    async with running(stage) as (upstream, server):
        answer = await upstream.listen(stage.call())
        await answer.aclose()
        assert [head.split(b" ")[0] for head in server.heads] == [b"GET", b"GET"]


async def test_what_ends_a_session_is_not_worth_a_credential(stage: Stage) -> None:
    async with running(stage) as (upstream, _):
        assert await upstream.end_session(stage.call()) == 401
        assert stage.asked == []
