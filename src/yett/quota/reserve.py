"""The one place where it is decided whether charges fit. Pure; stores and the policy engine both call it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from yett.quota.charge import Amount, Buckets, Charge, CounterKey, Usage, add
from yett.quota.windows import NS, Window

_EMPTY: Buckets = {}
_ONLY_INT: Final = frozenset({int})


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first charge, in the order given, that does not fit."""

    charge: Charge
    retry_after_s: int | None
    """Whole seconds, rounded up, until it could fit; None where what the call adds alone exceeds the maximum."""


def current_bucket(window: Window, buckets: Buckets, now_ns: int) -> int:
    """The bucket that a charge made now falls into.

    Time does not run backwards: after a clock step back a counter stays in the newest bucket in which it was charged, also
    where what was charged there was given back.
    """
    bucket = window.bucket(now_ns)
    return max(bucket, *buckets) if buckets else bucket


def counted(window: Window, buckets: Buckets, now_ns: int) -> Amount:
    """What counts against a limit on this counter now."""
    if not buckets:
        return 0
    return _counted_at(window, buckets, max(window.bucket(now_ns), *buckets))


def refusal(charges: Sequence[Charge], usage: Usage, now_ns: int) -> Refusal | None:
    """None if all charges fit together; else the first that does not.

    Two charges on one counter both add, and each is checked against the counter plus all that the call adds to it. The value
    after the call may equal the maximum.
    """
    alone = len({charge.key for charge in charges}) == len(charges)  # nearly always; then there is nothing to sum up
    added = {} if alone else totals(charges)
    for charge in charges:
        key = charge.key
        buckets = usage.get(key, _EMPTY)
        plus = charge.amount if alone else added[key]
        if add(counted(key.window, buckets, now_ns), plus) > charge.maximum:
            return Refusal(charge, _retry_after(charge, plus, buckets, now_ns))
    return None


def totals(charges: Iterable[Charge]) -> dict[CounterKey, Amount]:
    """What the charges add to each counter in all."""
    added: dict[CounterKey, Amount] = {}
    for charge in charges:
        key = charge.key
        before = added.get(key)
        added[key] = charge.amount if before is None else add(before, charge.amount)
    return added


def _counted_at(window: Window, buckets: Buckets, newest: int) -> Amount:
    if not window.sliding:
        return buckets.get(newest, 0)
    closed = newest - window.buckets_counted
    counting = [amount for bucket, amount in buckets.items() if closed < bucket <= newest]
    if _ONLY_INT.issuperset(map(type, counting)):
        return sum(counting)
    return reduce(add, counting)


def _retry_after(charge: Charge, added: Amount, buckets: Buckets, now_ns: int) -> int | None:
    """The first whole second from now at which what counts, plus `added`, fits, if nothing else is charged until then."""
    if added > charge.maximum:
        return None
    window = charge.key.window
    newest = current_bucket(window, buckets, now_ns)
    # A bucket leaves the count when `buckets_counted` buckets have opened after it; the oldest leaves first.
    for bucket in sorted(bucket for bucket in buckets if newest - window.buckets_counted < bucket <= newest):
        later = bucket + window.buckets_counted
        if add(_counted_at(window, buckets, later), added) <= charge.maximum:
            return -(-(window.opens(later) - now_ns) // NS)
    return None
