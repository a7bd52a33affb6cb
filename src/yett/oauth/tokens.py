"""Requests to a token endpoint, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

import msgspec

from yett.egress.fetch import Egress, Fetched, FetchLimits
from yett.egress.proofs import FIELD, WANTS_NONCE, ProofKey, read_nonce
from yett.errors import UpstreamFault
from yett.oauth.challenge import scopes_of
from yett.oauth.client import Client, authenticate
from yett.oauth.errors import OAuthFault, Refused
from yett.oauth.metadata import Issuer
from yett.protocol.strict_json import JsonValue

EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ACCESS_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name of RFC 8693
JWT_TYPE: Final = "urn:ietf:params:oauth:token-type:jwt"
ID_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - a name of RFC 8693
ID_JAG_TYPE: Final = "urn:ietf:params:oauth:token-type:id-jag"
"""An identity provider's assertion that a client may have tokens of another authorization server."""
LIMITS: Final = FetchLimits(within_s=15.0, body_bytes=256 * 1024)
TOKEN_CHARS_MAX: Final = 16_384
LIFETIME_S_MAX: Final = 10 * 365 * 86_400
NS: Final = 1_000_000_000

_B64TOKEN: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
_CODE: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,64}", re.ASCII)


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a token endpoint gave."""

    access_token: str
    issuer: str
    resource: str
    obtained_at_ns: int
    expires_at_ns: int | None = None
    refresh_token: str | None = None
    scopes: tuple[str, ...] = ()
    """What was granted, or asked for where it does not say."""
    proof_key: str | None = None
    """PEM of the key that the tokens are bound to (RFC 9449)."""

    def __repr__(self) -> str:
        return f"Tokens(issuer={self.issuer!r}, expires_at_ns={self.expires_at_ns}, scopes={self.scopes})"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a token is asked for."""

    issuer: Issuer
    client: Client
    resource: str
    scopes: tuple[str, ...] = ()
    now_ns: int = 0
    key: ProofKey | None = None
    """What the token is to be bound to."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose token is exchanged (RFC 8693)."""

    token: str = field(repr=False)
    type: str = JWT_TYPE
    audience: str | None = None
    requested_type: str = ACCESS_TOKEN_TYPE


async def redeem_code(egress: Egress, ask: Ask, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """The tokens for an authorization code. Errors: `Refused`, `OAuthFault`, `UpstreamFault`."""
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": redirect_uri}
    return await _request(egress, ask, form)


async def refresh(egress: Egress, ask: Ask, old: Tokens) -> Tokens:
    """New tokens for a refresh token, which stays the same one where the answer holds none. Errors: as `redeem_code`."""
    if old.refresh_token is None:
        raise Refused(f"`{ask.issuer.identifier}` gave no refresh token; connect the server again", "invalid_grant")
    fresh = await _request(egress, ask, {"grant_type": "refresh_token", "refresh_token": old.refresh_token})
    return msgspec.structs.replace(
        fresh, refresh_token=fresh.refresh_token or old.refresh_token, scopes=fresh.scopes or old.scopes
    )


async def by_client_credentials(egress: Egress, ask: Ask) -> Tokens:
    """Tokens for the gateway itself. Errors: as `redeem_code`."""
    return await _request(egress, ask, _with_scope({"grant_type": "client_credentials"}, ask))


async def by_exchange(egress: Egress, ask: Ask, subject: Subject) -> Tokens:
    """Tokens for another token (RFC 8693). Errors: as `redeem_code`."""
    if not subject.token:
        raise OAuthFault("there is no token to exchange; nothing was asked for")
    form = {
        "grant_type": EXCHANGE,
        "subject_token": subject.token,
        "subject_token_type": subject.type,
        "requested_token_type": subject.requested_type,
        **({} if subject.audience is None else {"audience": subject.audience}),
    }
    return await _request(egress, ask, _with_scope(form, ask))


async def by_assertion(egress: Egress, ask: Ask, assertion: str) -> Tokens:
    """Tokens for a signed statement of a third party that the server trusts (RFC 7523 section 2.1). Errors: as `redeem_code`."""
    if not assertion:
        raise OAuthFault("there is no assertion to redeem; nothing was asked for")
    return await _request(egress, ask, _with_scope({"grant_type": JWT_BEARER, "assertion": assertion}, ask))


def _with_scope(form: dict[str, str], ask: Ask) -> dict[str, str]:
    return {**form, "scope": " ".join(ask.scopes)} if ask.scopes else form


async def _request(egress: Egress, ask: Ask, form: Mapping[str, str]) -> Tokens:
    fields, proof = authenticate(ask.client, ask.issuer, ask.now_ns // NS)
    body = urlencode({**form, "resource": ask.resource, **proof}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json", **fields}
    answer = await _posted(egress, ask, headers, body, None)
    nonce = read_nonce(answer.headers.get("dpop-nonce", ""))
    if answer.status in {400, 401} and ask.key is not None and nonce is not None and _code(answer) == WANTS_NONCE:
        answer = await _posted(egress, ask, headers, body, nonce)
    if answer.status != 200:
        raise _refusal(answer, ask.issuer)
    return _tokens(answer.json_object(), ask)


async def _posted(egress: Egress, ask: Ask, headers: Mapping[str, str], body: bytes, nonce: str | None) -> Fetched:
    url = ask.issuer.token_endpoint
    proof = {} if ask.key is None else {FIELD: ask.key.proof("POST", url, ask.now_ns // NS, nonce=nonce)}
    return await egress.fetch(url, method="POST", headers={**headers, **proof}, body=body, limits=LIMITS)


def _refusal(answer: Fetched, issuer: Issuer) -> OAuthFault:
    """What the server said no with. Its description is not repeated: it may hold what was sent."""
    code = _code(answer)
    if code is None:
        return OAuthFault(f"the token endpoint of `{issuer.identifier}` answered with status {answer.status}")
    return Refused(f"`{issuer.identifier}` gives no token: {code}", code)


def _code(answer: Fetched) -> str | None:
    if not 400 <= answer.status < 500:
        return None
    try:
        code = answer.json_object().get("error")
    except UpstreamFault:
        return None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def _tokens(said: Mapping[str, JsonValue], ask: Ask) -> Tokens:
    name = ask.issuer.identifier
    access, kind = said.get("access_token"), said.get("token_type", "Bearer")
    if not isinstance(access, str) or not 0 < len(access) <= TOKEN_CHARS_MAX or _B64TOKEN.fullmatch(access) is None:
        raise OAuthFault(f"`{name}` gave no access token that a header field can hold")
    if not isinstance(kind, str) or kind.lower() not in ({"bearer", "n_a"} if ask.key is None else {"bearer", "n_a", "dpop"}):
        raise OAuthFault(f"`{name}` gave a token of another type than was asked for, which is not known how to use")
    refresh_token, scope = said.get("refresh_token"), said.get("scope")
    return Tokens(
        access_token=access,
        issuer=name,
        resource=ask.resource,
        obtained_at_ns=ask.now_ns,
        expires_at_ns=_expiry(said.get("expires_in"), ask.now_ns),
        refresh_token=refresh_token if isinstance(refresh_token, str) and refresh_token else None,
        scopes=(scopes_of(scope) if isinstance(scope, str) else ()) or ask.scopes,
        proof_key=ask.key.pem if ask.key is not None and kind.lower() == "dpop" else None,
    )


def _expiry(seconds: JsonValue, now_ns: int) -> int | None:
    """When it ends; some servers write the number as text. An absent or absurd one counts as not said."""
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 12:
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal) or not 0 <= seconds <= LIFETIME_S_MAX:
        return None
    return now_ns + int(seconds * NS)
