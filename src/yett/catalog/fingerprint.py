"""A short name for a tool's definition: another one as soon as anything changes that its class was judged by."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Final

from yett.policy.json_value import JsonValue

JUDGED: Final = ("name", "title", "description", "inputSchema", "annotations")
"""The members of a definition that the classifier reads."""
DIGEST_BYTES: Final = 16
"""Whoever writes the definitions may look for two that share a name: that takes 2 to the 64 of them."""


def fingerprint(value: JsonValue) -> str | None:
    """That of a definition, whatever the order of its members; None for one that cannot be written out."""
    if not isinstance(value, dict):
        return None
    judged = {key: value[key] for key in JUDGED if key in value}
    try:
        text = json.dumps(judged, sort_keys=True, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        return None
    return blake2b(text.encode(), digest_size=DIGEST_BYTES, person=b"yett definition").hexdigest()
