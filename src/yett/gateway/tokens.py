"""Grant tokens: made, recognised and digested. Only the digest is ever stored.

A token is `yett_`, 43 digits of base 62 that carry 256 random bits, and 6 digits of checksum, so that a secret scanner knows one
when it sees it, and a mistyped one is refused without a look-up.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from pathlib import Path
from typing import Final

from yett.errors import OperatorFault
from yett.private_files import create_private

PREFIX: Final = "yett_"
RANDOM_BITS: Final = 256
RANDOM_DIGITS: Final = 43
"""62^43 is the first power of 62 above 2^256."""
CHECKSUM_DIGITS: Final = 6
"""62^6 is the first power of 62 above 2^32."""
KEY_BYTES: Final = 32
KEY_FILE: Final = "token.key"

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = re.compile(f"[0-9A-Za-z]{{{RANDOM_DIGITS + CHECKSUM_DIGITS}}}", re.ASCII)


def mint(prefix: str = PREFIX) -> str:
    """A new token. Another `prefix` makes one of the same form that is no grant's."""
    body = prefix + _base62(secrets.randbits(RANDOM_BITS), RANDOM_DIGITS)
    return body + _checksum(body)


def is_well_formed(token: str, prefix: str = PREFIX) -> bool:
    """Whether `token` could be one of ours: prefix, length, digits and checksum. Says nothing of whether a grant has it."""
    if not token.startswith(prefix) or _DIGITS.fullmatch(token, len(prefix)) is None:
        return False
    return _checksum(token[:-CHECKSUM_DIGITS]) == token[-CHECKSUM_DIGITS:]


def digest(token: str, key: bytes) -> str:
    """What is stored and looked up for `token`: keyed BLAKE2b-256, in hex. Without the key no digest can be made or tested."""
    return hashlib.blake2b(
        token.encode("utf-8", "surrogatepass"), digest_size=32, key=key, person=b"yett grant token"
    ).hexdigest()


def token_key(state_dir: Path) -> bytes:
    """The installation's key for `digest`, made by whoever asks first (`token.key`, 0600).

    Errors: `OperatorFault` where the file is of the wrong length or others may use it: no token is judged then.
    """
    path = state_dir / KEY_FILE
    key = create_private(path, secrets.token_bytes(KEY_BYTES))
    if len(key) != KEY_BYTES:
        raise OperatorFault(
            f"`{path}` holds {len(key)} bytes instead of {KEY_BYTES}; restore it, or remove it and rotate every grant"
        )
    return key


def _base62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        text = _ALPHABET[digit] + text
    assert number == 0, "the number has more digits than it may"
    return text


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode("ascii")), CHECKSUM_DIGITS)
