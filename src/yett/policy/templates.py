"""URI templates (RFC 6570), as far as policies look at them: text with gaps. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from typing import Final

from yett.policy.locations import is_normal_uri

_EXPRESSION: Final = re.compile(r"\{[^{}]*\}")
_FIRST: Final = ("x", "x:x", "1", "")
_OTHERS: Final = ("x", "1", "")
"""What an expression may become: one of them fits wherever anything does (a scheme, a whole URI, a port, nothing)."""


def parts_of(template: str) -> list[str]:
    """The literal text before, between and after the expressions; one part where there is none.

    An expression counts as any run of characters, whatever its operator: that shows a template rather than hides it, and
    nothing else depends on it, for what is read is judged by its URI.
    """
    return _EXPRESSION.split(template)


def stands_for_uris(parts: Sequence[str]) -> bool:
    """Whether a template can become a URI in normal form; no other may be read."""
    first, *rest = parts
    if not rest:
        return is_normal_uri(first)
    return any(is_normal_uri(first + gap + other.join(rest)) for gap, other in product(_FIRST, _OTHERS))
