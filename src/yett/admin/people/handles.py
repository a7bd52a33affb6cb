"""What opens the control plane: cookies, links, API tokens. They are random, and only their keyed digests are stored.

Each kind has a digest of its own: a cookie that is shown as a link, or a link as a token, is nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final, Literal

from yett.gateway import tokens

API_TOKEN_PREFIX: Final = "yett_api_"  # noqa: S105 - how tokens begin
HANDLE_BYTES: Final = 32
_HANDLE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

Kind = Literal["session", "link", "api token", "flow", "browser", "form", "device", "verifier", "nonce", "attempt"]


def new_handle() -> str:
    """256 random bits, as they stand in a cookie or an address."""
    return secrets.token_urlsafe(HANDLE_BYTES)


def is_handle(text: str) -> bool:
    """Whether `text` could be one of ours."""
    return _HANDLE.fullmatch(text) is not None


def new_api_token() -> str:
    """A token that a secret scanner knows when it sees it; no grant's token looks like it."""
    return tokens.mint(API_TOKEN_PREFIX)


def is_api_token(text: str) -> bool:
    """Whether `text` could be an API token: prefix, length, digits and checksum."""
    return tokens.is_well_formed(text, API_TOKEN_PREFIX)


def digest(kind: Kind, text: str, key: bytes) -> str:
    """What is stored and looked up: keyed BLAKE2b-256, in hex."""
    person = f"yett {kind}".encode()
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32, key=key, person=person).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
