"""ID tokens: which are believed."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from yett.admin.people.id_tokens import Expected, NotBelieved, believe

NOW = 1_800_000_000
RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
EXPECTED = Expected(issuer="https://id.example", client_id="yett", nonce="n", now_s=NOW)
CLAIMS: dict[str, Any] = {
    "iss": "https://id.example", "aud": "yett", "sub": "42", "exp": NOW + 300, "iat": NOW, "nonce": "n", "email": "a@example.com",
}  # fmt: skip


def jwk(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, name: str, **more: str) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        found = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        found = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**found, "kid": name, **more}


KEYS = [jwk(RSA_KEY, "one"), jwk(EC_KEY, "two")]


def signed(claims: dict[str, Any], key: Any = RSA_KEY, algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "one", **header})


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


def b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_that_holds_is_believed() -> None:
    assert believe(signed(CLAIMS), KEYS, EXPECTED)["sub"] == "42"
    assert believe(signed(CLAIMS, EC_KEY, "ES256", kid="two"), KEYS, EXPECTED)["sub"] == "42"
    assert believe(signed({**CLAIMS, "aud": ["yett", "other"], "azp": "yett"}), KEYS, EXPECTED)["sub"] == "42"
    assert believe(signed({**CLAIMS, "exp": NOW - 30}), KEYS, EXPECTED)["sub"] == "42", "clocks differ"


@pytest.mark.parametrize(
    "claims",
    [
        *(without(name) for name in ("iss", "aud", "sub", "exp", "iat", "nonce")),
        {**CLAIMS, "iss": "https://id.example/"},
        {**CLAIMS, "iss": "https://evil.example"},
        {**CLAIMS, "aud": "other"},
        {**CLAIMS, "aud": []},
        {**CLAIMS, "aud": ["yett", "other"]},
        {**CLAIMS, "azp": "other"},
        {**CLAIMS, "nonce": "m"},
        {**CLAIMS, "nonce": 1},
        {**CLAIMS, "exp": NOW - 60},
        {**CLAIMS, "exp": True},
        {**CLAIMS, "exp": str(NOW + 300)},
        {**CLAIMS, "iat": NOW + 61},
        {**CLAIMS, "nbf": NOW + 61},
        {**CLAIMS, "sub": ""},
        {**CLAIMS, "sub": "x" * 256},
    ],
)
def test_a_token_that_says_something_else_is_not_believed(claims: dict[str, Any]) -> None:
    with pytest.raises(NotBelieved):
        believe(signed(claims), KEYS, EXPECTED)


def public_pem() -> bytes:
    public = RSA_KEY.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def forged_by_public_key() -> str:
    """HS256 with the public key as secret, made by hand: the library refuses to."""
    import hashlib
    import hmac

    body = f"{b64({'alg': 'HS256', 'kid': 'one', 'typ': 'JWT'})}.{b64(CLAIMS)}"
    mac = hmac.new(public_pem(), body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


GOOD = signed(CLAIMS)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "." * 5,
        "x" * 40_000,
        f"{b64({'alg': 'none'})}.{b64(CLAIMS)}.",
        f"{b64({'alg': 'NONE', 'kid': 'one'})}.{b64(CLAIMS)}.",
        f"{b64({'alg': ['RS256'], 'kid': 'one'})}.{b64(CLAIMS)}.x",
        f"{b64([])}.{b64(CLAIMS)}.x",
        forged_by_public_key(),
        signed(CLAIMS, OTHER_KEY),
        signed(CLAIMS, kid="../../etc/passwd"),
        signed(CLAIMS, kid="' OR 1=1--"),
        signed(CLAIMS, kid="two"),
        signed(CLAIMS, crit=["x"], x=1),
        signed(CLAIMS, OTHER_KEY, jku="https://evil.example/keys", kid="three"),
        signed(CLAIMS, OTHER_KEY, jwk=jwk(OTHER_KEY, "three"), kid="three"),
        GOOD[:-4] + ("AAAA" if not GOOD.endswith("AAAA") else "BBBB"),
        GOOD.replace(".", "", 1),
        jwt.encode({"jwt": GOOD}, OTHER_KEY, algorithm="RS256", headers={"kid": "one", "cty": "JWT"}),
    ],
)
def test_a_forged_token_is_not_believed(token: str) -> None:
    with pytest.raises(NotBelieved):
        believe(token, KEYS, EXPECTED)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [jwk(OTHER_KEY, "one")],
        [jwk(RSA_KEY, "one", use="enc")],
        [jwk(RSA_KEY, "one", alg="RS512")],
        [jwk(RSA_KEY, "one"), jwk(OTHER_KEY, "one")],
        [{"kid": "one", "kty": "oct", "k": base64.urlsafe_b64encode(public_pem()).decode()}],
        [{"kid": "one"}],
        [{"kid": "one", "kty": "RSA", "n": "!", "e": "AQAB"}],
    ],
)
def test_without_the_one_right_key_no_token_is_believed(keys: list[dict[str, Any]]) -> None:
    with pytest.raises(NotBelieved):
        believe(GOOD, keys, EXPECTED)


def test_a_token_that_names_no_key_is_believed_only_where_there_is_one_choice() -> None:
    token = jwt.encode(CLAIMS, RSA_KEY, algorithm="RS256")
    assert believe(token, KEYS, EXPECTED)["sub"] == "42"
    with pytest.raises(NotBelieved):
        believe(token, [*KEYS, jwk(OTHER_KEY, "three")], EXPECTED)
