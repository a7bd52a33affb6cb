"""Whether a text speaks of an attack rather than being one: tools that guard against them, and their documentation, do. Pure."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import re2

_CONTEXT: Final = 120
"""Characters around, of which the sense is taken."""
_OPENING: Final = re.compile(r"""(?:^|[\s(\[:=#>])['"`\u201c\u2018\u00ab]""")
_CLOSING: Final = re.compile(r"""['"`\u201d\u2019\u00bb](?=$|[\s.,;:#)\]!?])""")
_LABEL: Final = (
    r"(?:\be\.g\.,?|\bfor (?:example|instance),?|\bsuch as|\bexamples? ?:|(?:sample|expected|mock|example"
    r"|canned|test|fixture|dummy|stub"
    r"|demo|illustrative|placeholder|simulated|fake|typical|golden|reference|recorded|captured)(?:[ -]\w+)?[ -]"
    r"(?:response|output|reply"
    r"|input|prompt|text|string|result|payload|message|query|request|completion|answer|case|transcript"
    r"|template|snippet|body|phrase"
    r"|value|data|document|instruction|injection)s? ?(?:[:=]|is:?)) ?['\"`\x{201c}]?$"
)
_SPEAKING: Final = (
    r"\b(?:phrases?|examples?|quot\w+|detect\w*|flag(?:s|ged)?|fixtures?|samples?|patterns?|attacks?|injections?|guardrails?"
    r"|document\w*|training|trainer|explain\w*|discuss\w*|research|regression|classif\w+|refus\w+|threat\w*"
    r"|unsafe|scan\w*|such as"
    r"|like|tries|strings?|block(?:s|ed)|test data|annotat\w+|analysts?|slide|quiz|workshop|readme"
    r"|docs|review\w*|guid(?:ance|e)|untrusted"
    r"|says?|saying|said|states|mention\w*|appears?|lists?|describ\w+|illustrat\w+|transcript|snapshot|writeup|article|blog|paper"
    r"|malicious|suspicious|jailbreaks?|red[- ]team\w*|adversar\w+|defen[cs]e\w*|awareness|lesson|course"
    r"|exercise|students?|corpus|corpora"
    r"|benchmark|dataset|evaluat\w+|changelog|release notes|advisory|bulletin|warn\w*|detector|linter|const|assert\w*|comment)\b"
)
_AGAINST: Final = (
    r"\b(?:detect|flag|block|prevent|reject|refuse|guard|protect|defend|sanitiz|sanitis|strip|redact"
    r"|filter|den(?:y|ie)|forbid|warn|alert)"
    r"\w*\b[^.!?:;]{0,80}$|\b(?:scan|check|search|look|test|monitor|screen|inspect|audit|lint|watch)\w*\b[^.!?:;]{0,40"
    r"}\bfor\b[^.!?:;]{0,60}$"
    r"|\b(?:does not|doesn't|do not|don't|never|cannot|can't|can not|will not|won't|not|no|without"
    r"|refuses? to|must not) (?:\w+,? ){0,3}$"
)
"""Before what a tool says that it finds, or does not do."""


def is_mention(code: str, text: str, start: int, end: int) -> bool:
    """Whether a text speaks of what stands there, rather than saying it: as a quotation, an example, or what it guar"
    "ds against."""
    before, after = text[max(0, start - _CONTEXT) : start], text[end : end + _CONTEXT]
    if _label().search(before) or (code not in _NEGATIVE and _against().search(before)):
        return True
    opened = max((found.end() for found in _OPENING.finditer(text, max(0, start - _CONTEXT), end)), default=None)
    if code in _NEVER_QUOTED or opened is None or _CLOSING.search(text, opened, end) or not _CLOSING.search(after[:60]):
        return False
    return bool(_speaking().search(f"{text[max(0, start - _CONTEXT) : opened]} | {after}"))


_NEGATIVE: Final = frozenset({"conceals"})
"""What is said with a negation itself."""
_NEVER_QUOTED: Final = frozenset({"secret_files"})


@cache
def _label() -> Any:
    return re2.compile(_LABEL)


@cache
def _against() -> Any:
    return re2.compile(_AGAINST)


@cache
def _speaking() -> Any:
    return re2.compile(_SPEAKING)
