"""Quotations from texts that nobody trusts: short, on one line, nothing invisible in them."""

from __future__ import annotations

import json
import re
from typing import Final

import msgspec

from yett.policy.json_value import JsonValue

QUOTE_MAX: Final = 160
"""Characters of a quotation."""
_LOOKED_AT: Final = 4 * QUOTE_MAX
_BLANKS: Final = re.compile(r"[ \t\r\n\f\v\u00a0\u3000]+")
INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
"""Characters that show nothing, reorder text, or carry hidden tags."""
_PLAIN: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
"""Those of ASCII."""


def quoted(text: str, most: int = QUOTE_MAX) -> str:
    """The start of `text` on one line, at most so many characters, with invisible characters written out."""
    start = text[:_LOOKED_AT]
    if start.isascii() and start.isprintable() and "  " not in start:  # which is nearly always so, and quickly told
        shown = start.strip()
    else:
        shown = INVISIBLE.sub(_escape, _BLANKS.sub(" ", start).strip())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def visible(text: str) -> str:
    """The whole of `text`, its lines kept, with invisible characters written out."""
    return text if text.isascii() and _PLAIN.search(text) is None else INVISIBLE.sub(_escape, text)


def json_text(value: JsonValue) -> str:
    """JSON as people read it; invisible characters are written out, which means the same."""
    try:
        # The standard library's indenting is ten times as slow, which shows on the page of a large server.
        text = msgspec.json.format(json.dumps(value, ensure_ascii=False), indent=2)
    except ValueError:  # half of a surrogate pair
        text = json.dumps(value, indent=2, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:  # other controls are written out already
        return text
    return INVISIBLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
