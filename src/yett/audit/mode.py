"""When a decision record counts as written."""

from __future__ import annotations

from enum import Enum


class AuditMode(Enum):
    """The setting `audit.mode`; `AuditMode("strict")` reads it."""

    STRICT = "strict"
    """No call is forwarded before its decision record is durable."""
    RELAXED = "relaxed"
    """Records of calls without limits are queued and written a little later; a full queue denies."""
