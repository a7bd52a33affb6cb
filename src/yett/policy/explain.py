"""Why a call is answered as it is: the steps of the very evaluation that decides, told in order. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from yett.policy.canonical import json_ready
from yett.policy.compile import CompiledPolicy
from yett.policy.decision import Call, Code, Decision, Effect, Facts
from yett.policy.evaluate import decide
from yett.policy.json_value import JsonValue, json_type
from yett.policy.operators import OUTCOME_NAMES
from yett.policy.trace import Seen, Step, Trace
from yett.quota.charge import Charge, Usage
from yett.quota.reserve import counted

VALUE_CHARS_MAX: Final = 120
"""Longest value that is shown whole."""


class Came(Enum):
    """What a step came to."""

    PASSES = "passes"
    DENIES = "denies"
    ASKS = "asks"
    WOULD_DENY = "would deny"
    WOULD_ASK = "would ask"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Line:
    """One condition as it was judged."""

    depth: int
    """How deep it stands in `any` and `not`."""
    text: str
    outcome: str
    """`TRUE`, `FALSE`, `ABSENT` or `ILL`."""
    values: str
    """What its path led to, as JSON; empty where it led nowhere."""


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the evaluation, for people."""

    number: int
    """As in section 5 of the language."""
    name: str
    rule: str | None
    came: Came
    result: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, and how it came about. Steps after the one that settled it were not taken."""

    decision: Decision
    steps: tuple[Step, ...]
    charged: tuple[tuple[Charge, str], ...] = ()
    """What would be reserved, each with what is counted so far."""

    def rows(self, *, mask: bool = False) -> tuple[Row, ...]:
        """The steps as people read them; `mask` shows the types of arguments in the place of their values."""
        steps = [_row(step, self.decision, mask=mask) for step in self.steps]
        reserve = [
            Row(10, "reserve", charge.rule, Came.PASSES, f"adds {charge.amount} to {so_far}; at most {charge.maximum}")
            for charge, so_far in self.charged
        ]
        return (*steps, *reserve)


def explain(policy: CompiledPolicy | None, call: Call, facts: Facts, usage: Usage, now_ns: int) -> Explanation:
    """The decision of `decide` on these, and its steps. `usage` should hold every counter that the call's limits name."""
    trace = Trace()
    decision = decide(policy, call, facts, usage, now_ns=now_ns, trace=trace)
    charged = tuple((charge, str(counted(charge.key.window, usage.get(charge.key, {}), now_ns))) for charge in decision.charges)
    return Explanation(decision, tuple(trace.steps), charged)


def _row(step: Step, decision: Decision, *, mask: bool) -> Row:
    lines = tuple(line for seen in step.seen for line in _lines(seen, 0, mask=mask))
    return Row(step.number, step.name, step.rule, _came(step, decision), step.result, lines)


def _came(step: Step, decision: Decision) -> Came:
    if not step.denies:
        return Came.PASSES
    asks = step.name == "require_approval" and step.result == OUTCOME_NAMES[3]
    settles = step.rule == decision.rule or (step.number == 4 and decision.code is Code.NOT_LISTED)
    if asks and decision.effect is Effect.APPROVAL and not step.shadow:
        return Came.ASKS
    if settles and not decision.effect.forwards:
        return Came.DENIES
    if asks and not step.shadow:
        return Came.APPROVED if decision.effect.forwards else Came.ASKS
    return Came.WOULD_ASK if asks else Came.WOULD_DENY


def _lines(seen: Seen, depth: int, *, mask: bool) -> Iterator[Line]:
    shown = ", ".join(_masked(value) if mask else _shown(value) for value in seen.values)
    yield Line(depth, seen.condition, OUTCOME_NAMES[seen.outcome], shown)
    for part in seen.parts:
        yield from _lines(part, depth + 1, mask=mask)


def _shown(value: JsonValue) -> str:
    text = json.dumps(json_ready(value), ensure_ascii=False)
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[: VALUE_CHARS_MAX - 1]}…"


def _masked(value: JsonValue) -> str:
    return f"<{json_type(value)}>"
