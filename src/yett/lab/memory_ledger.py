"""The ledger in its simplest form: one dict, no clock of its own, nothing durable.

Scenario files run on it, and the real store is tested against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from yett.policy.decision import Decision, Effect
from yett.policy.outcome import after_reserve
from yett.quota.charge import Amount, Charge, CounterKey, Usage, add
from yett.quota.reserve import current_bucket, refusal, totals


@dataclass(frozen=True, slots=True)
class Hold:
    """What one call holds: units on a counter, in the bucket in which they were reserved."""

    key: CounterKey
    bucket: int
    amount: Amount


@dataclass
class MemoryLedger:
    """The synchronous core of `yett.ports.Ledger`."""

    holds: tuple[Hold, ...] = ()
    """What the latest admitted call holds; empty where it was denied or has no limits."""
    _counters: dict[CounterKey, dict[int, Amount]] = field(default_factory=dict)

    def usage(self, keys: Iterable[CounterKey], now_ns: int) -> Usage:
        """The present content of these counters."""
        return {key: dict(self._counters[key]) for key in keys if key in self._counters}

    def admit_now(self, decision: Decision, now_ns: int) -> Decision:
        """Reserve all charges of `decision`, or none, and return the final decision. `holds` says what is held."""
        self.holds = ()
        if not decision.effect.forwards:
            return decision
        refused = refusal(decision.charges, self._counters, now_ns)
        shadow = decision.shadow_charges if decision.effect is Effect.ALLOW else ()
        shadow_refused = refusal(shadow, self._counters, now_ns)
        if refused is None:
            self.holds = self._reserve((*decision.charges, *(() if shadow_refused else shadow)), now_ns)
        return after_reserve(decision, refused, shadow_refused)

    def settle(self, holds: Iterable[Hold], *, ran: bool) -> None:
        """Settle a call that held `holds`: what surely did not run (`ran` False) gives its units back."""
        if ran:
            return
        for hold in holds:
            buckets = self._counters.get(hold.key, {})
            # A reset in between took the bucket away: there is nothing left to give back.
            if hold.bucket in buckets:
                left = add(buckets[hold.bucket], -hold.amount)
                buckets[hold.bucket] = left if left > 0 else 0

    def reset(self, key: CounterKey) -> None:
        """Empty one counter."""
        self._counters.pop(key, None)

    def _reserve(self, charges: Sequence[Charge], now_ns: int) -> tuple[Hold, ...]:
        holds = []
        for key, amount in totals(charges).items():
            buckets = self._counters.setdefault(key, {})
            bucket = current_bucket(key.window, buckets, now_ns)
            buckets[bucket] = add(buckets.get(bucket, 0), amount)
            holds.append(Hold(key, bucket, amount))
        return tuple(holds)
