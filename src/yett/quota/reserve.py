"""The one place where it is decided whether charges fit. Pure; stores and the policy engine both call it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yett.quota.charge import Amount, Buckets, Charge, CounterKey, Usage, add
from yett.quota.windows import NS, Window

_EMPTY: Buckets = {}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first charge, in the order given, that does not fit."""

    charge: Charge
    retry_after_s: int | None
    """Whole seconds, rounded up, until it could fit; None where what the call adds alone exceeds the maximum."""


def current_bucket(window: Window, buckets: Buckets, now_ns: int) -> int:
    """The bucket that a charge made now falls into.

    Time does not run backwards: after a clock step back a counter stays in the newest bucket in which it was charged.
    """
    return max(window.bucket(now_ns), max(buckets, default=-(2**62)))


def counted(window: Window, buckets: Buckets, now_ns: int) -> Amount:
    """What counts against a limit on this counter now."""
    newest = current_bucket(window, buckets, now_ns)
    total: Amount = 0
    for bucket, amount in buckets.items():
        if newest - window.buckets_counted < bucket <= newest:
            total = add(total, amount)
    return total


def refusal(charges: Sequence[Charge], usage: Usage, now_ns: int) -> Refusal | None:
    """None if all charges fit together; else the first that does not.

    Two charges on one counter both add, and each is checked against the counter plus all that the call adds to it. The value
    after the call may equal the maximum.
    """
    added = totals(charges)
    for charge in charges:
        key, buckets = charge.key, usage.get(charge.key, _EMPTY)
        if add(counted(key.window, buckets, now_ns), added[key]) > charge.maximum:
            return Refusal(charge, _retry_after(charge, added[key], buckets, now_ns))
    return None


def totals(charges: Iterable[Charge]) -> dict[CounterKey, Amount]:
    """What the charges add to each counter in all."""
    added: dict[CounterKey, Amount] = {}
    for charge in charges:
        added[charge.key] = add(added.get(charge.key, 0), charge.amount)
    return added


def _retry_after(charge: Charge, added: Amount, buckets: Buckets, now_ns: int) -> int | None:
    if added > charge.maximum:
        return None
    window = charge.key.window
    newest = current_bucket(window, buckets, now_ns)
    first = newest - window.buckets_counted + 1
    total = counted(window, buckets, now_ns)
    for bucket in sorted(bucket for bucket in buckets if first <= bucket <= newest):
        total = add(total, -buckets[bucket])
        if add(total, added) <= charge.maximum:
            wait_ns = window.opens(bucket + window.buckets_counted) - now_ns
            return max(1, -(-wait_ns // NS))
    return None
