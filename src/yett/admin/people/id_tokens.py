"""ID tokens of OpenID Connect: what must hold before one is believed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt

from yett.admin.errors import Unauthorised
from yett.admin.people.handles import same

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures only: a key that everybody may read must never count as a shared secret."""
SKEW_S: Final = 60
"""How far the provider's clock may be from ours."""
TOKEN_CHARS_MAX: Final = 32 * 1024
SUBJECT_MAX: Final = 255
_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")
_KEY_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


class NotBelieved(Unauthorised):
    """An ID token does not hold; says why, for the operator's log, and never what was in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str
    now_s: float


def key_id(token: str) -> str | None:
    """Which key is said to have signed it. Errors: `NotBelieved`."""
    found = _header(token).get("kid")
    return found if isinstance(found, str) else None


def believe(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> dict[str, Any]:
    """The claims of a token that holds. Errors: `NotBelieved`."""
    header = _header(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise NotBelieved("the id token is signed in a way that is not allowed")
    if "crit" in header:
        raise NotBelieved("the id token asks for extensions that are not known")
    key = _choose(keys, header.get("kid"), algorithm)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key=jwt.PyJWK(dict(key), algorithm=algorithm).key,
            algorithms=[algorithm],
            audience=expected.client_id,
            issuer=expected.issuer,
            # Times are judged below, by the clock that everything here goes by.
            options={
                "require": ["iss", "sub", "aud", "exp", "iat"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.PyJWTError as error:
        raise NotBelieved(f"the id token does not hold: {type(error).__name__}") from error
    _check_claims(claims, expected)
    return claims


def _header(token: str) -> Mapping[str, Any]:
    if len(token) > TOKEN_CHARS_MAX:
        raise NotBelieved("the id token is too long")
    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise NotBelieved("the id token is none") from error


def _choose(keys: Sequence[Mapping[str, Any]], kid: object, algorithm: str) -> Mapping[str, Any]:
    """The one key that may have signed. Errors: `NotBelieved` where there is none, or no telling which."""
    fit = [
        key
        for key in keys
        if key.get("kty") == _KEY_TYPES[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    ]
    if kid is not None:
        fit = [key for key in fit if key.get("kid") == kid]
    if len(fit) != 1:
        raise NotBelieved(f"the provider has {len(fit)} keys that may have signed the id token")
    return fit[0]


def _check_claims(claims: Mapping[str, Any], expected: Expected) -> None:
    audience, party = claims["aud"], claims.get("azp")
    if isinstance(audience, list) and len(audience) > 1 and party is None:
        raise NotBelieved("the id token is for several and does not say whose it is")
    if party is not None and party != expected.client_id:
        raise NotBelieved("the id token was given to another client")
    nonce, subject = claims.get("nonce"), claims["sub"]
    if not isinstance(nonce, str) or not same(nonce, expected.nonce):
        raise NotBelieved("the id token belongs to another sign-in")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX:
        raise NotBelieved("the id token names nobody")
    now_s = expected.now_s
    if not _moment(claims, "exp") + SKEW_S > now_s:
        raise NotBelieved("the id token is over")
    if not _moment(claims, "iat") - SKEW_S <= now_s or ("nbf" in claims and not _moment(claims, "nbf") - SKEW_S <= now_s):
        raise NotBelieved("the id token is not good yet")


def _moment(claims: Mapping[str, Any], name: str) -> float:
    moment = claims[name]
    if not isinstance(moment, int | float) or isinstance(moment, bool):
        raise NotBelieved(f"the id token's `{name}` is no moment")
    return moment
