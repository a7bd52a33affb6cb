"""One secret sealed: AES-256-GCM, bound to whose it is and what it is for.

    version (4 bytes, big-endian) | nonce (12 bytes) | ciphertext and tag

The associated data are the organisation, the server, the purpose and the key's version, each with its length before it, so that
no two places have the same: a row that is put in another's place, shortened or changed does not open.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from yett.errors import OperatorFault
from yett.sealing.keys import KeyRing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 12
VERSION_BYTES: Final = 4
TAG_BYTES: Final = 16
PLAIN_BYTES_MAX: Final = 256 * 1024
"""No credential comes near."""


class Unsealable(OperatorFault):
    """A secret cannot be opened: the key is missing or another one, or the bytes are not what was sealed there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose secret it is, and what it is for."""

    organisation: str
    server: str
    """Id of the server, or of what else the secret belongs to."""
    purpose: str

    def associated_data(self, version: int) -> bytes:
        """The place and the key's version, in one way only."""
        parts = (self.organisation.encode(), self.server.encode(), self.purpose.encode())
        return b"".join((b"yett sealed 1", *(len(part).to_bytes(4, "big") + part for part in parts), _version(version)))

    def __str__(self) -> str:
        return f"{self.purpose} of `{self.server}`"


def seal(ring: KeyRing, place: Place, secret: bytes, bytes_max: int = PLAIN_BYTES_MAX) -> bytes:
    """`secret` sealed with the current key."""
    if len(secret) > bytes_max:
        raise OperatorFault(f"a secret has at most {bytes_max:,} bytes; give a shorter one")
    version, nonce = ring.current, secrets.token_bytes(NONCE_BYTES)
    sealed = _cipher(ring.keys[version]).encrypt(nonce, secret, place.associated_data(version))
    return b"".join((_version(version), nonce, sealed))


def version_of(blob: bytes) -> int:
    """The version of the key that sealed it. Errors: `Unsealable`."""
    if len(blob) < VERSION_BYTES + NONCE_BYTES + TAG_BYTES:
        raise Unsealable("a sealed secret is too short to be one; restore it from a backup, or enter it again")
    return int.from_bytes(blob[:VERSION_BYTES], "big")


def unseal(ring: KeyRing, place: Place, blob: bytes) -> bytes:
    """What was sealed at `place`. Errors: `Unsealable`, which shows nothing of it."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - 30 ms that most commands need not wait for

    version = version_of(blob)
    key = ring.keys.get(version)
    if key is None:
        raise Unsealable(f"the {place} is sealed with version {version} of the master key, which is not there; give that key")
    nonce, sealed = blob[VERSION_BYTES : VERSION_BYTES + NONCE_BYTES], blob[VERSION_BYTES + NONCE_BYTES :]
    try:
        return _cipher(key).decrypt(nonce, sealed, place.associated_data(version))
    except InvalidTag:
        raise Unsealable(
            f"the {place} does not open with version {version} of the master key: it is another key, or the row was changed;"
            " give the right key, or enter the secret again"
        ) from None


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

    return AESGCM(key)


def _version(version: int) -> bytes:
    return version.to_bytes(VERSION_BYTES, "big")
