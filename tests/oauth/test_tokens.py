"""What a token endpoint may answer, and what not."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest

from tests.oauth.metadata_server import documents
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.egress.proofs import ProofKey
from yett.errors import UpstreamFault
from yett.oauth.client import Client
from yett.oauth.errors import OAuthFault, Refused
from yett.oauth.metadata import Issuer
from yett.oauth.tokens import NS, Ask, Subject, Tokens, by_client_credentials, by_exchange, refresh

pytestmark = pytest.mark.anyio
EGRESS = Egress(EgressRules.parse(["127.0.0.1"]))
RESOURCE = "https://server.example/mcp"
NOW = 1_000 * NS


async def answered(answer: Any, *scopes: str) -> tuple[Tokens, dict[str, list[str]]]:
    """What comes of an answer, and the form that was sent."""
    async with documents({"/token": answer}) as served:
        issuer = Issuer(identifier="https://i.example", token_endpoint=f"{served.origin}/token")
        client = Client(id="us", issuer="https://i.example", secret="hidden", method="client_secret_post")
        tokens = await by_client_credentials(EGRESS, Ask(issuer, client, RESOURCE, scopes, NOW))
        return tokens, parse_qs(served.bodies[0])


async def test_a_token_is_asked_for_one_resource_and_ends_when_it_says() -> None:
    tokens, form = await answered({"access_token": "t", "token_type": "bearer", "expires_in": 60, "scope": "b"}, "a")
    assert (tokens.access_token, tokens.expires_at_ns, tokens.scopes) == ("t", 1_060 * NS, ("b",))
    assert (form["resource"], form["scope"], form["grant_type"]) == ([RESOURCE], ["a"], ["client_credentials"])
    assert "'t'" not in repr(tokens)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [("60", 1_060 * NS), (60.5, 1_060 * NS + NS // 2), (None, None), (-1, None), (True, None), ("soon", None), (1e300, None)],
)
async def test_how_long_it_lasts_is_read_with_care(seconds: object, expected: int | None) -> None:
    tokens, _ = await answered({"access_token": "t", "expires_in": seconds}, "a")
    assert (tokens.expires_at_ns, tokens.scopes) == (expected, ("a",))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": ""},
        {"access_token": 5},
        {"access_token": "a b"},
        {"access_token": "a\r\nx: y"},
        {"access_token": "ä"},
        {"access_token": "t" * 20_000},
        {"access_token": "t", "token_type": "DPoP"},
        {"access_token": "t", "token_type": 5},
        500,
        302,
        (400, {"error": "a\r\nb"}),
        (400, []),
    ],
)
async def test_an_answer_without_a_good_token_is_a_fault(answer: Any) -> None:
    with pytest.raises(UpstreamFault) as refused:
        await answered(answer)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("code", "needs_person"), [("invalid_grant", True), ("invalid_client", False), ("temporarily_unavailable", False)]
)
async def test_a_refusal_is_told_by_its_code_without_what_the_server_wrote(code: str, needs_person: bool) -> None:
    with pytest.raises(Refused) as refused:
        await answered((400, {"error": code, "error_description": "hidden"}))
    assert (refused.value.code, refused.value.needs_person) == (code, needs_person)
    assert "hidden" not in str(refused.value)


async def test_a_refresh_token_stays_unless_a_new_one_comes() -> None:
    async with documents({"/token": {"access_token": "new"}}) as served:
        issuer = Issuer(identifier="https://i.example", token_endpoint=f"{served.origin}/token")
        ask = Ask(issuer, Client(id="us", issuer="https://i.example"), RESOURCE, (), NOW)
        old = Tokens(
            access_token="old", issuer="https://i.example", resource=RESOURCE, obtained_at_ns=0, refresh_token="r", scopes=("a",)
        )
        fresh = await refresh(EGRESS, ask, old)
        assert (fresh.access_token, fresh.refresh_token, fresh.scopes) == ("new", "r", ("a",))
        served.paths["/token"] = {"access_token": "newer", "refresh_token": "r2"}
        assert (await refresh(EGRESS, ask, old)).refresh_token == "r2"


async def test_without_a_refresh_token_a_person_is_needed() -> None:
    issuer = Issuer(identifier="https://i.example", token_endpoint="https://i.example/never")
    old = Tokens(access_token="old", issuer="https://i.example", resource=RESOURCE, obtained_at_ns=0)
    with pytest.raises(Refused) as refused:
        await refresh(EGRESS, Ask(issuer, Client(id="us", issuer="https://i.example"), RESOURCE), old)
    assert refused.value.needs_person


async def test_no_token_is_not_exchanged() -> None:
    issuer = Issuer(identifier="https://i.example", token_endpoint="https://i.example/never")
    with pytest.raises(OAuthFault, match="nothing was asked"):
        await by_exchange(EGRESS, Ask(issuer, Client(id="us", issuer="https://i.example"), RESOURCE), Subject(""))


async def bound(answers: list[Any], key: ProofKey | None) -> tuple[Tokens, list[dict[str, Any]]]:
    """What comes of answers to a request for a bound token, and what each proof said."""
    async with documents({"/token": answers[0]}) as served:
        served.fields = {"DPoP-Nonce": "n-1"}
        served.later = {"/token": answers[1:]}
        issuer = Issuer(identifier="https://i.example", token_endpoint=f"{served.origin}/token")
        client = Client(id="us", issuer="https://i.example", secret="hidden", method="client_secret_post")
        tokens = await by_client_credentials(EGRESS, Ask(issuer, client, RESOURCE, (), NOW, key))
        shown = [line[6:] for head in served.heads for line in head.split("\r\n") if line.startswith("dpop: ")]
        return tokens, [jwt.decode(proof, options={"verify_signature": False}) for proof in shown]


async def test_a_token_is_bound_to_the_key_whose_proof_went_along() -> None:
    key = ProofKey.new()
    tokens, proofs = await bound([{"access_token": "t", "token_type": "DPoP"}], key)
    assert tokens.proof_key == key.pem
    assert [(one["htm"], one["iat"], "nonce" in one, "ath" in one) for one in proofs] == [("POST", 1_000, False, False)]
    assert key.pem not in repr(tokens)


async def test_a_token_endpoint_that_wants_a_nonce_is_asked_once_more_with_it() -> None:
    wants = (400, {"error": "use_dpop_nonce"})
    tokens, proofs = await bound([wants, {"access_token": "t", "token_type": "DPoP"}], ProofKey.new())
    assert tokens.access_token == "t"
    assert [one.get("nonce") for one in proofs] == [None, "n-1"]
    with pytest.raises(Refused, match="use_dpop_nonce"):
        await bound([wants, wants, {"access_token": "t"}], ProofKey.new())


async def test_a_server_that_binds_no_tokens_gives_one_that_is_sent_as_any_other() -> None:
    tokens, _ = await bound([{"access_token": "t", "token_type": "Bearer"}], ProofKey.new())
    assert tokens.proof_key is None
    with pytest.raises(OAuthFault, match="another type"):
        await bound([{"access_token": "t", "token_type": "DPoP"}], None)
