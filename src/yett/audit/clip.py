"""Text of strangers, cut to what a log can hold. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Final

REDACTION: Final = 1
"""Version of what a record keeps of a call's arguments: the sorted names of the topmost ones, within the bounds below, and a
keyed digest of all of them; no value. What keeps anything else has another number."""
TEXT_MAX: Final = 1_024
"""Characters of a name that are kept: far beyond any real tool, far below what would fill a disk."""
KEY_MAX: Final = 128
KEYS_MAX: Final = 64
"""Argument names that are kept."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_$.\- ]*")
_DIGEST_DIGITS: Final = 16
_to_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # `json.dumps` makes one at each call


def clip(text: str, most: int = TEXT_MAX) -> str:
    """`text`, or its beginning with its length and digest where it is longer than `most` characters."""
    if len(text) <= most:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_DIGITS]
    return f"{text[:most]}… ({len(text)} characters, sha256 {digest}…)"


def clean(text: str) -> str:
    """`text` as valid Unicode: lone surrogates are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def clip_keys(keys: Sequence[str]) -> str:
    """Argument names as a JSON list of bounded length."""
    together = "".join(keys)
    if len(keys) <= KEYS_MAX and len(together) <= KEY_MAX and _PLAIN.fullmatch(together):
        return '["' + '","'.join(keys) + '"]' if keys else "[]"  # what nearly every call has, at a third of the time
    kept = [clip(key, KEY_MAX) for key in keys[:KEYS_MAX]]
    if len(keys) > KEYS_MAX:
        kept.append(f"… {len(keys) - KEYS_MAX} more")
    return _to_json(kept)
