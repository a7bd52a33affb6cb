"""Tokens for assertions (RFC 7523), of a workload and of an identity provider, before a real authorization server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from tests.admin.credentials.stage import Pair, keeping, machine
from tests.support.oauth import EXCHANGE, JWT_BEARER, running_pair
from yett.oauth.tokens import ID_JAG_TYPE, ID_TOKEN_TYPE

pytestmark = pytest.mark.anyio
KEY = generate_private_key(SECP256R1())
GOOD = timedelta(minutes=5)


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with running_pair(trusted=jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)) as running:
        yield running


def statement(audience: str, lasts: timedelta = GOOD) -> str:
    """What whoever knows the workload, or the person, signs."""
    claims = {"iss": "https://cluster.example", "sub": "the gateway", "aud": audience, "exp": datetime.now(UTC) + lasts}
    return jwt.encode(claims, KEY, algorithm="ES256")


async def test_a_workloads_statement_is_redeemed_for_a_token_of_the_server(tmp_path: Path, pair: Pair) -> None:
    provider, server = pair
    async with keeping(tmp_path) as kept:
        subject = statement(provider.issuer)
        view = await kept.add(server.url, machine(provider, kind="jwt_bearer", subject_token=subject))
        assert (view.kind, view.state, view.problem) == ("jwt_bearer", "ready", None)
        asked = provider.requests()[-1]
        assert (asked["grant_type"], asked["assertion"], asked["resource"]) == (JWT_BEARER, subject, server.url)
        handed = kept.handed_over()
        assert handed is not None
        assert subject not in str(handed.fields)


async def test_a_statement_is_read_anew_each_time_and_a_spent_one_says_so_without_another_grant(
    tmp_path: Path, pair: Pair
) -> None:
    provider, server = pair
    async with keeping(tmp_path) as kept:
        kept_in = tmp_path.parent / "workload"
        kept_in.write_text(statement(provider.issuer, -GOOD))
        new = machine(provider, kind="jwt_bearer", subject_reference=f"file:{kept_in}")
        before = len(provider.requests())
        view = await kept.add(server.url, new)
        assert (view.state, view.problem) == ("failing", f"`{provider.issuer}` gives no token: invalid_grant")
        assert [one["grant_type"] for one in provider.requests()[before:]] == [JWT_BEARER]
        kept_in.write_text(statement(provider.issuer))
        assert await kept.refused() is None
        assert (await kept.view()).state == "ready"


async def test_an_identity_provider_gives_the_assertion_for_a_persons_id_token(tmp_path: Path, pair: Pair) -> None:
    provider, server = pair
    at_provider = {
        "identity_provider": provider.issuer,
        "identity_client_id": "machine",
        "identity_client_secret": "machine-secret",
    }
    async with keeping(tmp_path) as kept:
        id_token = statement("machine")
        view = await kept.add(server.url, machine(provider, kind="jwt_bearer", subject_token=id_token, **at_provider))
        assert (view.state, view.problem) == ("ready", None)
        exchanged, redeemed = provider.requests()[-2:]
        assert (exchanged["grant_type"], exchanged["subject_token"], exchanged["audience"]) == (
            EXCHANGE,
            id_token,
            provider.issuer,
        )
        assert (exchanged["subject_token_type"], exchanged["requested_token_type"]) == (ID_TOKEN_TYPE, ID_JAG_TYPE)
        assert exchanged["resource"] == server.url
        assert redeemed["grant_type"] == JWT_BEARER
        assert redeemed["assertion"] != id_token


async def test_an_id_token_for_another_client_is_given_nothing_for(tmp_path: Path, pair: Pair) -> None:
    provider, server = pair
    at_provider = {
        "identity_provider": provider.issuer,
        "identity_client_id": "machine",
        "identity_client_secret": "machine-secret",
    }
    async with keeping(tmp_path) as kept:
        new = machine(provider, kind="jwt_bearer", subject_token=statement("somebody else"), **at_provider)
        view = await kept.add(server.url, new)
        assert (view.state, view.problem) == ("failing", f"`{provider.issuer}` gives no token: invalid_grant")
        assert kept.handed_over() is None
