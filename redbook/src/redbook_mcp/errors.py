"""What can go wrong, in the words of the wire: each error has one stable code."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """The codes of `{"error": {"code": …}}`. The first seven are the original server's."""

    INVALID_INPUT = "INVALID_INPUT"
    PROJECT_NOT_FOUND = "PROJECT_NOT_FOUND"
    PARSE_FAILED = "PARSE_FAILED"
    PARSE_ERROR = "PARSE_ERROR"
    UPDATE_FAILED = "UPDATE_FAILED"
    GENERATION_FAILED = "GENERATION_FAILED"
    RETRIEVAL_FAILED = "RETRIEVAL_FAILED"
    PROVIDER_AUTH = "PROVIDER_AUTH"
    PROVIDER_RATE_LIMITED = "PROVIDER_RATE_LIMITED"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    PROVIDER_BAD_RESPONSE = "PROVIDER_BAD_RESPONSE"
    CONTENT_BLOCKED = "CONTENT_BLOCKED"
    TIMEOUT = "TIMEOUT"
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED"
    TEXT_OVERFLOW = "TEXT_OVERFLOW"
    CONFLICT = "CONFLICT"
    UNSAFE_PATH = "UNSAFE_PATH"
    TOO_MANY_PAGES = "TOO_MANY_PAGES"


class RedBookError(Exception):
    """One failure with its code, a sentence that names the place and the remedy, and whether trying again may help.

    The message is shown to the caller as it stands: it never holds a key, and quotes at most 500 characters of what
    somebody else sent. `unbilled` says that the request surely cost nothing: it never reached the provider's model.
    """

    def __init__(self, code: Code, message: str, *, retryable: bool = False, unbilled: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.unbilled = unbilled
