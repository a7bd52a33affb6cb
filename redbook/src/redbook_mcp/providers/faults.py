"""What a service's refusal means, in our codes. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.providers.secrets import scrub
from redbook_mcp.secret import Secret

TIMEOUT_STATUSES: Final = frozenset({408, 504, 522, 524})
"""A gateway gave up waiting for the model, which may go on and be paid: never asked again unasked."""
RETRIED_STATUSES: Final = frozenset({429, 500, 502, 503, 529})

_MODERATION_CODES: Final = re.compile(
    r"(?i)moderation|content[_-]?(policy|filter)|sensitive_?content|data_?inspection|unsafe|prohibited|safety|policyviolation"
)
_MODERATION_WORDS: Final = re.compile(
    r"(?i)safety system|content policy|content management policy|inappropriate content|sensitive (information|content)"
    r"|内容安全|敏感|违规"
)
_KEY_CODES: Final = re.compile(r"(?i)api_?key_?(invalid|expired|not_valid)|invalid_?api_?key|invalidapikey|unauthenticated")
_MONEY_CODES: Final = re.compile(
    r"(?i)insufficient_(quota|balance|user_quota)|billing_hard_limit|arrearage|allocationquota.freetier"
)
_UNKNOWN_WORDS: Final = re.compile(
    r"(?i)unknown|unsupported|not supported|unrecognized|unexpected|not permitted|extra (inputs|fields)|not allowed"
    r"|does not support"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """The service's own words, as far as it gave any; the strings may be empty."""

    code: str = ""
    type: str = ""
    param: str = ""
    message: str = ""
    reasons: str = ""
    """Of the details that Google's services add."""
    delay_s: float | None = None
    """How long to wait, where the body says so."""

    @property
    def is_moderation(self) -> bool:
        labels = f"{self.code} {self.type} {self.reasons}"
        return bool(_MODERATION_CODES.search(labels) or _MODERATION_WORDS.search(self.message))

    def unknown_parameter(self, names: Iterable[str]) -> str | None:
        """Which of these members of the request the service does not know; None if it complains of something else."""
        if not _UNKNOWN_WORDS.search(f"{self.code} {self.message}"):
            return None
        known = tuple(names)
        if self.param in known:
            return self.param
        return next((name for name in known if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", self.message)), None)


def read_fault(body: bytes) -> Fault:
    """The refusal in a body: OpenAI's, Google's, DashScope's and plain shapes; an unreadable one is all message."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return Fault(message=body.decode("utf-8", "replace"))
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return Fault(message=body.decode("utf-8", "replace"))
    inner = value.get("error", value)
    if not isinstance(inner, dict):
        return Fault(message=_text(inner) or body.decode("utf-8", "replace"))
    return fault_of(inner)


def fault_of(inner: dict[str, object]) -> Fault:
    """The refusal in an error object."""
    details = inner.get("details")
    entries = [entry for entry in details if isinstance(entry, dict)] if isinstance(details, list) else []
    delays = [seconds for entry in entries if (seconds := _duration(entry.get("retryDelay"))) is not None]
    return Fault(
        code=_text(inner.get("code")) or _text(inner.get("status")),
        type=_text(inner.get("type")) or _text(inner.get("status")),
        param=_text(inner.get("param")),
        message=_text(inner.get("message")) or _text(inner.get("msg")) or json.dumps(inner, ensure_ascii=False),
        reasons=" ".join(_text(entry.get("reason")) for entry in entries),
        delay_s=delays[0] if delays else None,
    )


def error_of(provider: str, status: int, body: bytes, secrets: Iterable[Secret]) -> RedBookError:
    """What to tell the caller about an answer that is no success."""
    fault = read_fault(body)
    said = scrub(fault.message, secrets) or "no reason given"
    code, advice, retryable = _verdict(status, fault)
    # A refusal before the model ran costs nothing; after moderation, a time-out or a crash nobody knows.
    unbilled = code in {Code.PROVIDER_AUTH, Code.PROVIDER_RATE_LIMITED, Code.GENERATION_FAILED}
    return RedBookError(code, f"{provider}: {advice} (HTTP {status}): {said}", retryable=retryable, unbilled=unbilled)


def blocked(provider: str, why: str, secrets: Iterable[Secret] = ()) -> RedBookError:
    """The service would not paint that."""
    return RedBookError(
        Code.CONTENT_BLOCKED, f"{provider}: the service's content rules blocked this page; change its text: {scrub(why, secrets)}"
    )


def bad_reply(provider: str, why: str, quoted: str = "", secrets: Iterable[Secret] = ()) -> RedBookError:
    """An answer that says success and has no picture that can be used; the next one may."""
    said = f": {scrub(quoted, secrets)}" if quoted else ""
    return RedBookError(Code.PROVIDER_BAD_RESPONSE, f"{provider}: {scrub(why, secrets)}{said}", retryable=True)


def _verdict(status: int, fault: Fault) -> tuple[Code, str, bool]:
    """Code, advice, retryable."""
    labels = f"{fault.code} {fault.type} {fault.reasons}"
    if status == 451 or (400 <= status < 500 and status not in {401, 429} and fault.is_moderation):
        return Code.CONTENT_BLOCKED, "the service's content rules blocked this page; change its text", False
    if status in {401, 402, 403} or _KEY_CODES.search(labels):
        return Code.PROVIDER_AUTH, "the key was refused or its account may not do this; check key, model and balance", False
    if _MONEY_CODES.search(labels):
        return Code.PROVIDER_RATE_LIMITED, "the account's quota or balance is used up", False
    if status == 429:
        return Code.PROVIDER_RATE_LIMITED, "too many requests; try again later", True
    if status in TIMEOUT_STATUSES:
        return Code.TIMEOUT, "the service gave up waiting for its model; the picture may have been billed", True
    if status >= 500:
        return Code.PROVIDER_UNAVAILABLE, "the service failed; try again later", True
    if 300 <= status < 400:
        return Code.PROVIDER_BAD_RESPONSE, "the service sent us elsewhere; check the base URL", False
    return Code.GENERATION_FAILED, "the service refused the request; check model, endpoint and parameters", False


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _duration(value: object) -> float | None:
    """Seconds of a protobuf duration such as `58.934s`."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)s", value) if isinstance(value, str) else None
    return float(found[1]) if found else None
