"""What a call adds to a limit: one function for each limit that does not count calls, built once when a policy is compiled."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias
from zoneinfo import ZoneInfo

from yett.policy.conditions import MISSING, Found, Judged, source_of
from yett.policy.decision import Code
from yett.policy.json_value import is_exact
from yett.policy.model import Limit
from yett.quota.charge import Amount

AmountOf: TypeAlias = Callable[[Judged], "Amount | Code"]
"""What a call adds, or the code of the denial where that cannot be told."""


def amount_of(limit: Limit, zone: ZoneInfo) -> AmountOf | None:
    """How much a call adds to `limit`; None for a limit that counts calls, to which each adds one."""
    path, told = (limit.increment_from, _number) if limit.increment_size_of is None else (limit.increment_size_of, _size)
    if path is None:
        return None
    source = source_of(path, zone)
    absent = Code.REQUIRE_FAILED if limit.increment_default is None else limit.increment_default

    def amount(judged: Judged) -> Amount | Code:
        found = source(judged)
        return absent if found is None or found is MISSING else told(found)

    return amount


def _number(found: Found) -> Amount | Code:
    kind = type(found)
    if kind is int or kind is Decimal:
        # The exact types: `true` is an int to Python.
        return found if is_exact(found) and found >= 0 else Code.ARGUMENT_TYPE  # type: ignore[arg-type, operator, return-value]  # narrowed by the exact type
    return Code.ARGUMENT_TYPE


def _size(found: Found) -> Amount | Code:
    return len(found) if isinstance(found, list) else Code.ARGUMENT_TYPE
