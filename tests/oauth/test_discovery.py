"""From a server's URL to its authorization server, in every place where the documents may be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oauth.metadata_server import documents
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.errors import UpstreamFault
from yett.oauth.challenge import Challenge
from yett.oauth.discovery import ask_for_challenge, discover, find_issuer, find_resource
from yett.oauth.errors import OAuthFault

pytestmark = pytest.mark.anyio
EGRESS = Egress(EgressRules.parse(["127.0.0.1"]))
PRM = "/.well-known/oauth-protected-resource"
OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


def resource(issuer: str = "{origin}", path: str = "/mcp") -> dict[str, Any]:
    return {"resource": "{origin}" + path, "authorization_servers": [issuer]}


def issuer(path: str = "") -> dict[str, Any]:
    return {"issuer": "{origin}" + path, "token_endpoint": "{origin}/token", "authorization_endpoint": "{origin}/authorize"}


async def test_where_the_server_says_comes_before_where_it_should_be() -> None:
    async with documents(
        {"/custom.json": resource(), f"{PRM}/mcp": resource("https://never.example"), OAUTH: issuer()}
    ) as served:
        challenge = Challenge(f"{served.origin}/custom.json")
        found = await discover(EGRESS, f"{served.origin}/mcp", challenge)
        assert found.resource.identifier == f"{served.origin}/mcp"
        assert served.asked == ["/custom.json", OAUTH]


@pytest.mark.parametrize(("place", "path"), [(f"{PRM}/mcp", "/mcp"), (PRM, "/mcp"), (PRM, "")])
async def test_the_known_places_are_looked_at_in_turn(place: str, path: str) -> None:
    async with documents({place: resource(path=path), OAUTH: issuer()}) as served:
        found = await discover(EGRESS, f"{served.origin}/mcp", Challenge())
        assert found.resource.identifier == f"{served.origin}{path}"


@pytest.mark.parametrize("place", [f"{OAUTH}/tenant", f"{OPENID}/tenant", f"/tenant{OPENID}"])
async def test_an_issuer_with_a_path_is_found_wherever_its_document_is(place: str) -> None:
    async with documents({place: issuer("/tenant"), OAUTH: issuer()}) as served:
        found = await find_issuer(EGRESS, f"{served.origin}/tenant")
        assert found is not None
        assert found.identifier == f"{served.origin}/tenant"
        assert OAUTH not in served.asked


@pytest.mark.parametrize("place", [OAUTH, OPENID])
async def test_an_issuer_without_a_path_is_found_in_either_place(place: str) -> None:
    async with documents({place: issuer()}) as served:
        assert await find_issuer(EGRESS, served.origin) is not None


async def test_a_server_of_2025_03_26_is_its_own_authorization_server() -> None:
    async with documents({OAUTH: issuer()}) as served:
        found = await discover(EGRESS, f"{served.origin}/mcp", Challenge())
        assert (found.issuer.identifier, found.resource.identifier) == (served.origin, f"{served.origin}/mcp")
    async with documents({}) as served:
        found = await discover(EGRESS, f"{served.origin}/mcp", Challenge())
        assert found.issuer.token_endpoint == f"{served.origin}/token"


async def test_a_client_is_not_shown_to_another_issuer_than_the_one_that_was_set() -> None:
    async with documents({PRM: resource("https://evil.example", ""), OAUTH: issuer()}) as served:
        with pytest.raises(OAuthFault, match=r"evil\.example"):
            await discover(EGRESS, f"{served.origin}/mcp", Challenge(), preferred=served.origin)


async def test_of_several_issuers_the_one_that_was_set_is_taken() -> None:
    several = {**resource(path=""), "authorization_servers": ["https://other.example", "{origin}"]}
    async with documents({PRM: several, OAUTH: issuer()}) as served:
        found = await discover(EGRESS, f"{served.origin}/mcp", Challenge(), preferred=served.origin)
        assert found.issuer.identifier == served.origin


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "http://10.0.0.1/x", "https://127.0.0.1\\@evil.example/"]
)
async def test_a_challenge_that_leads_astray_is_not_followed(url: str) -> None:
    async with documents({PRM: resource(path="")}) as served:
        with pytest.raises(UpstreamFault):
            await find_resource(EGRESS, f"{served.origin}/mcp", Challenge(url))
        assert served.asked == []


async def test_a_private_issuer_is_not_asked_unless_it_is_listed() -> None:
    strict = Egress(EgressRules.parse())
    async with documents({OAUTH: issuer()}) as served:
        with pytest.raises(UpstreamFault):
            await find_issuer(strict, served.origin)
        assert served.asked == []


async def test_an_issuer_that_is_broken_is_not_passed_over() -> None:
    async with documents({OAUTH: 500, OPENID: issuer()}) as served:
        with pytest.raises(OAuthFault, match="status 500"):
            await find_issuer(EGRESS, served.origin)


async def test_a_server_is_asked_what_it_wants_without_any_credential() -> None:
    async with documents({"/mcp": 401}) as served:
        served.fields = {"www-authenticate": 'Bearer scope="read", resource_metadata="{origin}/x"'}
        challenge = await ask_for_challenge(EGRESS, f"{served.origin}/mcp")
        assert challenge == Challenge(f"{served.origin}/x", ("read",))
        assert "authorization" not in served.heads[0].lower()
        served.paths["/mcp"] = {}
        assert await ask_for_challenge(EGRESS, f"{served.origin}/mcp") == Challenge()
