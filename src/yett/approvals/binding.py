"""What an approval is bound to: one digest of the exact call, and one of each of its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

from yett.protocol.strict_json import JsonValue, canonical

BINDING_BYTES: Final = 32
MEMBER_BYTES: Final = 16


def binding(parts: Sequence[str | None], arguments: Mapping[str, JsonValue], key: bytes) -> str:
    """The digest of a call: who, where, what (`parts`), and its canonical arguments (RFC 8785, numbers by exact value)."""
    text = canonical([*parts, dict(arguments)])
    return blake2b(text, digest_size=BINDING_BYTES, key=key, person=b"yett approval").hexdigest()


def members(arguments: Mapping[str, JsonValue], key: bytes) -> dict[str, str]:
    """Each top-level argument with a keyed digest of its value, which tells nothing without the key."""
    return {name: _digest(name, value, key) for name, value in arguments.items()}


def _digest(name: str, value: JsonValue, key: bytes) -> str:
    return blake2b(canonical([name, value]), digest_size=MEMBER_BYTES, key=key, person=b"yett argument").hexdigest()
