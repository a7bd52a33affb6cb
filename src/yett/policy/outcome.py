"""What becomes of a decision once its limits were reserved for real, or were not. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from yett.policy.decision import Code, Decision, Effect
from yett.quota.charge import Amount
from yett.quota.reserve import Refusal
from yett.quota.windows import Window

_SCOPE_WORDS: Final = {
    "grant": "this grant",
    "session": "this session",
    "server": "this server",
    "organisation": "the organisation",
}
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def after_reserve(decision: Decision, refused: Refusal | None, shadow_refused: Refusal | None) -> Decision:
    """The final decision of a call that was judged to be forwarded.

    `refused` is the first enforced charge that did not fit: the call is denied and nothing was reserved. `shadow_refused` is
    the first shadow charge that did not fit: the call is forwarded, its enforced charges are held, and the decision says what
    enforcing would have done, unless a shadow rule before it in the order already did.
    """
    if refused is not None:
        return _with_refusal(decision._replace(charges=(), shadow_charges=(), asks=()), Effect.DENY, refused)
    if shadow_refused is not None and decision.effect is Effect.ALLOW:
        return _with_refusal(decision._replace(shadow_charges=()), Effect.WOULD_DENY, shadow_refused)
    return decision


def too_many_requests(decision: Decision) -> Decision:
    """The denial where people would have to be asked, and cannot be asked for more."""
    told = "a person must approve this call first, and too many calls of this grant wait already; let people decide those first"
    return decision._replace(effect=Effect.DENY, code=Code.APPROVALS_FULL, message=told)


def people_said_no(decision: Decision, reason: str | None) -> Decision:
    """The denial of a call that people were asked about and denied."""
    told = "a person denied this very call" + ("" if reason is None else f": {reason}") + "; do not try it again"
    return decision._replace(effect=Effect.DENY, code=Code.APPROVAL_DENIED, message=told)


def limit_message(refusal: Refusal) -> str:
    """What the client is told of a limit that does not fit: its `on_deny`, else a sentence that says when the call would pass."""
    charge = refusal.charge
    if charge.message is not None:
        return charge.message
    key = charge.key
    most = f"{_number(charge.maximum)} {_per(key.window)} for {_SCOPE_WORDS.get(key.scope, key.scope)}"
    if refusal.retry_after_s is None:
        return f"limit `{key.name}` ({most}) cannot hold what this call adds; ask for no more than the limit"
    return f"limit `{key.name}` ({most}) would be exceeded; it opens again in {_duration(refusal.retry_after_s)}"


def _with_refusal(decision: Decision, effect: Effect, refusal: Refusal) -> Decision:
    return decision._replace(
        effect=effect,
        code=Code.LIMIT_EXCEEDED,
        rule=refusal.charge.rule,
        message=limit_message(refusal),
        retry_after_s=refusal.retry_after_s,
    )


def _per(window: Window) -> str:
    """`a day`, `in any day`, `every 90 s`, `in any 90 s`."""
    if window.name.isdecimal():
        return f"{'in any' if window.sliding else 'every'} {window.name} s"
    if window.sliding:
        return f"in any {window.name}"
    return f"{'an' if window.name == 'hour' else 'a'} {window.name}"


def _number(amount: Amount) -> str:
    """Digits as a person writes them, exponent only where they would be many."""
    if isinstance(amount, Decimal) and -18 < amount.adjusted() < 18:
        return f"{amount:f}"
    return str(amount)


def _duration(seconds: int) -> str:
    """`59 s`, `1 min 30 s`, `1 d 2 h`: exact, without parts that are zero."""
    parts = []
    for unit, length in _UNITS:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)
