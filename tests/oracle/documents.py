"""Random valid policies around one call.

It asks the oracle what a condition would come to, only to steer: a policy of random entries would deny nearly everything at
its first `require`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from tests.oracle import tricky, tricky_places
from tests.oracle.conditions import ABSENT, FALSE, TRUE, Asked, Outcome, Where, judge_condition, value_at
from tests.oracle.values import LIST_PATHS, NUMBER_PATHS, ODD_PATHS, OPERATORS, TEXT_OPERATORS, chance, literal_for, path_for
from yett.policy.decision import Surface

Json = Any

MAXIMA: Final = [0, 1, 1, 2, 3, 5, 10, 10, 100, 100, 250, 1000, Decimal("0.3"), Decimal("99.99"), Decimal("1E+3"), 2**53]
WINDOWS: Final = ["minute", "hour", "day", "week", "month", 1, 7, 60, 90, 3600, 86_400, 604_800, 31_536_000]
COUNTERS: Final = ["n", "spend", "per/day~x", "名", "all the calls"]
RISKS: Final = ["Read", "Write", "Execute", "Destructive", "Financial", "Unknown"]
MESSAGES: Final = ["Too much", "Ask Ann first", "名前 ✓"]


@dataclass
class Author:
    """Writes one policy about one question."""

    rng: random.Random
    asked: Asked
    counters: dict[str, Json] = field(default_factory=dict)
    """Counter name → window, scope and sliding: one document may not declare a name twice with different ones."""

    def document(self) -> Json:
        """The whole policy; some are about one condition, or about limits and approvals only, so that those decide."""
        rng, narrow = self.rng, self.rng.random()
        if narrow < 0.42:
            return self._one_condition() if narrow < 0.28 else self._limits_and_approvals()
        made: dict[str, Json] = {"version": "1", "default": rng.choice(["allow", "deny", "deny"])}
        self._switches(made)
        surface = self.asked.call.surface
        if chance(rng, 0.92):
            made[surface.value] = self._section(surface)
        if surface is not Surface.TOOL and chance(rng, 0.3):
            made["tools"] = {"x": {}, "*": {"action": "deny"}}
        if chance(rng, 0.35):
            made["risk"] = {name: self._rule(name) for name in rng.sample(RISKS, rng.randint(0, 6))}
        if chance(rng, 0.35):
            made["all_tools"] = self._rule(None, dynamic=False)
        keys = list(made)
        rng.shuffle(keys)
        return {key: made[key] for key in keys}

    def _one_condition(self) -> Json:
        surface, name = self.asked.call.surface, self.asked.call.name
        rule = {self.rng.choice(["require", "deny_if", "deny_if", "require_approval"]): [self._condition(depth=1)]}
        mode = {"mode": "shadow"} if chance(self.rng, 0.2) else {}
        return {"version": "1", "default": "allow", surface.value: {name or "*": rule}, **mode}

    def _limits_and_approvals(self) -> Json:
        rng, surface, name = self.rng, self.asked.call.surface, self.asked.call.name
        rule: dict[str, Json] = {"limits": [self._limit(dynamic=True) for _ in range(rng.randint(1, 3))]}
        if chance(rng, 0.15):  # three on one counter, the last the tightest
            rule["limits"] = [{**rule["limits"][0], "max": most} for most in (250, 100, 1)]
        if chance(rng, 0.4):
            rule["require_approval"] = [self._approval() for _ in range(rng.randint(1, 2))]
        made = {"version": "1", "default": "deny", surface.value: {name or "*": rule}}
        if chance(rng, 0.6):
            rng.choice([made, rule])["mode"] = "shadow"
        if chance(rng, 0.4):
            made["all_tools"] = {"limits": [self._limit(dynamic=False) for _ in range(rng.randint(1, 2))]}
        return made

    def _switches(self, made: dict[str, Json]) -> None:
        rng = self.rng
        optional: dict[str, tuple[float, Callable[[], Json]]] = {
            "mode": (0.3, lambda: rng.choice(["shadow", "shadow", "enforce"])),
            "timezone": (0.4, lambda: rng.choice(tricky.TIMEZONES)),
            "hide": (0.2, self._hide),
            "hide_unpermitted": (0.15, lambda: chance(rng, 0.7)),
            "validate_arguments": (0.15, lambda: chance(rng, 0.7)),
            "server_requests": (0.1, lambda: {"sampling": "allow", "roots": "deny"}),
            "description": (0.1, lambda: "about"),
            "$schema": (0.05, lambda: "https://example.com/schema.json"),
        }
        for key, (probability, make) in optional.items():
            if chance(rng, probability):
                made[key] = make()

    def _hide(self) -> list[Json]:
        rng = self.rng
        others: list[Json] = ["zzz", "zz*", "q*z", {"risk": "Financial"}]
        mine: list[Json] = [self._key(self.asked.call.name), {"risk": self.asked.facts.tool.risk or "Unknown"}]
        return rng.sample(others, rng.randrange(3)) + rng.sample(mine, chance(rng, 0.25))

    def _section(self, surface: Surface) -> dict[str, Json]:
        """Rules by key; the call's own key is often there, and keys that tie or differ by one letter."""
        rng, name = self.rng, self.asked.call.name
        pool = {Surface.TOOL: tricky.NAMES, Surface.RESOURCE: tricky_places.URI_PATTERNS, Surface.PROMPT: tricky.PROMPTS}[surface]
        keys = [self._key(name) for _ in range(rng.randrange(1, 4))] if chance(rng, 0.93) else []
        keys += [key for key in rng.sample(pool, rng.randrange(3)) if key]
        rng.shuffle(keys)
        return {key: self._rule(key if surface is Surface.TOOL else None) for key in keys}

    def _key(self, name: str) -> str:
        """The name, or a pattern that fits it."""
        rng = self.rng
        if name and chance(rng, 0.45):
            return name
        start, end = sorted(rng.randrange(len(name) + 1) for _ in range(2))
        return rng.choice(
            [f"{name[:start]}*{name[end:]}", f"*{name[start:]}", f"{name[:end]}*", f"{name[:start]}*{name[start:end]}*"]
        )

    # --- rules -----------------------------------------------------------------------------------------------------

    def _rule(self, key: str | None, *, dynamic: bool = True) -> dict[str, Json]:
        """A rule; `key` None means that sugar is not accepted there."""
        rng = self.rng
        on_tools = self.asked.call.surface is Surface.TOOL
        made: dict[str, Json] = {}
        if chance(rng, 0.2):
            made["mode"] = rng.choice(["shadow", "shadow", "enforce"])
        if on_tools and chance(rng, 0.1):
            made["validate_arguments"] = chance(rng, 0.6)
        if key is not None and on_tools and chance(rng, 0.25):
            return made | self._sugar()
        if chance(rng, 0.35):
            made["require"] = [self._entry("require") for _ in range(rng.randint(0, 3))]
        if chance(rng, 0.35):
            made["deny_if"] = [self._entry("deny_if") for _ in range(rng.randint(0, 3))]
        if chance(rng, 0.3):
            made["require_approval"] = True if chance(rng, 0.2) else [self._approval() for _ in range(rng.randint(0, 3))]
        if chance(rng, 0.6):
            made["limits"] = [self._limit(dynamic=dynamic) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
        return made

    def _sugar(self) -> dict[str, Json]:
        rng = self.rng
        made: dict[str, Json] = {}
        if chance(rng, 0.7):
            made["action"] = rng.choice(["allow", "allow", "allow", "deny", "require_approval", "require_approval", "hide"])
            if chance(rng, 0.5):
                made["reason"] = rng.choice(MESSAGES)
        if chance(rng, 0.6) or not made:
            made["rate_limit"] = {"max": rng.choice(MAXIMA), "window": rng.choice(WINDOWS)}
        return made

    def _entry(self, listed: str) -> Json:
        """An entry that lets the call go on most of the time."""
        rng = self.rng
        if listed != "require" and chance(rng, 0.06):
            return {"conditions": []} | self._on_deny()
        wanted = {"require": (TRUE,), "deny_if": (FALSE, ABSENT), "require_approval": (TRUE, FALSE)}[listed]
        if chance(rng, 0.25):
            wanted = tuple(Outcome)
        conditions = [self._steered(wanted) for _ in range(1 if chance(rng, 0.6) else rng.randint(1, 4))]
        if len(conditions) == 1 and chance(rng, 0.4):
            return conditions[0] | self._on_deny()
        return {"conditions": conditions} | self._on_deny()

    def _approval(self) -> Json:
        rng, entry = self.rng, self._entry("require_approval")
        if chance(rng, 0.3):
            entry["timeout"] = rng.choice(["90s", "30m", "2h", "7d"])
        if chance(rng, 0.3):
            entry["approvers"] = rng.sample(["ann@example.com", "admin", "policy_manager"], rng.randint(1, 2))
        if chance(rng, 0.2):
            entry["quorum"] = rng.randint(1, 2)
        return entry

    def _on_deny(self) -> dict[str, Json]:
        return {"on_deny": self.rng.choice(MESSAGES)} if chance(self.rng, 0.3) else {}

    # --- conditions ------------------------------------------------------------------------------------------------

    def _steered(self, wanted: tuple[Outcome, ...]) -> Json:
        """A condition; a few tries to come to what is wanted."""
        for _ in range(4):
            condition = self._condition(depth=2)
            if judge_condition(condition, self.asked) in wanted:
                break
        return condition

    def _condition(self, depth: int) -> Json:
        rng = self.rng
        if depth and chance(rng, 0.12):
            return {"any": [self._condition(depth - 1) for _ in range(rng.randint(1, 3))]}
        if depth and chance(rng, 0.12):
            return {"not": self._condition(depth - 1)}
        operator = rng.choice(TEXT_OPERATORS if depth == 1 and chance(rng, 0.3) else OPERATORS)
        path = path_for(rng, operator)
        plain = path.replace("[*]", "[0]")
        found = value_at(plain, self.asked)
        made = {"path": path, "op": operator, "value": literal_for(rng, operator, None if isinstance(found, Where) else found)}
        return made | ({"match": rng.choice(["every", "some"])} if "[*]" in path else {})

    # --- limits ----------------------------------------------------------------------------------------------------

    def _limit(self, *, dynamic: bool) -> Json:
        rng = self.rng
        counter = rng.choice(COUNTERS)
        made = {"counter": counter, "max": rng.choice(MAXIMA), **self._declared(counter), **self._on_deny()}
        if dynamic and chance(rng, 0.45):
            name = rng.choice(["increment_from", "increment_from", "increment_size_of"])
            likely = ["args.amount"] * 6 if name == "increment_from" else ["args.items", "args.tags", "args.o.list"] * 2
            paths = likely + NUMBER_PATHS + LIST_PATHS + ODD_PATHS
            made[name] = rng.choice([path for path in paths if "[*]" not in path])
            if chance(rng, 0.5):
                made["increment_default"] = rng.choice([0, 1, 3, Decimal("0.1")])
        return made

    def _declared(self, counter: str) -> Json:
        rng = self.rng
        if counter not in self.counters:
            window = rng.choice(WINDOWS)
            made: dict[str, Json] = {"window": window}
            if chance(rng, 0.6):
                made["scope"] = rng.choice(["grant", "session", "server", "organisation"])
            short = window in ("minute", "hour", "day") or (isinstance(window, int) and window <= 86_400)
            if short and chance(rng, 0.6):
                made["sliding"] = chance(rng, 0.8)
            self.counters[counter] = made
        return dict(self.counters[counter])
