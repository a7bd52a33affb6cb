"""Conditions, straight from section 3 of the policy language: four outcomes, paths, operators, combining.

Part of the oracle: written from the text alone, naive on purpose, and never importing the engine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from zoneinfo import ZoneInfo

import re2

from tests.oracle import texts
from tests.oracle.texts import Unclear
from yett.policy.decision import Call, Facts, Surface

Json = Any
"""A decoded JSON value; the oracle trades type safety for nearness to the text."""


class Outcome(Enum):
    """What a condition may come to."""

    TRUE = "true"
    FALSE = "false"
    ABSENT = "absent"
    ILL = "ill"


TRUE, FALSE, ABSENT, ILL = Outcome.TRUE, Outcome.FALSE, Outcome.ABSENT, Outcome.ILL


@dataclass(frozen=True)
class Asked:
    """Everything that a path can lead to."""

    call: Call
    facts: Facts
    now_ns: int
    timezone: str


# --- JSON values ---------------------------------------------------------------------------------------------------


def kind(value: Json) -> str:
    """The JSON type; a bool is not a number."""
    for name, types in (("null", type(None)), ("boolean", bool), ("number", (int, Decimal)), ("string", str), ("array", list)):
        if isinstance(value, types):
            return name
    return "object"


def is_clear(number: int | Decimal) -> bool:
    """Whether every reader of this number reads the same value (section 3, Numbers)."""
    exact = Decimal(number)
    if exact == exact.to_integral_value():
        return abs(exact) <= 2**53
    return Decimal(repr(float(exact))) == exact


def holds_unclear_number(value: Json) -> bool:
    """Whether a number that is ILL stands anywhere inside."""
    if kind(value) == "number":
        return not is_clear(value)
    if kind(value) == "array":
        return any(holds_unclear_number(item) for item in value)
    return kind(value) == "object" and any(holds_unclear_number(item) for item in value.values())


def same(left: Json, right: Json) -> bool:
    """Equal as JSON: by type and by exact value."""
    if kind(left) != kind(right):
        return False
    if kind(left) == "array":
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if kind(left) == "object":
        return set(left) == set(right) and all(same(left[key], right[key]) for key in left)
    if kind(left) == "number":
        return Decimal(left) == Decimal(right)
    return bool(left == right)


# --- combining -----------------------------------------------------------------------------------------------------

AND_ORDER: Final = [FALSE, ILL, ABSENT, TRUE]
ANY_ORDER: Final = [TRUE, ILL, ABSENT, FALSE]
NOT: Final = {TRUE: FALSE, FALSE: TRUE, ABSENT: ABSENT, ILL: ILL}


def first_of(order: Sequence[Outcome], outcomes: Iterable[Outcome]) -> Outcome:
    """The first of `order` that occurs; of nothing, the last."""
    found = list(outcomes)
    return next((outcome for outcome in order if outcome in found), order[-1])


# --- paths ---------------------------------------------------------------------------------------------------------


class Where(Enum):
    """What is not a value at the end of a path."""

    MISSING = "missing"
    WRONG = "wrong"


EACH: Final = "[*]"
_STEP: Final = re.compile(
    r"""(?: \A(?P<root>[A-Za-z]+) | \.(?P<bare>[A-Za-z_$][A-Za-z0-9_$-]*) | \[(?P<index>\d+)\] | \[(?P<each>\*)\]
    | \[(?P<quoted>"(?:[^"\\]|\\.)*")\] )""",
    re.VERBOSE,
)


def steps_of(path: str) -> list[Any]:
    """The steps: `str` for a key, `int` for an index, `(EACH,)` for `[*]`."""
    steps: list[Any] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        assert found, f"the generator made a path that cannot be read: {path}"
        at = found.end()
        groups = found.groupdict()
        if groups["index"] is not None:
            steps.append(int(groups["index"]))
        elif groups["each"]:
            steps.append((EACH,))
        else:
            steps.append(json.loads(groups["quoted"]) if groups["quoted"] else groups["root"] or groups["bare"])
    return steps


def look(value: Json, steps: list[Any], leaf: Callable[[Json | Where], Outcome], order: Sequence[Outcome]) -> Outcome:
    """Follow `steps` from `value` and judge what is there; `[*]` combines the elements by `order`."""
    if not steps or isinstance(value, Where):
        return leaf(value)
    step, rest = steps[0], steps[1:]
    if value is None:
        return leaf(Where.MISSING)
    if isinstance(step, tuple):
        if not isinstance(value, list):
            return leaf(Where.WRONG)
        return first_of(order, [look(item, rest, leaf, order) for item in value]) if value else leaf(Where.MISSING)
    if isinstance(step, int):
        if not isinstance(value, list):
            return leaf(Where.WRONG)
        return look(value[step] if step < len(value) else Where.MISSING, rest, leaf, order)
    if not isinstance(value, Mapping):
        return leaf(Where.WRONG)
    return look(value.get(step, Where.MISSING), rest, leaf, order)


def roots(asked: Asked) -> dict[str, Any]:
    """Every root of a path and what is beneath it."""
    facts, grant = asked.facts, asked.facts.grant
    utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=asked.now_ns // 10**9)
    local = utc.astimezone(ZoneInfo(asked.timezone))
    tool: dict[str, Any] = {"name": asked.call.name, "risk": facts.tool.risk or "Unknown"}
    return {
        "args": dict(asked.call.arguments),
        "grant": {"id": grant.id, "label": grant.label, "owner": grant.owner, "tags": dict(grant.tags)},
        "session": {"id": grant.id if facts.session is None else facts.session},
        "server": {"name": facts.server_name},
        "tool": tool if asked.call.surface is Surface.TOOL else {},
        "client": {"ip": Where.WRONG if facts.client_ip is None else facts.client_ip},
        "now": {"hour": local.hour, "weekday": local.isoweekday(), "date": f"{local:%Y-%m-%d}"},
    }


# --- operators -----------------------------------------------------------------------------------------------------


def _bool(truth: bool) -> Outcome:
    return TRUE if truth else FALSE


def _equal(literal: Json, value: Json) -> Outcome:
    if literal is None or value is None:  # "against it any other present value is just unequal, never ILL"
        return _bool(literal is value) if literal is None else ABSENT
    if kind(value) != kind(literal) or holds_unclear_number(value):
        return ILL
    return _bool(same(value, literal))


def _among(literal: Json, value: Json) -> Outcome:
    if value is None:
        return TRUE if None in literal else ABSENT
    others = [item for item in literal if item is not None]
    if not others:
        return FALSE
    if kind(value) not in {kind(item) for item in others} or holds_unclear_number(value):
        return ILL
    return _bool(any(same(value, item) for item in others))


def _number(test: Callable[[Decimal, Decimal], bool]) -> Callable[[Json, Json], Outcome]:
    def judge(literal: Json, value: Json) -> Outcome:
        if kind(value) != "number" or not is_clear(value):
            return ILL
        return _bool(test(Decimal(value), Decimal(literal)))

    return judge


def _string(test: Callable[[str, Any], bool]) -> Callable[[Json, Json], Outcome]:
    def judge(literal: Json, value: Json) -> Outcome:
        if not isinstance(value, str):
            return ILL
        try:
            return _bool(test(value, literal))
        except Unclear:
            return ILL

    return judge


def _contains(literal: Json, value: Json) -> Outcome:
    if isinstance(value, str) and isinstance(literal, str):
        return _bool(literal in value)
    if not isinstance(value, list):
        return ILL
    if any(same(item, literal) for item in value):
        return TRUE
    return ILL if any(holds_unclear_number(item) for item in value) else FALSE


def _size(test: Callable[[int, int], bool]) -> Callable[[Json, Json], Outcome]:
    def judge(literal: Json, value: Json) -> Outcome:
        return _bool(test(len(value), literal)) if kind(value) in ("string", "array", "object") else ILL

    return judge


def _type_is(literal: Json, value: Json) -> Outcome:
    return _bool(kind(value) in ([literal] if isinstance(literal, str) else literal))


OPERATORS: Final[dict[str, Callable[[Json, Json], Outcome]]] = {
    "eq": _equal,
    "neq": lambda literal, value: NOT[_equal(literal, value)],
    "in": _among,
    "not_in": lambda literal, value: NOT[_among(literal, value)],
    "lt": _number(lambda a, b: a < b),
    "lte": _number(lambda a, b: a <= b),
    "gt": _number(lambda a, b: a > b),
    "gte": _number(lambda a, b: a >= b),
    "regex": _string(lambda text, pattern: re2.search(pattern, text) is not None),
    "contains": _contains,
    "starts_with": _string(lambda text, part: text[: len(part)] == part),
    "ends_with": _string(lambda text, part: text[len(text) - len(part) :] == part if len(part) <= len(text) else False),
    "size_lte": _size(lambda a, b: a <= b),
    "size_gte": _size(lambda a, b: a >= b),
    "type_is": _type_is,
    "host_in": _string(texts.host_in),
    "path_within": _string(texts.path_within),
    "cidr_in": _string(texts.cidr_in),
    "sql_only": _string(lambda text, want: texts.sql_kinds(text, want["dialect"]) <= set(want["kinds"])),
    "sql_any": _string(lambda text, want: bool(texts.sql_kinds(text, want["dialect"]) & set(want["kinds"]))),
}
JUDGES_NULL: Final = {"eq", "neq", "in", "not_in"}
"""Operators that know what to say of a present `null`."""


def _leaf(operator: str, literal: Json) -> Callable[[Json | Where], Outcome]:
    def judge(found: Json | Where) -> Outcome:
        if operator == "exists":
            if found is Where.WRONG:
                return FALSE if literal else ILL
            return _bool((found is not Where.MISSING and found is not None) == literal)
        if isinstance(found, Where):
            return ABSENT if found is Where.MISSING else ILL
        if found is None and operator not in JUDGES_NULL:
            return ABSENT
        return OPERATORS[operator](literal, found)

    return judge


def judge_condition(condition: Json, asked: Asked) -> Outcome:
    """One condition as written."""
    if "any" in condition:
        return first_of(ANY_ORDER, [judge_condition(part, asked) for part in condition["any"]])
    if "not" in condition:
        return NOT[judge_condition(condition["not"], asked)]
    order = ANY_ORDER if condition.get("match") == "some" else AND_ORDER
    return look(roots(asked), steps_of(condition["path"]), _leaf(condition["op"], condition["value"]), order)


def judge_conditions(conditions: Iterable[Json], asked: Asked) -> Outcome:
    """The conditions of an entry, ANDed; none always holds."""
    return first_of(AND_ORDER, [judge_condition(condition, asked) for condition in conditions])


def value_at(path: str, asked: Asked) -> Json | Where:
    """What a path without `[*]` leads to; a `null` is missing."""
    found: list[Any] = []

    def keep(value: Json | Where) -> Outcome:
        found.append(Where.MISSING if value is None else value)
        return TRUE

    look(roots(asked), steps_of(path), keep, AND_ORDER)
    return found[0]
