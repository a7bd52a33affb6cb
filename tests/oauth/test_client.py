"""Who the gateway is to an authorization server."""

from __future__ import annotations

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.oauth.metadata_server import documents
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.errors import OperatorFault
from yett.oauth.client import Client, Identity, authenticate, metadata_document, obtain_client
from yett.oauth.errors import OAuthFault, Refused
from yett.oauth.metadata import Issuer

pytestmark = pytest.mark.anyio
EGRESS = Egress(EgressRules.parse(["127.0.0.1"]))
HERE = Identity("http://127.0.0.1:8701/oauth/callback")
PUBLIC = Identity("https://gate.example/oauth/callback", "https://gate.example/oauth/client.json")
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def issuer(**fields: object) -> Issuer:
    return Issuer(**{"identifier": "https://i.example", "token_endpoint": "https://i.example/token", **fields})  # type: ignore[arg-type]  # as a test says


def client(**fields: object) -> Client:
    return Client(**{"id": "us", "issuer": "https://i.example", **fields})  # type: ignore[arg-type]  # as a test says


def test_the_document_says_who_the_gateway_is_and_nothing_secret() -> None:
    document = metadata_document(PUBLIC)
    assert document["client_id"] == PUBLIC.metadata_url
    assert document["redirect_uris"] == [PUBLIC.redirect_uri]
    assert "refresh_token" in list(document["grant_types"])  # type: ignore[call-overload]  # a list
    assert (document["application_type"], metadata_document(HERE)["application_type"]) == ("web", "native")
    assert "client_id" not in metadata_document(HERE)


async def test_where_the_document_is_taken_nothing_is_registered() -> None:
    taken = issuer(takes_client_metadata=True, registration_endpoint="https://i.example/never")
    assert (await obtain_client(EGRESS, taken, PUBLIC, ())).id == PUBLIC.metadata_url


async def test_without_a_public_address_the_gateway_registers() -> None:
    async with documents({"/register": (201, {"client_id": "c", "client_secret": "s"})}) as served:
        known = issuer(
            takes_client_metadata=True, registration_endpoint=f"{served.origin}/register", token_methods=("client_secret_post",)
        )
        registered = await obtain_client(EGRESS, known, HERE, ("read",))
        assert (registered.id, registered.secret, registered.redirect_uri) == ("c", "s", HERE.redirect_uri)
        wanted = json.loads(served.bodies[0])
        assert (wanted["token_endpoint_auth_method"], wanted["scope"]) == ("client_secret_post", "read")
        assert "client_id" not in wanted
    assert "s" not in repr(registered).replace("issuer", "").replace("https", "")


async def test_where_nothing_can_be_registered_it_says_what_to_do() -> None:
    with pytest.raises(OAuthFault, match="register one there"):
        await obtain_client(EGRESS, issuer(), HERE, ())
    async with documents({"/register": (400, {"error": "invalid_redirect_uri"})}) as served:
        with pytest.raises(Refused, match="did not register"):
            await obtain_client(EGRESS, issuer(registration_endpoint=f"{served.origin}/register"), HERE, ())
    async with documents({"/register": (201, {"client_secret": "s"})}) as served:
        with pytest.raises(OAuthFault, match="without a client id"):
            await obtain_client(EGRESS, issuer(registration_endpoint=f"{served.origin}/register"), HERE, ())


def test_a_secret_goes_into_the_header_escaped_or_into_the_form() -> None:
    fields, form = authenticate(client(secret="a:b c%"), issuer(), 0)
    assert base64.b64decode(fields["authorization"].removeprefix("Basic ")) == b"us:a%3Ab+c%25"
    assert form == {}
    fields, form = authenticate(client(secret="s"), issuer(token_methods=("client_secret_post",)), 0)
    assert (fields, form) == ({}, {"client_id": "us", "client_secret": "s"})
    assert (
        authenticate(client(secret="s", method="client_secret_post"), issuer(token_methods=("client_secret_basic",)), 0)[0] == {}
    )


def test_a_client_without_a_secret_only_names_itself() -> None:
    assert authenticate(client(), issuer(token_methods=("client_secret_basic",)), 0) == ({}, {"client_id": "us"})


def test_a_signature_says_who_for_whom_and_until_when() -> None:
    _, form = authenticate(client(private_key=PEM, key_id="k1"), issuer(), 1_000)
    said = jwt.decode(
        form["client_assertion"],
        KEY.public_key(),
        ["ES256"],
        audience="https://i.example",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (said["iss"], said["sub"], said["exp"]) == ("us", "us", 1_060)
    assert jwt.get_unverified_header(form["client_assertion"])["kid"] == "k1"
    _, again = authenticate(client(private_key=PEM), issuer(), 1_000)
    assert jwt.decode(again["client_assertion"], options={"verify_signature": False})["jti"] != said["jti"]


@pytest.mark.parametrize(
    "fields", [{"private_key": "nonsense"}, {"private_key": PEM, "algorithm": "RS256"}, {"private_key": PEM, "algorithm": "none"}]
)
def test_a_key_that_cannot_sign_is_the_operators_fault_and_is_not_shown(fields: dict[str, str]) -> None:
    with pytest.raises(OperatorFault) as refused:
        authenticate(client(**fields), issuer(), 0)
    assert "nonsense" not in str(refused.value)


def test_a_client_is_shown_to_its_own_issuer_only() -> None:
    with pytest.raises(OAuthFault, match="not shown"):
        authenticate(client(secret="s"), issuer(identifier="https://evil.example"), 0)


def test_what_the_server_does_not_take_is_not_tried() -> None:
    with pytest.raises(OAuthFault, match="takes tls_client_auth"):
        authenticate(client(secret="s"), issuer(token_methods=("tls_client_auth",)), 0)
