"""An issuer of access tokens: keys, and tokens signed with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def make_key(algorithm: str) -> PrivateKey:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm.startswith("ES"):
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65_537, 2048)


@dataclass
class TestIssuer:
    """Signs what it is told to."""

    __test__ = False
    name: str = "https://issuer.example"
    algorithm: str = "ES256"
    kid: str = "k1"
    key: PrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.key = make_key(self.algorithm)

    def jwk(self, **more: Any) -> dict[str, Any]:
        """The public half, as it is published."""
        public = get_default_algorithms()[self.algorithm].to_jwk(self.key.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig", "alg": self.algorithm, **more}

    def token(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None, *, algorithm: str | None = None) -> str:
        """A token with these claims beside the issuer's name; a claim of None is left out."""
        said = {key: value for key, value in {"iss": self.name, **claims}.items() if value is not None}
        return jwt.encode(said, self.key, algorithm or self.algorithm, headers={"kid": self.kid, **(header or {})})
