"""Findings about conditions by themselves: what never holds, what absence lets through, what is not anchored. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from yett.policy.json_value import JsonValue, json_type
from yett.policy.lint_findings import Finding, warning
from yett.policy.lint_places import PlacedEntry, PlacedLeaf, PlacedRule
from yett.policy.model import Condition, Leaf, Not
from yett.policy.operators import TRUE, compile_test, judges_null, negated
from yett.policy.patterns import matches
from yett.policy.vocabulary import JSON_TYPES, OPERATORS, RISK_CLASSES, Literal

_SIZED: Final = frozenset({"string", "array", "object"})
_TEXT: Final = frozenset({"string"})
_ANY_TYPE: Final = frozenset({*JSON_TYPES, "null"})


def judged_types(leaf: Leaf) -> frozenset[str]:
    """The JSON types that the operator judges with this literal; any other value is ILL."""
    kind = OPERATORS[leaf.operator]
    if kind is Literal.NUMBER:
        return frozenset({"number"})
    if kind is Literal.SIZE:
        return _SIZED
    if leaf.operator == "contains":
        return frozenset({"string", "array"}) if isinstance(leaf.value, str) else frozenset({"array"})
    if leaf.operator in {"type_is", "exists"}:
        return _ANY_TYPE
    if kind is Literal.ANY:
        return _ANY_TYPE if leaf.value is None else frozenset({json_type(leaf.value)})
    if kind is Literal.LIST:
        return frozenset(json_type(value) for value in _listed(leaf))
    return _TEXT


def _listed(leaf: Leaf) -> list[JsonValue]:
    return leaf.value if isinstance(leaf.value, list) else [leaf.value]


# --- what never holds -------------------------------------------------------------------------------------------------------

_CONSEQUENCE: Final = {
    "require": "every call is denied",
    "deny_if": "this entry never denies because of it",
    "require_approval": "nobody is ever asked because of it",
}
_TIMES: Final[dict[str, Sequence[JsonValue]]] = {"now.hour": list(range(24)), "now.weekday": list(range(1, 8))}


def contradictions(rule: PlacedRule) -> Iterator[Finding]:
    """Conditions that no call can meet."""
    for entry in rule.entries:
        alone = [leaf for leaf in entry.leaves() if not leaf.negated and _why_never([leaf.leaf], rule) is not None]
        for leaf in alone:
            why = _why_never([leaf.leaf], rule)
            hint = f"{why}; {_CONSEQUENCE[entry.kind]}" if not leaf.alternatives else why
            yield warning("never-holds", leaf.pointer, f"`{_shown(leaf.leaf)}` can never hold", hint)
        if not alone:
            yield from _contradictory(entry, rule)


def _contradictory(entry: PlacedEntry, rule: PlacedRule) -> Iterator[Finding]:
    by_path: dict[tuple[str, str | None], list[Condition]] = {}
    for condition, _ in entry.conditions:
        leaf = condition.condition if isinstance(condition, Not) else condition
        if isinstance(leaf, Leaf) and leaf.match != "some":
            by_path.setdefault((leaf.path.text, leaf.match), []).append(condition)
    for (path, _), conditions in by_path.items():
        if len(conditions) > 1 and (why := _why_never(conditions, rule)) is not None:
            message = f"the conditions on `{path}` can never hold together"
            yield warning("never-holds", entry.pointer, message, f"{why}; {_CONSEQUENCE[entry.kind]}")


def _why_never(conditions: Sequence[Condition], rule: PlacedRule) -> str | None:
    """Why no value can meet all these conditions on one path; None if one may."""
    positive = [condition for condition in conditions if isinstance(condition, Leaf)]
    if not positive:
        return None
    path = positive[0].path
    if rule.section in {"resources", "prompts"} and path.root.startswith("tool."):
        return f"{rule.section} have no `{path.text}`"
    if {leaf.value for leaf in positive if leaf.operator == "exists"} == {True, False} or _asks_of_the_absent(positive):
        return "it would have to be there and not be there"
    candidates = _candidates(positive, rule)
    if candidates is not None:
        tried = [value for value in candidates if all(_holds(condition, value) for condition in conditions)]
        return None if tried else f"none of the values that `{path.text}` can have meets them"
    return _why_no_type(positive) or _why_no_number(positive) or _why_no_size(positive)


def _asks_of_the_absent(leaves: Sequence[Leaf]) -> bool:
    absent = any(leaf.operator == "exists" and leaf.value is False for leaf in leaves)
    return absent and any(leaf.operator != "exists" and not judges_null(leaf.operator, leaf.value) for leaf in leaves)


def _candidates(leaves: Sequence[Leaf], rule: PlacedRule) -> Sequence[JsonValue] | None:
    """All values that could meet the conditions, where they can be listed."""
    path = leaves[0].path
    if path.root in _TIMES:
        return _TIMES[path.root]
    if path.root == "tool.risk":
        return RISK_CLASSES
    for leaf in leaves:
        if leaf.operator in {"eq", "in"}:
            values = _listed(leaf) if leaf.operator == "in" else [leaf.value]
            return [value for value in values if _may_be(path.root, value, rule)]
    return None


def _may_be(root: str, value: JsonValue, rule: PlacedRule) -> bool:
    if root in {"args", "grant.owner", "grant.tags"}:
        return root == "args" or value is None or isinstance(value, str)
    if not isinstance(value, str):
        return False
    return root != "tool.name" or rule.section != "tools" or matches(rule.key, value)


def _holds(condition: Condition, value: JsonValue) -> bool:
    leaf = condition.condition if isinstance(condition, Not) else condition
    assert isinstance(leaf, Leaf)
    if value is None and not judges_null(leaf.operator, leaf.value):
        return False
    outcome = compile_test(leaf.operator, leaf.value)(value)
    return (negated(outcome) if isinstance(condition, Not) else outcome) == TRUE


def _why_no_type(leaves: Sequence[Leaf]) -> str | None:
    kinds = _ANY_TYPE if leaves[0].path.root == "args" else _TEXT
    for leaf in leaves:
        wanted = judged_types(leaf)
        if leaf.operator == "type_is":
            wanted = frozenset(str(value) for value in _listed(leaf))
        kinds &= wanted
    return None if kinds else "no value is of the types that they judge"


def _why_no_number(leaves: Sequence[Leaf]) -> str | None:
    low = [(leaf.value, leaf.operator == "gt") for leaf in leaves if leaf.operator in {"gt", "gte"}]
    high = [(leaf.value, leaf.operator == "lt") for leaf in leaves if leaf.operator in {"lt", "lte"}]
    for least, beyond in low:
        for most, below in high:
            assert isinstance(least, int | Decimal)
            assert isinstance(most, int | Decimal)
            if least > most or (least == most and (beyond or below)):
                bounds = f"{'more than' if beyond else 'at least'} {least} and {'less than' if below else 'at most'} {most}"
                return f"no number is {bounds}"
    return None


def _why_no_size(leaves: Sequence[Leaf]) -> str | None:
    least = max((_size(leaf) for leaf in leaves if leaf.operator == "size_gte"), default=0)
    most = min((_size(leaf) for leaf in leaves if leaf.operator == "size_lte"), default=least)
    return f"no size is at least {least} and at most {most}" if least > most else None


def _size(leaf: Leaf) -> int:
    assert isinstance(leaf.value, int)
    return leaf.value


def _shown(leaf: Leaf) -> str:
    return f"{leaf.path.text} {leaf.operator}"


# --- what absence lets through ----------------------------------------------------------------------------------------------

_MAY_BE_ABSENT: Final = {"args", "grant.owner", "grant.tags"}


def absences(rule: PlacedRule, covering: Iterable[PlacedEntry], certain: Iterable[str] = ()) -> Iterator[Finding]:
    """Paths of `deny_if` and `require_approval` that a call may simply leave out.

    `covering` are the entries, of this rule and of `all_tools`, that apply to the same calls; `certain` are the paths that the
    tool's schema makes sure of.
    """
    covered = set(certain)
    for entry in covering:
        covered.update(_denied_when_absent(entry))
    told = set[str]()
    for kind in ("deny_if", "require_approval"):
        for entry in rule.of(kind):
            for placed in entry.leaves():
                path = placed.leaf.path
                if placed.leaf.operator == "exists" or path.root not in _MAY_BE_ABSENT or path.text in told:
                    continue
                if not _is_covered(placed, covered):
                    told.add(path.text)
                    yield _absence(kind, placed)


def _absence(kind: str, placed: PlacedLeaf) -> Finding:
    path = placed.leaf.path.text
    effect = "is not denied" if kind == "deny_if" else "needs no approval"
    exists = json.dumps({"path": path, "op": "exists", "value": True}, ensure_ascii=False)
    demand = "a condition on the list" if placed.leaf.path.wildcard else f"`{exists}`"
    return warning("absent-path", placed.pointer, f"a call without `{path}` {effect} here", f"add {demand} to `require`")


def _denied_when_absent(entry: PlacedEntry) -> Iterator[str]:
    """Paths whose absence this entry denies."""
    if entry.kind == "require":
        for condition, _ in entry.conditions:
            if isinstance(condition, Leaf) and not (condition.operator == "exists" and condition.value is False):
                yield condition.path.text
    elif entry.kind == "deny_if" and len(entry.conditions) == 1:
        condition = entry.conditions[0][0]
        if isinstance(condition, Leaf) and condition.operator == "exists" and condition.value is False:
            yield condition.path.text


def _is_covered(placed: PlacedLeaf, covered: set[str]) -> bool:
    path = placed.leaf.path.text
    # Where `a.b` must be there, so must `a`.
    if any(known == path or known.startswith((f"{path}.", f"{path}[")) for known in covered):
        return True
    return any(
        isinstance(other, Leaf) and other.path.text == path and other.operator == "exists" and other.value is False
        for other in placed.alternatives
    )


# --- patterns that match anywhere ---------------------------------------------------------------------------------------------

_FLAGS: Final = re.compile(r"\(\?[a-zA-Z]*\)")


def loose_patterns(rule: PlacedRule) -> Iterator[Finding]:
    """`regex` in a `require` that also takes texts with anything before or after."""
    for entry in rule.of("require"):
        for placed in entry.leaves():
            pattern = placed.leaf.value
            if placed.leaf.operator == "regex" and not placed.negated and isinstance(pattern, str) and not is_anchored(pattern):
                shown = f"write `^(?:{pattern})$`, or `contains` if anywhere is meant"
                yield warning("unanchored-regex", placed.pointer, f"`{pattern}` also matches inside a longer text", shown)


def is_anchored(pattern: str) -> bool:
    """Whether the pattern surely matches whole texts only. In doubt it is not."""
    flags = _FLAGS.match(pattern)
    if flags is not None:
        if "m" in flags[0]:
            return False
        pattern = pattern[flags.end() :]
    branches = _branches(pattern)
    return all(_starts_anchored(branch) and _ends_anchored(branch) for branch in branches)


def _starts_anchored(branch: str) -> bool:
    return branch.startswith(("^", r"\A"))


def _ends_anchored(branch: str) -> bool:
    if branch.endswith("$"):
        backslashes = len(branch) - 1 - len(branch[:-1].rstrip("\\"))
        return backslashes % 2 == 0
    return branch.endswith(r"\z")


def _branches(pattern: str) -> list[str]:
    """The alternatives at the top of a pattern."""
    branches, start, depth, index, in_class = [], 0, 0, 0, False
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            index += 1
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
            index += pattern.startswith(("]", "^]"), index + 1) + pattern.startswith("^]", index + 1)
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            branches.append(pattern[start:index])
            start = index + 1
        index += 1
    return [*branches, pattern[start:]]
