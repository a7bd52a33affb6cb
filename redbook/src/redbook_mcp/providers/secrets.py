"""What may be quoted of an answer: a short text without keys, without pictures and without control characters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from redbook_mcp.secret import Secret

QUOTED_MAX: Final = 500
"""Characters of somebody else's text in a message of ours."""
READ_MAX: Final = 64 * 1024
"""Characters that are looked at: an answer may be a whole picture."""
MASK: Final = "***"

_BASE64_RUN: Final = re.compile(r"(?:data:[\w.+/-]{1,60};base64,)?[A-Za-z0-9+/_-]{64,}={0,2}")
_CREDENTIALS: Final = re.compile(
    r"(?i)\b(bearer|basic)\s+[^\s\"',;]+"
    r"|\b(x-goog-api-key|x-api-key|api[-_]?key|authorization|access[-_]?token|signature|token|key)([\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;}]+"
    r"|\b(sk|pk|ak|rk)-[\w*.-]{6,}"
    r"|\bAIza[\w-]{10,}"
)
_QUERY: Final = re.compile(r"(https?://[^\s\"'<>?#]{1,2000})[?#][^\s\"'<>]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff\ud800-\udfff\s]+")


def scrub(text: str, secrets: Iterable[Secret] = (), *, limit: int = QUOTED_MAX) -> str:
    """One line of at most `limit` characters that names no secret, no credential, no signed address and no file's bytes.

    The secrets go first and from the whole text, so that no cut leaves half of one behind.
    """
    spellings = _spellings(secrets)
    for spelling in spellings:
        # A host name comes back in lower case.
        text = re.sub(re.escape(spelling), MASK, text, flags=re.IGNORECASE)
    if len(text) > READ_MAX:
        text = text[:READ_MAX]
    text = _CONTROL.sub(" ", text).strip()
    text = _QUERY.sub(r"\1", text)
    text = _CREDENTIALS.sub(_masked, text)
    text = _BASE64_RUN.sub("[bytes]", text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _spellings(secrets: Iterable[Secret]) -> list[str]:
    """Every way in which an answer may repeat a secret, the longest first."""
    values = [value for secret in secrets if (value := secret.reveal())]
    return sorted({spelling for value in values for spelling in (value, quote(value, safe=""))}, key=len, reverse=True)


def _masked(found: re.Match[str]) -> str:
    scheme, name, between = found[1], found[2], found[3]
    if scheme:
        return f"{scheme} {MASK}"
    if name:
        return f"{name}{between}{MASK}"
    return MASK
