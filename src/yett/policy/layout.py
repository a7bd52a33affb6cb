"""A policy document as text that people read and compare line by line."""

from __future__ import annotations

import json
from typing import Final

LINE: Final = 100
"""Columns up to which JSON stays on one line, without the key before it."""


def laid_out(value: object, indent: str = "") -> str:
    """JSON with what fits into a line on one line; the document itself never."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (indent and len(indent) + len(flat) <= LINE):
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key, ensure_ascii=False)}: {laid_out(member, inner)}" for key, member in value.items()]
    else:
        parts = [inner + laid_out(element, inner) for element in value]
    first, last = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return f"{first}\n" + ",\n".join(parts) + f"\n{indent}{last}"
