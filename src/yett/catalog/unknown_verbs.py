"""Whether a description without a known verb begins with an unknown one: such a tool does something, nobody knows what."""

from __future__ import annotations

import re
from typing import Final

from yett.catalog.listed import listed

LOOKED_AT_MAX: Final = 2000
"""Characters that are looked at."""
_UNKNOWN: Final = re.compile(
    r"\s*(?:this tool |it )?([a-z]{3,})\s+(?:a|an|the|all|your|this|one|some|multiple|its|any)\b", re.IGNORECASE
)
_UNSPACED: Final = re.compile(r"[\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def begins_with_unknown_verb(text: str) -> bool:
    """Whether a text without a known verb seems to begin with one (`Shut a port`), or cannot be told (other scripts)."""
    text = text[:LOOKED_AT_MAX]
    found = _UNKNOWN.match(text)
    return (found is not None and found[1].lower() not in _NO_VERBS) or bool(_UNSPACED.search(text))


_NO_VERBS: Final = listed("""
    for with from about into where what how when which whether this that these those and all not one some
""")
