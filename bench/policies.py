"""The policies and the call that benchmarks judge."""

from __future__ import annotations

from typing import Any, Final

MAXIMUM: Final = 10**15
"""Of every limit: never reached, so that every call is charged and forwarded."""

TOOL: Final = "create_charge"
ARGUMENTS: Final[dict[str, Any]] = {"order": "A-1007", "amount": 125.5, "currency": "eur", "note": "second parcel"}


def _limit(name: str, window: str, **more: Any) -> dict[str, Any]:
    return {"counter": name, "window": window, "max": MAXIMUM, **more}


LIMITS: Final = [
    _limit("charges_per_minute", "minute"),
    _limit("charges_per_day", "day"),
    _limit("money", "month", increment_from="args.amount"),
]


def _called_rule(conditions: int, *, limits: bool) -> dict[str, Any]:
    """The rule of the called tool: `conditions` that are all judged and none of which denies."""
    rule: dict[str, Any] = {
        "require": [{"path": "args.currency", "op": "in", "value": ["eur", "usd"]}],
        "deny_if": [{"path": "args.amount", "op": "gt", "value": 10_000 + number} for number in range(conditions - 1)],
    }
    return rule | ({"limits": LIMITS} if limits else {})


def by_tool(rules: int, *, limits: bool = True) -> dict[str, Any]:
    """A policy of `rules` rules, one of them the called tool's with four conditions: what a server with many tools has."""
    others = {f"tool_{number}": _called_rule(2, limits=False) for number in range(rules - 1)}
    return {"version": "1", "default": "deny", "tools": others | {TOOL: _called_rule(4, limits=limits)}}


def on_one_call(conditions: int) -> dict[str, Any]:
    """A policy in which `conditions` conditions (at most 128) all apply to the one call: the worst that can be written."""
    here = min(conditions, 64)
    policy: dict[str, Any] = {"version": "1", "default": "deny", "tools": {TOOL: _called_rule(here, limits=False)}}
    if conditions > here:
        rest = [{"path": "args.note", "op": "contains", "value": f"forbidden {number}"} for number in range(conditions - here)]
        policy["all_tools"] = {"deny_if": rest}
    return policy
