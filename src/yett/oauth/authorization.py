"""The authorization code flow: what a person is sent to, and what comes back with them. Pure but for dice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec

from yett.oauth.client import Client
from yett.oauth.discovery import Found
from yett.oauth.errors import OAuthFault, Refused
from yett.oauth.metadata import same_issuer

OFFLINE: Final = "offline_access"
CODE_CHARS_MAX: Final = 4_096


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What must be known when a person comes back; sealed until then."""

    state: str
    verifier: str
    issuer: str
    names_itself: bool
    redirect_uri: str
    resource: str
    scopes: tuple[str, ...]
    url: str
    """Where the person is sent."""
    token_endpoint: str
    token_methods: tuple[str, ...] | None = None


def choose_scopes(found: Found, requested: Iterable[str] = (), *, held: Iterable[str] = ()) -> tuple[str, ...]:
    """What to ask for: what the operator set, else what the server challenges for, else what its metadata lists, else nothing.

    `held` are scopes asked for before: what a later challenge adds must not take them away. `offline_access` is added where
    the authorization server knows it, for without a refresh token somebody would have to come back every hour.
    """
    wanted = tuple(requested) or found.challenge.scopes or found.resource.scopes or ()
    scopes = tuple(dict.fromkeys((*held, *wanted)))
    if OFFLINE in (found.issuer.scopes or ()) and OFFLINE not in scopes:
        scopes = (*scopes, OFFLINE)
    return scopes


def begin(found: Found, client: Client, redirect_uri: str, scopes: tuple[str, ...], *, thumbprint: str | None = None) -> Flow:
    """A new flow, with its PKCE verifier and state; `thumbprint` is that of the key that the tokens are to be bound to.

    Errors: `OAuthFault` where the server cannot do it safely.
    """
    issuer = found.issuer
    if issuer.authorization_endpoint is None:
        raise OAuthFault(f"the authorization server `{issuer.identifier}` has no authorization endpoint")
    if "S256" not in (issuer.code_challenge_methods or ()):
        raise OAuthFault(f"the authorization server `{issuer.identifier}` does not offer PKCE with S256, so no code is asked for")
    if not same_issuer(client.issuer, issuer.identifier):
        raise OAuthFault(f"the client belongs to `{client.issuer}`; it is not shown to `{issuer.identifier}`")
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(32)
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "resource": found.resource.identifier,
        **({"scope": " ".join(scopes)} if scopes else {}),
        **({} if thumbprint is None else {"dpop_jkt": thumbprint}),
        **({"prompt": "consent"} if OFFLINE in scopes else {}),
    }
    joint = "&" if urlsplit(issuer.authorization_endpoint).query else "?"
    return Flow(
        state=state,
        verifier=verifier,
        issuer=issuer.identifier,
        names_itself=issuer.names_itself,
        redirect_uri=redirect_uri,
        resource=found.resource.identifier,
        scopes=scopes,
        url=f"{issuer.authorization_endpoint}{joint}{urlencode(query)}",
        token_endpoint=issuer.token_endpoint,
        token_methods=issuer.token_methods,
    )


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def code_of(flow: Flow, answer: Mapping[str, str]) -> str:
    """The code in an authorization answer, if it answers this flow and comes from its authorization server.

    Errors: `OAuthFault` where it does not, `Refused` where the server said no.
    """
    if not hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
        raise OAuthFault("the answer belongs to no connection that was begun here")
    issuer = answer.get("iss")
    if issuer is None and flow.names_itself:
        raise OAuthFault(f"the answer does not say that it comes from `{flow.issuer}`, which always says so; connect again")
    if issuer is not None and issuer != flow.issuer:  # simple string comparison, as RFC 9207 says
        raise OAuthFault(f"the answer comes from another authorization server than `{flow.issuer}`; connect again")
    error = answer.get("error")
    if error is not None:
        shown = error if error.isascii() and error.replace("_", "").isalnum() and len(error) <= 64 else "an error"
        raise Refused(f"`{flow.issuer}` said {shown}; connect again", shown)
    code = answer.get("code", "")
    if not 0 < len(code) <= CODE_CHARS_MAX:
        raise OAuthFault("the answer holds no code; connect again")
    return code
