"""Conditions become functions of the call: one closure for each, built once when a policy is compiled."""

from __future__ import annotations

import json
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from yett.policy.canonical import json_ready
from yett.policy.decision import Call, Facts, Surface
from yett.policy.json_value import JsonObject, JsonValue
from yett.policy.model import AnyOf, Condition, Leaf, Not
from yett.policy.operators import (
    FALSE,
    TRUE,
    Outcome,
    Test,
    both,
    compile_test,
    either,
    judges_null,
    missing_outcome,
    negated,
    wrong_kind_outcome,
)
from yett.policy.paths import Every, Path, Step
from yett.policy.trace import Seen
from yett.quota.windows import NS


@dataclass(slots=True)
class Judged:
    """Everything that conditions of one call may look at. Not frozen, for one is made for each call."""

    call: Call
    arguments: JsonObject
    facts: Facts
    now_ns: int


Judge: TypeAlias = Callable[[Judged], Outcome]


class _Nothing:
    """Marks what is not there, and what is there but cannot be determined."""

    __slots__ = ()


MISSING: Final = _Nothing()
UNDETERMINED: Final = _Nothing()
Found: TypeAlias = "JsonValue | _Nothing"
Source: TypeAlias = Callable[[Judged], Found]


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition that can be judged, named and explained."""

    id: str
    """Its part of a rule id: `args.amount-gt`, `any(a,b)`, `not(a)`."""
    text: str
    judge: Judge
    source: Source | None = None
    """For a leaf: what its path leads to (without `[*]`)."""
    parts: tuple[CompiledCondition, ...] = ()
    private: bool = False
    """Whether its literal may tell one caller of others: who else is let in, and from where."""
    argument: Step | None = None
    """For a leaf on `args`: the first step of its path, which names the argument."""

    def reads_only(self, arguments: Set[str]) -> bool:
        """Whether it looks at no arguments of the call but these."""
        return (self.argument is None or self.argument in arguments) and all(part.reads_only(arguments) for part in self.parts)

    def explain(self, judged: Judged) -> Seen:
        """Judge, and say what was seen."""
        values: tuple[JsonValue, ...] = ()
        if self.source is not None and not isinstance(found := self.source(judged), _Nothing):
            values = (found,)
        return Seen(self.text, self.judge(judged), values, tuple(part.explain(judged) for part in self.parts))


_OF_CALLERS: Final = ("grant.", "session.", "client.")


def compile_condition(condition: Condition, zone: ZoneInfo) -> CompiledCondition:
    """The condition as a function; `zone` is used by `now.*`."""
    match condition:
        case Leaf():
            text = f"{condition.path.text} {condition.operator} {_shown(condition.value)}"
            identity = f"{condition.path.text}-{condition.operator}"
            judge = _compile_leaf(condition, zone)
            source = None if condition.path.wildcard else source_of(condition.path, zone)
            private = condition.path.root.startswith(_OF_CALLERS)
            text = f"{condition.match} {text}" if condition.match else text
            argument = condition.path.steps[0] if condition.path.root == "args" else None
            return CompiledCondition(identity, text, judge, source, private=private, argument=argument)
        case Not(inner):
            part = compile_condition(inner, zone)
            inner_judge = part.judge
            return CompiledCondition(f"not({part.id})", "not", lambda judged: negated(inner_judge(judged)), parts=(part,))
        case AnyOf(conditions):
            parts = tuple(compile_condition(alternative, zone) for alternative in conditions)
            judge = _any(tuple(part.judge for part in parts))
            return CompiledCondition(f"any({','.join(part.id for part in parts)})", "any", judge, parts=parts)


def _shown(value: JsonValue) -> str:
    return json.dumps(json_ready(value), ensure_ascii=False)


def _any(judges: tuple[Judge, ...]) -> Judge:
    return lambda judged: reduce(either, (judge(judged) for judge in judges))


def conjunction(judges: tuple[Judge, ...]) -> Judge:
    """AND of any number of conditions; of none: TRUE."""
    if len(judges) == 1:
        return judges[0]

    def judge_all(judged: Judged) -> Outcome:
        outcome = TRUE
        for judge in judges:
            outcome = both(outcome, judge(judged))
            if outcome == FALSE:
                return FALSE
        return outcome

    return judge_all


# --- leaves ---------------------------------------------------------------------------------------------------------------


def _compile_leaf(leaf: Leaf, zone: ZoneInfo) -> Judge:
    test = compile_test(leaf.operator, leaf.value)
    missing = missing_outcome(leaf.operator, leaf.value)
    wrong = wrong_kind_outcome(leaf.operator, leaf.value)
    on_null = test(None) if judges_null(leaf.operator, leaf.value) else missing
    if leaf.path.root == "args" and len(leaf.path.steps) == 1 and isinstance(leaf.path.steps[0], str):
        return _argument_leaf(leaf.path.steps[0], test, missing, on_null)
    if leaf.path.wildcard:
        combine = both if leaf.match == "every" else either
        return _each(leaf.path.steps, _Ends(test, missing, wrong, on_null), combine)
    source = source_of(leaf.path, zone)

    def judge(judged: Judged) -> Outcome:
        found = source(judged)
        if isinstance(found, _Nothing):
            return missing if found is MISSING else wrong
        return on_null if found is None else test(found)

    return judge


def _argument_leaf(key: str, test: Test, missing: Outcome, on_null: Outcome) -> Judge:
    """The commonest leaf, by the shortest way: one argument of the call."""

    def judge(judged: Judged) -> Outcome:
        value = judged.arguments.get(key)
        if value is not None:
            return test(value)
        return on_null if key in judged.arguments else missing

    return judge


@dataclass(frozen=True, slots=True)
class _Ends:
    """What a walk along a path with `[*]` may end in."""

    test: Test
    missing: Outcome
    wrong: Outcome
    on_null: Outcome


def _each(steps: tuple[Step, ...], ends: _Ends, combine: Callable[[Outcome, Outcome], Outcome]) -> Judge:
    def walk(value: JsonValue, position: int) -> Outcome:
        for index in range(position, len(steps)):
            step = steps[index]
            if step is Every.ELEMENT and isinstance(value, list):
                outcomes = [walk(element, index + 1) for element in value]
                return reduce(combine, outcomes) if outcomes else ends.missing
            found = take(value, step)
            if isinstance(found, _Nothing):
                return ends.missing if found is MISSING else ends.wrong
            value = found
        return ends.on_null if value is None else ends.test(value)

    return lambda judged: walk(judged.arguments, 0)


def take(value: JsonValue, step: Step) -> Found:
    """One step into a value: MISSING for no such member and through `null`, UNDETERMINED for a value of the wrong kind."""
    if value is None:
        return MISSING
    if isinstance(step, str) and isinstance(value, dict):
        return value.get(step, MISSING)
    if isinstance(step, int) and isinstance(value, list):
        return value[step] if step < len(value) else MISSING
    return UNDETERMINED


def source_of(path: Path, zone: ZoneInfo) -> Source:
    """The function that follows a path without `[*]`."""
    if path.root == "args":
        return _arguments_source(path.steps)
    if path.root == "grant.tags":
        tag = str(path.steps[0])
        return lambda judged: judged.facts.grant.tags.get(tag, MISSING)
    if path.root.startswith("now."):
        moment = _MOMENTS[path.root]
        return lambda judged: moment(datetime.fromtimestamp(judged.now_ns // NS, zone))
    return _CONTEXT[path.root]


def _arguments_source(steps: tuple[Step, ...]) -> Source:
    if len(steps) == 1 and isinstance(key := steps[0], str):
        return lambda judged: judged.arguments.get(key, MISSING)

    def follow(judged: Judged) -> Found:
        value: JsonValue = judged.arguments
        for step in steps:
            found = take(value, step)
            if isinstance(found, _Nothing):
                return found
            value = found
        return value

    return follow


def _tool_only(source: Source) -> Source:
    return lambda judged: source(judged) if judged.call.surface is Surface.TOOL else MISSING


_CONTEXT: Final[dict[str, Source]] = {
    "grant.id": lambda judged: judged.facts.grant.id,
    "grant.label": lambda judged: judged.facts.grant.label,
    "grant.owner": lambda judged: judged.facts.grant.owner,
    "session.id": lambda judged: judged.facts.grant.id if judged.facts.session is None else judged.facts.session,
    "server.name": lambda judged: judged.facts.server_name,
    "tool.name": _tool_only(lambda judged: judged.call.name),
    "tool.risk": _tool_only(lambda judged: judged.facts.tool.risk or "Unknown"),
    "client.ip": lambda judged: UNDETERMINED if judged.facts.client_ip is None else judged.facts.client_ip,
}
_MOMENTS: Final[dict[str, Callable[[datetime], JsonValue]]] = {
    "now.hour": lambda moment: moment.hour,
    "now.weekday": lambda moment: moment.isoweekday(),
    "now.date": lambda moment: moment.strftime("%Y-%m-%d"),
}
