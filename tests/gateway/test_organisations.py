"""Several organisations behind one listener: none can tell that another one is there. Through the real edge."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.gateway.gate import HTTP_SERVER
from tests.gateway.listener import Listener, listening, token_grant
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import Reply, call
from yett.audit.record import Refused
from yett.gateway.tokens import mint

pytestmark = pytest.mark.anyio

OURS, THEIRS = mint(), mint()
THEIR_SERVER = replace(HTTP_SERVER, id="srv-9", organisation="their")


def together(gateway: Listener, document: Any = ALLOW_ALL, **members: Any) -> None:
    """Two organisations, each with a server of the same name."""
    ours = token_grant(OURS, "ours")
    theirs = token_grant(THEIRS, "theirs", server=THEIR_SERVER, organisation="their")
    gateway.gate.publish(document, **{"grants": [ours, theirs], "servers": [HTTP_SERVER, THEIR_SERVER], **members})


async def asked(gateway: Listener, reference: str, token: str) -> Reply:
    return await gateway.post(call("echo"), path=f"/mcp/{reference}", token=token)


async def test_a_name_means_the_server_of_the_grants_own_organisation() -> None:
    async with listening() as gateway:
        together(gateway)
        for token, server_id in ((OURS, "srv-1"), (THEIRS, "srv-9")):
            assert (await asked(gateway, "files", token)).status == 200
            assert (await asked(gateway, server_id, token)).status == 200
            assert [record.server_id for record in gateway.gate.ledger.records[-2:]] == [server_id] * 2


async def test_what_is_foreign_reads_as_what_does_not_exist() -> None:
    async with listening() as gateway:
        together(gateway, servers=[HTTP_SERVER, THEIR_SERVER, replace(THEIR_SERVER, id="srv-8", name="secrets")])
        replies = [
            await asked(gateway, reference, token)
            for reference, token in [
                ("nothing", OURS),
                ("secrets", OURS),
                ("srv-9", OURS),
                ("srv-8", OURS),
                ("files", mint()),
                ("nothing", mint()),
            ]
        ]
        assert {(reply.status, reply.body) for reply in replies} == {
            (401, b'{"error":"a valid grant for this server is needed"}')
        }
        shown = {
            reply.fields[b"www-authenticate"].replace(reference.encode(), b"HERE")
            for reply, reference in zip(replies, ["nothing", "secrets", "srv-9", "srv-8", "files", "nothing"], strict=True)
        }
        assert shown == {b'Bearer resource_metadata="https://gate.example/.well-known/oauth-protected-resource/mcp/HERE"'}


async def test_a_limit_of_an_organisation_is_its_own() -> None:
    limit = {"counter": "all", "window": "day", "max": 1, "scope": "organisation"}
    async with listening() as gateway:
        together(gateway, policy(tools={"echo": {"limits": [limit]}}))
        for token in (OURS, THEIRS):
            assert b"isError" not in (await asked(gateway, "files", token)).body
            assert b"limit_exceeded" in (await asked(gateway, "files", token)).body
        owners = {charge.key.owner for record in gateway.gate.ledger.records for charge in record.decision.charges}
        assert owners == {("org",), ("their",)}


async def test_a_rotated_token_stays_good_for_its_overlap_and_not_a_moment_longer() -> None:
    async with listening() as gateway:
        now_ns = gateway.gate.clock.now_ns()
        grant = token_grant(OURS, "ours")
        before = replace(token_grant(THEIRS, "ours"), digest=grant.digest)
        rotated = replace(before, previous_digest=token_grant(THEIRS).digest, previous_until_ns=now_ns + 10**9)
        gateway.gate.publish(ALLOW_ALL, grants=[rotated])
        assert [(await asked(gateway, "files", token)).status for token in (OURS, THEIRS)] == [200, 200]
        gateway.gate.clock.advance(1)
        assert [(await asked(gateway, "files", token)).status for token in (OURS, THEIRS)] == [200, 401]
        record = gateway.gate.ledger.security[-1]
        assert (record.kind, record.reason) == (Refused.TOKEN, "the token was rotated, and its time is over")
        gateway.gate.publish(ALLOW_ALL, grants=[replace(rotated, previous_until_ns=None)])
        assert (await asked(gateway, "files", THEIRS)).status == 401


async def test_a_rotated_token_lives_no_longer_than_its_grant() -> None:
    async with listening() as gateway:
        now_ns = gateway.gate.clock.now_ns()
        rotated = replace(
            token_grant(OURS, "ours", expires_at_ns=now_ns + 10**9),
            previous_digest=token_grant(THEIRS).digest,
            previous_until_ns=now_ns + 10**12,
        )
        gateway.gate.publish(ALLOW_ALL, grants=[rotated])
        gateway.gate.clock.advance(1)
        assert [(await asked(gateway, "files", token)).status for token in (OURS, THEIRS)] == [401, 401]


async def test_it_is_noted_when_a_token_was_last_good_and_only_then() -> None:
    async with listening() as gateway:
        together(gateway)
        await asked(gateway, "nothing", OURS)
        assert gateway.uses == {}
        await asked(gateway, "files", OURS)
        assert gateway.uses == {"ours": gateway.gate.clock.now_ns()}
