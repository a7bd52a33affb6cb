"""Characters that show nothing, or another thing than they are: tags, zero widths, directions, selectors, private use. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_HIDING: Final = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U0010ffff\ud800-\udfff]"
)
_FLAG: Final = "\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{3,6}\U000e007f"
"""The flags of parts of countries: the one honest use of tag characters."""
_EITHER: Final = re.compile(f"{_FLAG}|{_HIDING}")
_SELECTORS: Final = frozenset("\ufe0e\ufe0f")
_JOINERS: Final = frozenset("\u200c\u200d")
_MARKS: Final = frozenset("\u200e\u200f\u061c")
_RTL: Final = frozenset({"R", "AL"})


def every_hidden(text: str) -> Iterator[int]:
    """Where characters stand that hide something."""
    if text.isascii() and text.isprintable():
        return
    for found in _EITHER.finditer(text):
        if len(found[0]) == 1 and not _is_honest(text, found.start()):
            yield found.start()


def _is_honest(text: str, at: int) -> bool:
    """Whether a character does there what it is made for."""
    one, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if one in _SELECTORS:
        return bool(before) and (before in "#*0123456789" or unicodedata.category(before) in {"So", "Sm", "Sk", "Po", "Pd", "Lo"})
    if one in _JOINERS:
        return bool(before and after) and _joins(before) and _joins(after)
    return one in _MARKS and any(
        unicodedata.bidirectional(near) in _RTL for near in text[max(0, at - 40) : at + 40] if near not in _MARKS
    )


def _joins(one: str) -> bool:
    """Whether a joiner may stand beside: a picture, or a letter of a script that joins."""
    return (
        one in _SELECTORS
        or unicodedata.category(one) in {"So", "Sk"}
        or (one > "\u0600" and unicodedata.category(one)[0] in "LM")
    )
