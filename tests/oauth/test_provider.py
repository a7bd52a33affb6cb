"""The gateway's OAuth client against a real authorization server in its own process, and a real MCP server that believes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.oauth import EXCHANGE, MACHINE_CLIENT, REDIRECT, WEB_CLIENT, Browser, Provider, ResourceServer, running_pair
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.oauth.authorization import begin, choose_scopes, code_of
from yett.oauth.client import Client, Identity, obtain_client
from yett.oauth.discovery import Found, ask_for_challenge, discover
from yett.oauth.errors import Refused
from yett.oauth.tokens import ACCESS_TOKEN_TYPE, Ask, Subject, Tokens, by_client_credentials, by_exchange, redeem_code, refresh

pytestmark = pytest.mark.anyio
IDENTITY = Identity(REDIRECT)
KEY = ec.generate_private_key(ec.SECP256R1())
KEY_PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
SIGNING_CLIENT = {
    **MACHINE_CLIENT,
    "client_id": "signing",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [{**jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "use": "sig", "alg": "ES256"}]},
}
SIGNING_CLIENT.pop("client_secret")


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Provider, ResourceServer]]:
    with running_pair(clients=[WEB_CLIENT, MACHINE_CLIENT, SIGNING_CLIENT]) as running:
        yield running


@pytest.fixture
def provider(pair: tuple[Provider, ResourceServer]) -> Provider:
    return pair[0]


@pytest.fixture
def server(pair: tuple[Provider, ResourceServer]) -> ResourceServer:
    return pair[1]


@pytest.fixture
def egress() -> Egress:
    return Egress(EgressRules.parse(["127.0.0.1"]))


async def found(egress: Egress, server: ResourceServer) -> Found:
    return await discover(egress, server.url, await ask_for_challenge(egress, server.url))


def ask(found: Found, client: Client, *scopes: str) -> Ask:
    return Ask(found.issuer, client, found.resource.identifier, scopes, time.time_ns())


def machine(found: Found, **fields: str) -> Client:
    return Client(**{"id": "machine", "issuer": found.issuer.identifier, "secret": "machine-secret", **fields})


async def connected(egress: Egress, found: Found, client: Client) -> Tokens:
    """What a person's consent brings."""
    flow = begin(found, client, REDIRECT, choose_scopes(found))
    with Browser() as browser:
        back = await asyncio.to_thread(browser.visit, flow.url, until=REDIRECT)
    code = code_of(flow, dict(parse_qsl(urlsplit(back).query)))
    return await redeem_code(egress, ask(found, client, *flow.scopes), code, flow.verifier, REDIRECT)


async def accepted(egress: Egress, server: ResourceServer, tokens: Tokens) -> bool:
    """Whether the MCP server takes the token."""
    headers = {"authorization": f"Bearer {tokens.access_token}", "content-type": "application/json", "accept": "*/*"}
    answer = await egress.fetch(server.url, method="POST", headers=headers, body=b"{}")
    return answer.status not in {401, 403}


async def test_a_server_tells_where_its_tokens_come_from(egress: Egress, provider: Provider, server: ResourceServer) -> None:
    what = await found(egress, server)
    assert what.resource.identifier == server.url
    assert what.issuer.identifier == provider.issuer
    assert what.issuer.names_itself
    assert what.challenge.resource_metadata is not None


async def test_a_person_connects_a_registered_client_and_the_server_takes_its_token(
    egress: Egress, provider: Provider, server: ResourceServer
) -> None:
    what = await found(egress, server)
    client = await obtain_client(egress, what.issuer, IDENTITY, ())
    assert client.id != "gateway"
    tokens = await connected(egress, what, client)
    assert tokens.refresh_token is not None
    assert tokens.expires_at_ns is not None
    assert await accepted(egress, server, tokens)
    assert provider.requests()[-1]["resource"] == server.url


async def test_a_preregistered_client_with_a_secret_connects(egress: Egress, server: ResourceServer) -> None:
    what = await found(egress, server)
    tokens = await connected(egress, what, Client(id="gateway", issuer=what.issuer.identifier, secret="gateway-secret"))
    assert await accepted(egress, server, tokens)


async def test_a_refresh_token_is_spent_and_replaced(egress: Egress, server: ResourceServer) -> None:
    what = await found(egress, server)
    client = Client(id="gateway", issuer=what.issuer.identifier, secret="gateway-secret")
    first = await connected(egress, what, client)
    second = await refresh(egress, ask(what, client), first)
    assert second.refresh_token not in {None, first.refresh_token}
    assert second.access_token != first.access_token
    assert await accepted(egress, server, second)
    with pytest.raises(Refused) as refused:
        await refresh(egress, ask(what, client), first)
    assert (refused.value.code, refused.value.needs_person) == ("invalid_grant", True)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_wrong_secret_is_refused(egress: Egress, server: ResourceServer, method: str) -> None:
    what = await found(egress, server)
    with pytest.raises(Refused, match="invalid_client"):
        await by_client_credentials(egress, ask(what, machine(what, secret="wrong", method=method), "read"))


async def test_the_gateway_gets_a_token_for_itself_with_a_secret(egress: Egress, server: ResourceServer) -> None:
    what = await found(egress, server)
    tokens = await by_client_credentials(egress, ask(what, machine(what, method="client_secret_post"), "read"))
    assert tokens.scopes == ("read",)
    assert await accepted(egress, server, tokens)


async def test_the_gateway_gets_a_token_for_itself_with_a_signature(egress: Egress, server: ResourceServer) -> None:
    what = await found(egress, server)
    client = Client(id="signing", issuer=what.issuer.identifier, private_key=KEY_PEM)
    tokens = await by_client_credentials(egress, ask(what, client, "read"))
    assert await accepted(egress, server, tokens)


async def test_a_token_is_exchanged_for_one_that_the_server_takes(
    egress: Egress, provider: Provider, server: ResourceServer
) -> None:
    what = await found(egress, server)
    client = machine(what, method="client_secret_post")
    subject = await by_client_credentials(egress, ask(what, client, "read"))
    tokens = await by_exchange(egress, ask(what, client, "read"), Subject(subject.access_token, ACCESS_TOKEN_TYPE))
    assert tokens.access_token != subject.access_token
    assert await accepted(egress, server, tokens)
    assert provider.counts()[EXCHANGE] == 1


async def test_a_token_that_is_no_token_is_not_exchanged(egress: Egress, server: ResourceServer) -> None:
    what = await found(egress, server)
    with pytest.raises(Refused, match="invalid_grant"):
        await by_exchange(egress, ask(what, machine(what, method="client_secret_post"), "read"), Subject("x", ACCESS_TOKEN_TYPE))


async def test_a_token_for_another_resource_is_not_to_be_had(egress: Egress, server: ResourceServer) -> None:
    what = await found(egress, server)
    client = machine(what, method="client_secret_post")
    with pytest.raises(Refused, match="invalid_target"):
        await by_client_credentials(egress, Ask(what.issuer, client, "http://127.0.0.1:1/other", ("read",), time.time_ns()))
