"""Tokens that are bound to a key of the gateway (RFC 9449), before a real authorization server that wants nonces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.admin.credentials.stage import Kept, keeping, machine
from tests.oauth.metadata_server import documents
from tests.support.oauth import WEB_CLIENT, Provider, running_provider
from yett.admin.credentials.views import NewCredential

pytestmark = pytest.mark.anyio
PRM = "/.well-known/oauth-protected-resource/mcp"


@asynccontextmanager
async def standing(tmp_path: Path, *, algorithms: tuple[str, ...] = ("ES256",)) -> AsyncIterator[tuple[Kept, Provider, str]]:
    """A keeper, an authorization server that binds tokens, and a server that says what proofs it takes."""
    async with documents({}) as served, keeping(tmp_path) as kept:
        url = f"{served.origin}/mcp"
        with running_provider(url, binds=True) as provider:
            served.paths[PRM] = {
                "resource": url,
                "authorization_servers": [provider.issuer],
                "scopes_supported": ["read"],
                **({"dpop_signing_alg_values_supported": list(algorithms)} if algorithms else {}),
            }
            yield kept, provider, url


def contents(directory: Path) -> list[bytes]:
    return [file.read_bytes() for file in directory.rglob("*") if file.is_file()]


async def test_where_both_sides_bind_tokens_no_other_one_is_asked_for_and_its_key_goes_along(tmp_path: Path) -> None:
    async with standing(tmp_path) as (kept, provider, url):
        view = await kept.add(url, machine(provider))
        assert (view.state, view.problem) == ("ready", None)
        tokens, handed = kept.opened().tokens, kept.handed_over()
        assert tokens is not None
        assert handed is not None
        assert handed.fields == {"authorization": f"DPoP {tokens.access_token}"}
        assert handed.proof_key == tokens.proof_key is not None
        assert [one["status"] for one in provider.requests()] == [400, 200], "once without the nonce, once with it"
        assert not any(b"PRIVATE KEY" in content for content in contents(tmp_path))


async def test_a_person_connects_and_the_refreshed_token_is_bound_to_the_same_key(tmp_path: Path) -> None:
    async with standing(tmp_path) as (kept, provider, url):
        known = {"client_id": WEB_CLIENT["client_id"], "client_secret": WEB_CLIENT["client_secret"], "issuer": provider.issuer}
        await kept.add(url, NewCredential(kind="authorization_code", **known))
        assert await kept.connect() == "s"
        before = kept.opened().tokens
        assert before is not None
        assert before.proof_key is not None
        assert await kept.keeper.renewed(kept.opened().organisation, kept.opened().server.id, None) is None
        after = kept.opened().tokens
        assert after is not None
        assert after.access_token != before.access_token
        assert after.proof_key == before.proof_key


@pytest.mark.parametrize(("algorithms", "transport"), [((), "http"), (("RS256",), "http"), (("ES256",), "sse")])
async def test_a_server_that_takes_no_proofs_of_ours_gets_plain_tokens(
    tmp_path: Path, algorithms: tuple[str, ...], transport: str
) -> None:
    async with standing(tmp_path, algorithms=algorithms) as (kept, provider, url):
        await kept.add(url, machine(provider), transport=transport)
        handed = kept.handed_over()
        assert handed is not None
        assert handed.fields["authorization"].startswith("Bearer ")
        assert handed.proof_key is None
