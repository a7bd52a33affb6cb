"""The policy that the calls through a wrapped entry are judged by, until a person writes a better one."""

from __future__ import annotations

from typing import Any, Final

from yett.catalog.suggest import RUNS_A_MINUTE, WRITES_A_MINUTE

_APPROVAL: Final[dict[str, Any]] = {"require_approval": [{"conditions": []}]}


def by_class() -> dict[str, Any]:
    """What is recommended for a server whose tools are not known yet: it judges by the class that each turns out to have."""
    return {
        "version": "1",
        "default": "deny",
        "hide": [{"risk": "Destructive"}],
        "risk": {
            "Read": {},
            "Write": _at_most("writes", WRITES_A_MINUTE),
            "Execute": _at_most("runs", RUNS_A_MINUTE),
            "Financial": _APPROVAL,
        },
    }


def observing(policy: dict[str, Any]) -> dict[str, Any]:
    """The same policy, which decides and records and lets every call through. What it would hide is denied in the log instead."""
    return {**{key: value for key, value in policy.items() if key != "hide"}, "mode": "shadow"}


def _at_most(counter: str, calls: int) -> dict[str, Any]:
    return {"limits": [{"counter": counter, "window": "minute", "max": calls, "scope": "grant"}]}
