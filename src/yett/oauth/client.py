"""Who the gateway is to an authorization server: its identifier, how it proves it, and how it comes by both."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus, urlsplit

import jwt
import msgspec

from yett.egress.fetch import Egress, FetchLimits
from yett.errors import OperatorFault
from yett.oauth.errors import OAuthFault, Refused
from yett.oauth.metadata import LOOPBACK, Issuer, same_issuer

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_S: Final = 60
"""How long a signed assertion is good; it is made for one request."""
ALGORITHMS: Final = ("ES256", "ES384", "RS256", "PS256", "EdDSA")
NAME: Final = "Yett"
GRANTS: Final = ("authorization_code", "refresh_token")
LIMITS: Final = FetchLimits(within_s=15.0, body_bytes=256 * 1024)
_WITH_SECRET: Final = ("client_secret_basic", "client_secret_post", "none")
_REGISTERED: Final = ("client_secret_basic", "client_secret_post", "none")


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway as a client of one authorization server."""

    id: str
    issuer: str
    """The authorization server that knows it; it is shown to no other one."""
    secret: str | None = None
    private_key: str | None = None
    """PEM, for `private_key_jwt`."""
    algorithm: str = "ES256"
    key_id: str | None = None
    redirect_uri: str | None = None
    """The one that it was registered with."""
    method: str | None = None
    """How it authenticates at the token endpoint; None leaves it to what the server offers."""

    def __repr__(self) -> str:
        return f"Client(id={self.id!r}, issuer={self.issuer!r})"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the gateway publishes about itself."""

    redirect_uri: str
    metadata_url: str | None = None
    """Where its metadata document is, which is then its client id; None where the gateway has no public https address."""


def metadata_document(identity: Identity) -> dict[str, object]:
    """The client ID metadata document, also what is registered."""
    parts = urlsplit(identity.redirect_uri)
    return {
        **({} if identity.metadata_url is None else {"client_id": identity.metadata_url}),
        "client_name": NAME,
        "redirect_uris": [identity.redirect_uri],
        "grant_types": list(GRANTS),
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native" if parts.scheme == "http" and parts.hostname in LOOPBACK else "web",
    }


async def obtain_client(egress: Egress, issuer: Issuer, identity: Identity, scopes: Sequence[str]) -> Client:
    """The gateway as a client of `issuer`: by its metadata document where that is taken, else registered anew (RFC 7591).

    Errors: `OAuthFault` where neither is possible, `UpstreamFault`.
    """
    if issuer.takes_client_metadata and identity.metadata_url is not None:
        return Client(id=identity.metadata_url, issuer=issuer.identifier, method="none")
    if issuer.registration_endpoint is None:
        raise OAuthFault(
            f"the authorization server `{issuer.identifier}` registers no clients by itself; register one there with the redirect"
            f" address `{identity.redirect_uri}`, and give its id and secret"
        )
    offered = issuer.token_methods
    method = next((method for method in _REGISTERED if offered is None or method in offered), "none")
    wanted = {**metadata_document(identity), "token_endpoint_auth_method": method}
    wanted.pop("client_id", None)
    if scopes:
        wanted["scope"] = " ".join(scopes)
    answer = await egress.fetch(
        issuer.registration_endpoint,
        method="POST",
        headers={"content-type": "application/json", "accept": "application/json"},
        body=msgspec.json.encode(wanted),
        limits=LIMITS,
    )
    if answer.status not in {200, 201}:
        raise Refused(f"`{issuer.identifier}` did not register the gateway: status {answer.status}", "registration_refused")
    return _registered(answer.json_object(), issuer, identity)


def _registered(said: Mapping[str, object], issuer: Issuer, identity: Identity) -> Client:
    id, secret, method = said.get("client_id"), said.get("client_secret"), said.get("token_endpoint_auth_method")
    if not isinstance(id, str) or not id or not id.isprintable():
        raise OAuthFault(f"`{issuer.identifier}` registered the gateway without a client id")
    return Client(
        id=id,
        issuer=issuer.identifier,
        secret=secret if isinstance(secret, str) and secret else None,
        method=method if isinstance(method, str) else None,
        redirect_uri=identity.redirect_uri,
    )


def authenticate(client: Client, issuer: Issuer, now_s: int) -> tuple[dict[str, str], dict[str, str]]:
    """Header fields and form fields with which the client proves itself at the token endpoint.

    Errors: `OAuthFault` where the client is another server's, or has nothing that the server takes; `OperatorFault`.
    """
    if not same_issuer(client.issuer, issuer.identifier):
        raise OAuthFault(f"the client belongs to `{client.issuer}`; it is not shown to `{issuer.identifier}`")
    method = _method(client, issuer)
    if method == "private_key_jwt":
        assertion = _assertion(client, issuer, now_s)
        return {}, {"client_id": client.id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    if method == "client_secret_basic":
        pair = f"{quote_plus(client.id)}:{quote_plus(client.secret or '')}"
        return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, {}
    if method == "client_secret_post":
        return {}, {"client_id": client.id, "client_secret": client.secret or ""}
    return {}, {"client_id": client.id}


def _method(client: Client, issuer: Issuer) -> str:
    possible: tuple[str, ...] = ("none",)
    if client.private_key is not None:
        possible = ("private_key_jwt",)
    elif client.secret is not None:
        possible = _WITH_SECRET
    if client.method in possible:
        return client.method
    offered = issuer.token_methods
    chosen = next((method for method in possible if offered is None or method in offered), None)
    if chosen is None and client.secret is None and client.private_key is None and client.method in {None, "none"}:
        return "none"  # a public client, whatever the server lists
    if chosen is None:
        raise OAuthFault(
            f"`{issuer.identifier}` takes {', '.join(offered or ())} at its token endpoint; the client has {possible[0]}"
        )
    return chosen


def _assertion(client: Client, issuer: Issuer, now_s: int) -> str:
    """A signed statement of who the client is, good for one minute (RFC 7523)."""
    claims = {
        "iss": client.id,
        "sub": client.id,
        "aud": issuer.identifier,
        "iat": now_s,
        "exp": now_s + ASSERTION_S,
        "jti": secrets.token_urlsafe(16),
    }
    headers = None if client.key_id is None else {"kid": client.key_id}
    if client.algorithm not in ALGORITHMS:
        raise OperatorFault(f"`{client.algorithm}` is no signing algorithm; known are {', '.join(ALGORITHMS)}")
    try:
        return jwt.encode(claims, client.private_key or "", algorithm=client.algorithm, headers=headers)
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise OperatorFault(f"the client's private key cannot sign with {client.algorithm}; give a PEM of that kind") from error
