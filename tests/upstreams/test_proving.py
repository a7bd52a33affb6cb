"""A server whose token is bound to a key, over a real connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from msgspec.structs import replace

from tests.support.clock import ManualClock
from tests.upstreams.http_server import JSON_OK, Peer, response, serving
from yett.egress.proofs import ProofKey
from yett.errors import UpstreamNotReached
from yett.ports import Outbound
from yett.upstreams.http import HttpUpstream
from yett.upstreams.proving import Proving
from yett.upstreams.sealed import BoundFields

pytestmark = pytest.mark.anyio
KEY = ProofKey.new()
CALL = Outbound(
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
    "tools/call",
    b"1",
    modern=True,
    credential=BoundFields({"authorization": "DPoP token"}, KEY),
)


@dataclass
class Stage:
    """A server that wants a nonce in proofs, if it is told so, and keeps what it read."""

    nonce: bytes = b""
    shown: bytes = b""
    """The nonce that it asks for, where that is another one than it takes."""
    claims: list[dict[str, Any]] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    async def serve(self, peer: Peer) -> None:
        while True:
            head, _ = await peer.request()
            self.heads.append(head)
            proof = next((line[6:].decode() for line in head.split(b"\r\n") if line.startswith(b"dpop: ")), None)
            claims = {} if proof is None else jwt.decode(proof, options={"verify_signature": False})
            self.claims.append(claims)
            if claims.get("nonce", "").encode() == self.nonce:
                await peer.send(response(JSON_OK))
            else:
                said = (b'WWW-Authenticate: DPoP error="use_dpop_nonce"', b"DPoP-Nonce: " + (self.shown or self.nonce))
                await peer.send(response(b"{}", *said, status=b"401 Unauthorized"))


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[tuple[Proving, str]]:
    async with serving(stage.serve) as server:
        upstream = Proving(HttpUpstream(server.url, clock=ManualClock()), server.url, lambda: 5_000_000_000)
        try:
            yield upstream, server.url
        finally:
            await upstream.aclose()


async def test_each_request_shows_the_token_with_a_proof_of_its_own() -> None:
    stage = Stage()
    async with running(stage) as (upstream, url):
        for _ in range(2):
            assert (await upstream.exchange(CALL)).status == 200
        await (await upstream.listen(CALL)).aclose()
        await upstream.end_session(CALL)
    assert all(b"authorization: DPoP token\r\n" in head for head in stage.heads)
    assert [one["htm"] for one in stage.claims] == ["POST", "POST", "GET", "DELETE"]
    assert {(one["htu"], one["iat"]) for one in stage.claims} == {(url, 5)}
    assert len({one["jti"] for one in stage.claims}) == 4


async def test_a_nonce_that_the_server_asks_for_is_in_every_proof_from_then_on() -> None:
    stage = Stage(nonce=b"n-1")
    async with running(stage) as (upstream, _):
        assert (await upstream.exchange(CALL)).body == JSON_OK
        assert (await upstream.exchange(CALL)).body == JSON_OK
    assert [one.get("nonce") for one in stage.claims] == [None, "n-1", "n-1"]


async def test_a_server_that_refuses_one_nonce_after_the_other_is_asked_twice() -> None:
    stage = Stage(nonce=b"n-1", shown=b"n-2")
    async with running(stage) as (upstream, _):
        assert (await upstream.exchange(CALL)).status == 401
    assert len(stage.heads) == 2


async def test_a_nonce_that_no_proof_can_hold_is_not_used() -> None:
    stage = Stage(nonce=b"n-1", shown=b'a"b')
    async with running(stage) as (upstream, _):
        assert (await upstream.exchange(CALL)).status == 401
    assert len(stage.heads) == 1


async def test_a_token_that_is_not_bound_goes_without_proof_and_is_not_sent_again() -> None:
    stage = Stage(nonce=b"n-1")
    async with running(stage) as (upstream, _):
        plain = replace(CALL, credential={"authorization": "Bearer token"})
        assert (await upstream.exchange(plain)).status == 401
    assert len(stage.heads) == 1
    assert b"dpop" not in stage.heads[0].lower()


async def test_a_bound_token_never_leaves_without_a_proof() -> None:
    stage = Stage()
    async with serving(stage.serve) as server:
        upstream = HttpUpstream(server.url, clock=ManualClock())
        with pytest.raises(UpstreamNotReached, match="bound to a key"):
            await upstream.exchange(CALL)
        await upstream.aclose()
    assert stage.heads == []
    assert "token" not in repr(CALL.credential)
