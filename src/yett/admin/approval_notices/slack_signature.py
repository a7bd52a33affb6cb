"""Whether a request comes from Slack, and for the first time (https://api.slack.com/authentication/verifying-requests-from-slack)."""

from __future__ import annotations

import hmac
import threading
from collections import OrderedDict
from hashlib import sha256
from typing import Final

FRESH_S: Final = 300
"""How old a request may be."""
SEEN_MAX: Final = 10_000
"""Signatures that are remembered; Slack sends far fewer in the time in which one is good."""
VERSION: Final = "v0"


class SlackSignature:
    """Checks signatures. For any number of threads."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def problem(self, secret: str, timestamp: str, signature: str, body: bytes, now_s: int) -> str | None:
        """Why a request is not taken; None where it is, once."""
        if not (timestamp.isascii() and timestamp.isdecimal()) or len(timestamp) > 12:
            return "it has no timestamp"
        if abs(now_s - int(timestamp)) > FRESH_S:
            return "it is too old, or from a clock that is wrong"
        signed = hmac.new(secret.encode(), f"{VERSION}:{timestamp}:".encode() + body, sha256).hexdigest()
        if not hmac.compare_digest(f"{VERSION}={signed}".encode(), signature.encode("utf-8", "surrogateescape")):
            return "its signature is not that of the app"
        with self._lock:
            self._forget(now_s)
            if signature in self._seen:
                return "it came before"
            if len(self._seen) >= SEEN_MAX:
                return "too many requests at once"
            self._seen[signature] = now_s
        return None

    def _forget(self, now_s: int) -> None:
        while self._seen and next(iter(self._seen.values())) < now_s - 2 * FRESH_S:
            self._seen.popitem(last=False)
