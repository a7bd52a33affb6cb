"""What waits in sessions that the gateway keeps for stateless clients: bounded for each of them, and never taken for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.fake_upstream import encode, rpc_error, streamed
from tests.upstreams.handshake_rig import META, asking, asks, bridge_to, first, handshake_only
from yett.ports import Answer, Outbound
from yett.upstreams.bridge_held import OWNER_HELD_MAX
from yett.upstreams.bridge_to_handshake import OWNER_KEPT_MAX

pytestmark = pytest.mark.anyio


async def test_requests_of_one_grant_that_wait_push_out_their_own_and_nobody_elses() -> None:
    upstream, streams = asking()
    bridge = bridge_to(upstream)
    await first(await bridge.exchange(asks("tools/call", {"name": "echo"}, isolation="other")))
    for _ in range(OWNER_HELD_MAX):
        await first(await bridge.exchange(asks("tools/call", {"name": "echo"})))
    assert not any(stream.closed for stream in streams)
    await first(await bridge.exchange(asks("tools/call", {"name": "echo"})))
    assert [stream.closed for stream in streams] == [False, True] + [False] * OWNER_HELD_MAX


async def test_sessions_of_one_grant_push_out_their_own_and_nobody_elses() -> None:
    upstream = handshake_only()
    bridge = bridge_to(upstream)

    async def call(number: int, isolation: str = "grant") -> None:
        can: dict[str, Any] = {f"{META}clientCapabilities": {"elicitation": {"number": number}}}
        await bridge.exchange(asks("tools/call", {"name": "echo"}, isolation=isolation, **can))

    await call(0, "other")
    for number in range(OWNER_KEPT_MAX):
        await call(number)
    assert not upstream.ended
    await call(OWNER_KEPT_MAX)
    assert len(upstream.ended) == 1
    opened = len(upstream.of("initialize"))
    await call(0, "other")
    await call(1)
    assert len(upstream.of("initialize")) == opened
    await call(0)
    assert len(upstream.of("initialize")) == opened + 1


@pytest.mark.parametrize("curious", [True, False])
async def test_what_a_server_makes_of_a_refusal_does_not_say_that_nothing_ran(curious: bool) -> None:
    async def reply(message: Outbound) -> Answer:
        roots = encode({"jsonrpc": "2.0", "id": "r", "method": "roots/list"})
        return streamed(*([roots] if curious else []), rpc_error(message.id, -32601))

    final = await first(await bridge_to(handshake_only(**{"tools/call": reply})).exchange(asks("tools/call", {"name": "echo"})))
    assert final["error"]["code"] == (-32603 if curious else -32601)
