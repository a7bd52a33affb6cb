"""What to ask of which authorization server, and what its answer means."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.admin.credentials.stage import Kept, keeping
from tests.oauth.metadata_server import Documents, documents
from yett.admin.credentials.renewal import renew
from yett.admin.credentials.views import NewCredential

pytestmark = pytest.mark.anyio
PRM = "/.well-known/oauth-protected-resource"
MORE = 'Bearer error="insufficient_scope", scope="write"'
REFUSED = 'Bearer error="invalid_token"'


def server() -> dict[str, object]:
    return {
        PRM: {"resource": "{origin}", "authorization_servers": ["{origin}"], "scopes_supported": ["read"]},
        "/.well-known/oauth-authorization-server": {"issuer": "{origin}", "token_endpoint": "{origin}/token"},
        "/token": {"access_token": "t", "expires_in": 60},
    }


async def machine(kept: Kept, served: Documents) -> None:
    new = NewCredential(kind="client_credentials", issuer=served.origin, client_id="us", client_secret="hidden")
    await kept.add(f"{served.origin}/mcp", new)


async def test_more_scope_is_asked_for_with_what_there_was(tmp_path: Path) -> None:
    async with documents(server()) as served, keeping(tmp_path) as kept:
        await machine(kept, served)
        renewed = await renew(kept.keeper.tools, await asyncio.to_thread(kept.opened), MORE)
        assert renewed.tokens is not None
        assert "scope=read+write" in served.bodies[-1]
        assert renewed.config.asked == ("read", "write")


async def test_a_server_that_asks_for_what_its_token_has_is_not_given_another(tmp_path: Path) -> None:
    async with documents(server()) as served, keeping(tmp_path) as kept:
        await machine(kept, served)
        asked = len(served.asked)
        renewed = await renew(kept.keeper.tools, kept.opened(), 'Bearer error="insufficient_scope", scope="read"')
        assert (renewed.tokens, renewed.state) == (None, "ready")
        assert "scopes that its token has" in (renewed.problem or "")
        assert len(served.asked) == asked


async def test_a_client_is_not_taken_along_when_a_server_moves(tmp_path: Path) -> None:
    async with documents(server()) as served, keeping(tmp_path) as kept:
        await machine(kept, served)
        served.paths[PRM] = {"resource": "{origin}", "authorization_servers": ["https://evil.example"]}
        renewed = await renew(kept.keeper.tools, kept.opened(), REFUSED)
        assert renewed.tokens is None
        assert "evil.example" in (renewed.problem or "")
        assert served.asked.count("/token") == 1


@pytest.mark.parametrize("answer", [500, (400, {"error": "temporarily_unavailable"}), {"access_token": ""}])
async def test_a_fault_of_the_other_side_leaves_what_there_is(tmp_path: Path, answer: object) -> None:
    async with documents(server()) as served, keeping(tmp_path) as kept:
        await machine(kept, served)
        served.paths["/token"] = answer
        renewed = await renew(kept.keeper.tools, kept.opened(), None)
        assert (renewed.tokens, renewed.state) == (None, "ready")
        assert renewed.problem


async def test_static_fields_that_are_refused_are_for_people(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add("https://server.example/mcp", NewCredential(kind="headers", headers={"x-key": "hidden"}))
        renewed = await renew(kept.keeper.tools, kept.opened(), REFUSED)
        assert (renewed.state, renewed.tokens) == ("failing", None)


async def test_a_reference_is_read_at_each_exchange(tmp_path: Path) -> None:
    async with documents(server()) as served, keeping(tmp_path) as kept:
        elsewhere = tmp_path.parent / "subject"
        elsewhere.write_text("one\n")
        new = NewCredential(
            kind="token_exchange",
            issuer=served.origin,
            client_id="us",
            client_secret="hidden",
            subject_reference=f"file:{elsewhere}",
        )
        await kept.add(f"{served.origin}/mcp", new)
        assert "subject_token=one&" in served.bodies[-1]
        elsewhere.write_text("two\n")
        await renew(kept.keeper.tools, kept.opened(), None)
        assert "subject_token=two&" in served.bodies[-1]
