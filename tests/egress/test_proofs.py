"""Proofs that the gateway has the key of a token: what stands in them, and that others believe them."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from yett.egress.proofs import ProofKey, read_nonce, thumbprint_of
from yett.errors import OperatorFault

NOW_S = 1_790_000_000
OF_RFC_9449 = {
    "kty": "EC",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "crv": "P-256",
}
"""The key of the examples of RFC 9449, whose tokens in section 6.1 name its thumbprint."""


def read(proof: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a proof, verified with the key that it shows."""
    header = jwt.get_unverified_header(proof)
    key = jwt.PyJWK(header["jwk"])
    return header, jwt.decode(proof, key, algorithms=["ES256"], options={"verify_iat": False})


def test_a_proof_names_method_address_and_token_and_shows_no_private_key() -> None:
    key = ProofKey.new()
    header, claims = read(
        key.proof("POST", "https://s.example/mcp?a=b#c", NOW_S, token="Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU")
    )
    assert (header["typ"], header["alg"], set(header["jwk"])) == ("dpop+jwt", "ES256", {"kty", "crv", "x", "y"})
    assert (claims["htm"], claims["htu"], claims["iat"]) == ("POST", "https://s.example/mcp", NOW_S)
    assert claims["ath"] == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo", "as section 7.1 of RFC 9449 has it for this token"
    assert "nonce" not in claims
    assert thumbprint_of(header["jwk"]) == key.thumbprint


def test_each_proof_is_another_one_and_holds_the_nonce_that_was_asked_for() -> None:
    key = ProofKey(ProofKey.new().pem)
    claims = [read(key.proof("POST", "https://s.example/mcp", NOW_S, nonce="n"))[1] for _ in range(2)]
    assert [one["nonce"] for one in claims] == ["n", "n"]
    assert claims[0]["jti"] != claims[1]["jti"]
    assert "ath" not in claims[0]


def test_a_key_is_known_by_the_thumbprint_of_the_specification() -> None:
    assert thumbprint_of(OF_RFC_9449) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.mark.parametrize("pem", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_is_none_signs_nothing_and_is_not_shown(pem: str) -> None:
    key = ProofKey(pem)
    with pytest.raises(OperatorFault, match="connect the server again"):
        key.proof("POST", "https://s.example/mcp", NOW_S)
    assert repr(key) == "ProofKey(***)"


@pytest.mark.parametrize("value", ["", "a b", 'a"b', "a" * 1025, "\u00e4", "a\r\nb: c"])
def test_what_is_no_nonce_is_not_used(value: str) -> None:
    assert read_nonce(value) is None
    assert read_nonce("eyJ7S_zG.eyJH0-Z.HX4w-7v") == "eyJ7S_zG.eyJH0-Z.HX4w-7v"
