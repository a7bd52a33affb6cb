"""Proofs of possession (RFC 9449): a token that is bound to a key is worth nothing to whoever does not have the key.

Each request shows a proof of its own, signed for its method and its address.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from yett.errors import OperatorFault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ALGORITHM: Final = "ES256"
FIELD: Final = "dpop"
"""The header field that carries a proof."""
SCHEME: Final = "DPoP"
"""The word before a bound token."""
WANTS_NONCE: Final = "use_dpop_nonce"
_NONCE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,1024}", re.ASCII)


class ProofKey:
    """A private key on P-256, and what it signs."""

    def __init__(self, pem: str) -> None:
        self.pem: Final = pem

    @staticmethod
    def new() -> ProofKey:
        """A fresh one."""
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - 30 ms that most programs need not wait for
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        key = ec.generate_private_key(ec.SECP256R1())
        return ProofKey(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())

    def __repr__(self) -> str:
        return "ProofKey(***)"

    def checked(self) -> ProofKey:
        """Itself. Errors: `OperatorFault` where it cannot sign, which is better known before a request than in it."""
        _ = self._public
        return self

    @cached_property
    def thumbprint(self) -> str:
        """By which an authorization server knows the key (RFC 7638)."""
        return thumbprint_of(self._public)

    def proof(self, method: str, url: str, now_s: int, *, token: str | None = None, nonce: str | None = None) -> str:
        """A statement for one request: to `url`, perhaps with `token`, perhaps with the `nonce` that its receiver asked for."""
        import jwt  # noqa: PLC0415 - five megabytes that only installations with bound tokens need

        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url.partition("#")[0].partition("?")[0],
            "iat": now_s,
        }
        if token is not None:
            claims["ath"] = _base64(hashlib.sha256(token.encode()).digest())
        if nonce is not None:
            claims["nonce"] = nonce
        return jwt.encode(claims, self._private, algorithm=ALGORITHM, headers={"typ": "dpop+jwt", "jwk": self._public})

    @cached_property
    def _private(self) -> EllipticCurvePrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

        try:
            key = load_pem_private_key(self.pem.encode(), None)
        except (ValueError, TypeError) as error:
            raise OperatorFault("the key of a bound token cannot be read; connect the server again") from error
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise OperatorFault("the key of a bound token is no key on P-256; connect the server again")
        return key

    @cached_property
    def _public(self) -> dict[str, str]:
        numbers = self._private.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": _base64(numbers.x.to_bytes(32, "big")),
            "y": _base64(numbers.y.to_bytes(32, "big")),
        }


def thumbprint_of(public: Mapping[str, str]) -> str:
    """The SHA-256 thumbprint of a public key on an elliptic curve, given as the members of its JWK (RFC 7638)."""
    members = ",".join(f'"{name}":"{public[name]}"' for name in ("crv", "kty", "x", "y"))
    return _base64(hashlib.sha256(f"{{{members}}}".encode()).digest())


def read_nonce(value: str) -> str | None:
    """What a `DPoP-Nonce` field holds; None where it is no nonce."""
    return value if _NONCE.fullmatch(value) else None


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
