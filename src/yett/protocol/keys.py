"""Look-alike members: keys that another JSON reader may take for one of the protocol's own.

Some peers match keys without regard to letter case or stop at a NUL; what they would read is not what was judged
(CVE-2026-27896 and its kind). Such keys are refused at the levels that the protocol itself defines.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Set
from typing import Final

from yett.protocol.methods import ENVELOPE_META_KEYS

# fmt: off
RESERVED: Final = frozenset(
    {
        "jsonrpc", "id", "method", "params", "result", "error", "name", "uri", "arguments", "_meta", "cursor", "task",
        "taskId", "inputResponses", "requestState", "ref", "argument", "notifications", "protocolVersion", "capabilities",
        "clientInfo", "level", "requestId", "progressToken", "progress", "total", "reason", "message", "tools", "nextCursor",
        "resultType", "inputRequests", "cacheScope", "inputSchema", "isError", "content", "structuredContent", "code", "data",
        "resources", "resourceTemplates", "uriTemplate", "contents", "prompts", "messages", "completion", "context",
        "tasks"
    }
)
# fmt: on


def fold(key: str) -> str:
    """`key` as the laxest reader may see it: compatibility forms and letter case folded; blanks, controls, invisibles gone."""
    if key.isascii() and key.isprintable():
        return key.lower().replace(" ", "")
    compatible = unicodedata.normalize("NFKC", key).casefold()
    visible = "".join(character for character in compatible if unicodedata.category(character)[0] not in "CZ")
    return unicodedata.normalize("NFKC", visible)


_FOLDED: Final = frozenset(map(fold, RESERVED))
_REFERENCE: Final = frozenset({"type", "name", "uri"})
_FOLDED_META: Final = frozenset(map(fold, (*ENVELOPE_META_KEYS, "progressToken")))
_META: Final = ENVELOPE_META_KEYS | {"progressToken"}


def has_look_alike(keys: Set[str]) -> bool:
    """Whether a key is not one of the protocol's own but may be taken for one."""
    return not keys <= RESERVED and any(fold(key) in _FOLDED for key in keys - RESERVED)


def has_meta_look_alike(keys: Set[str]) -> bool:
    """The same for the members of `_meta` that this gateway reads."""
    return not keys <= _META and any(fold(key) in _FOLDED_META for key in keys - _META)


def has_reference_look_alike(keys: Set[str]) -> bool:
    """The same for the members of a completion's `ref`."""
    return any(fold(key) in _REFERENCE for key in keys - _REFERENCE)
