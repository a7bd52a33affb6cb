"""Word lists as they are easiest to read and to extend: a text with blanks between."""

from __future__ import annotations


def listed(text: str) -> frozenset[str]:
    """The words of `text`."""
    return frozenset(text.split())
