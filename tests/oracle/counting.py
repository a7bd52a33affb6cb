"""Windows and counters, straight from section 4 of the policy language.

Part of the oracle: `Window` is used as a name only; which stretch of time an instant lies in is worked out here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from yett.quota.charge import Amount, Charge, CounterKey
from yett.quota.windows import Window

NS: Final = 10**9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAMED_SECONDS: Final = {"minute": 60, "hour": 3600, "day": 86400}
SLIDING_BEFORE: Final = 60
"""How many sixtieths before the current one count."""


@dataclass(frozen=True)
class Charged:
    """A charge that was made earlier."""

    at_ns: int
    key: CounterKey
    amount: Amount


@dataclass(frozen=True, order=True)
class Stretch:
    """A stretch of time in which charges add up: a calendar window, or one sixtieth of a sliding one."""

    opens_ns: int
    closes_ns: int


def stretch(window: Window, at_ns: int) -> Stretch:
    """The stretch that holds the instant."""
    if window.sliding:
        length = _seconds(window) * NS
        number = at_ns * 60 // length
        return _sixtieth(length, number)
    moment = _EPOCH + timedelta(seconds=at_ns // NS)
    if window.name == "month":
        opens = moment.replace(day=1, hour=0, minute=0, second=0)
        closes = (opens + timedelta(days=32)).replace(day=1)
    elif window.name == "week":
        opens = moment.replace(hour=0, minute=0, second=0) - timedelta(days=moment.isoweekday() - 1)
        closes = opens + timedelta(days=7)
    else:
        length_s = _seconds(window)
        opens = moment - timedelta(seconds=(at_ns // NS) % length_s)
        closes = opens + timedelta(seconds=length_s)
    return Stretch(*(int((instant - _EPOCH) / timedelta(seconds=1)) * NS for instant in (opens, closes)))


def _seconds(window: Window) -> int:
    return _NAMED_SECONDS.get(window.name) or int(window.name)


def _sixtieth(length_ns: int, number: int) -> Stretch:
    """Sixtieth number `number` since the epoch; its ends are rounded up to whole nanoseconds."""
    opens, closes = (-(-length_ns * n // 60) for n in (number, number + 1))
    return Stretch(opens, closes)


class Counter:
    """One counter after its history."""

    def __init__(self, key: CounterKey, history: Sequence[Charged]) -> None:
        self.window = key.window
        self.charged: list[tuple[Stretch, Fraction]] = []
        for one in history:
            if one.key == key:
                self.charged.append((self.current(one.at_ns), Fraction(one.amount)))

    def current(self, now_ns: int) -> Stretch:
        """Where a charge made now falls: time does not run backwards."""
        return max([stretch(self.window, now_ns), *(where for where, _ in self.charged)])

    def content(self, now: Stretch) -> Fraction:
        """What counts when `now` is the current stretch."""
        reach, oldest = {now}, now
        for _ in range(SLIDING_BEFORE if self.window.sliding else 0):
            oldest = stretch(self.window, oldest.opens_ns - 1)
            reach.add(oldest)
        return sum((amount for where, amount in self.charged if where in reach), Fraction(0))

    def fits(self, charge: Charge, added: Fraction, now_ns: int) -> bool:
        """Whether the counter plus all that the call adds stays within the limit."""
        return self.content(self.current(now_ns)) + added <= Fraction(charge.maximum)

    def retry_after_s(self, charge: Charge, added: Fraction, now_ns: int) -> int | None:
        """Whole seconds, rounded up, until the limit could let the call pass; None if it never could."""
        if added > Fraction(charge.maximum):
            return None
        now = self.current(now_ns)
        while self.content(now) + added > Fraction(charge.maximum):
            now = stretch(self.window, now.closes_ns)
        return max(1, -((now_ns - now.opens_ns) // NS))


def added_in_all(charges: Sequence[Charge], key: CounterKey) -> Fraction:
    """What one call adds to one counter."""
    return sum((Fraction(Decimal(charge.amount)) for charge in charges if charge.key == key), Fraction(0))
