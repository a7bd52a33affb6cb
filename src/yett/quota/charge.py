"""Counters, and what a call adds to them. Pure values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Context, Decimal, Inexact
from typing import Final, NamedTuple, TypeAlias

from yett.quota.windows import Window

Amount: TypeAlias = int | Decimal
"""Exact, ≥ 0."""

EXACT: Final = Context(prec=1_200, Emax=999_999, Emin=-999_999, traps=[Inexact])
"""Every sum of binary64 values is exact in 1,200 digits; a rounding would raise, never pass unseen."""

_add_exactly: Final = EXACT.add
_to_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def add(left: Amount, right: Amount) -> Amount:
    """The exact sum."""
    if type(left) is int and type(right) is int:
        return left + right
    return _add_exactly(left, right)


def subtract(left: Amount, right: Amount) -> Amount:
    """The exact difference, but not less than 0: what is given back may meanwhile have been reset.

    Never `left - right`: arithmetic of bare decimals rounds to 28 digits.
    """
    difference = left - right if isinstance(left, int) and isinstance(right, int) else EXACT.subtract(left, right)
    return difference if difference > 0 else 0


def amount_text(amount: Amount) -> str:
    """`amount` as text that `read_amount` reads back exactly."""
    return str(amount)


def read_amount(text: str) -> Amount:
    """The inverse of `amount_text`. Errors: `ValueError` for text that is not a finite number ≥ 0."""
    if text.isdecimal():
        return int(text)
    try:
        amount = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"`{text}` is not an amount") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"`{text}` is not an amount")
    return amount


class CounterKey(NamedTuple):
    """What makes two limits share one counter: owner, name, scope, window and `sliding`.

    `owner` is, by scope: `organisation` (organisation,); `server` (organisation, server); `grant` (organisation, server, grant);
    `session` (organisation, server, grant, session). Limits of rules in shadow mode count on counters of their own (`shadow`).
    A tuple, for each call makes some and looks each up several times: hashing it takes a third of what a dataclass takes.
    """

    owner: tuple[str, ...]
    name: str
    scope: str
    window: Window
    shadow: bool = False

    def encode(self) -> str:
        """One string for one key and one key for one string: JSON, so that no text in a name can meet another key."""
        parts = [self.scope, *self.owner, self.name, self.window.name, self.window.sliding, self.shadow]
        return _to_json(parts)

    @classmethod
    def decode(cls, text: str) -> CounterKey:
        """The inverse of `encode`. Errors: `ValueError` for text that `encode` does not write."""
        try:
            scope, *owner, name, window, sliding, shadow = json.loads(text)
            key = cls(tuple(owner), name, scope, Window(window, sliding), shadow)
            exact = key.encode() == text
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"`{text}` is not a counter") from error
        if not exact:
            raise ValueError(f"`{text}` is not a counter")
        return key


class Charge(NamedTuple):
    """What one limit asks of one call: add `amount` to the counter, which may then hold at most `maximum`.

    A tuple, for a call whose amount is its own makes one for each limit, in a third of the time that a dataclass takes.
    """

    key: CounterKey
    amount: Amount
    maximum: Amount
    rule: str
    message: str | None = None
    """The limit's `on_deny`."""


Buckets: TypeAlias = Mapping[int, Amount]
"""One counter's content: bucket number → what was charged in it."""
Usage: TypeAlias = Mapping[CounterKey, Buckets]
"""Contents of counters; a counter that is not in it is empty."""
