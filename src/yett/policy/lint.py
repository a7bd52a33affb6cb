"""The linter: what a policy surely, or probably, does not mean. Pure; a policy with findings is still a policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from yett.policy import lint_conditions, lint_tools
from yett.policy.canonical import canonical_document
from yett.policy.errors import pointer_join
from yett.policy.json_value import JsonValue
from yett.policy.lint_findings import Finding, Severity, note, warning
from yett.policy.lint_places import PlacedRule, placed_rules
from yett.policy.lint_tools import Shapes, ToolShape
from yett.policy.model import Limit, Mode, Policy
from yett.policy.parse import parse_policy
from yett.policy.patterns import literal_characters, matches

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "absent-path": "a call that leaves the argument out slips past a deny_if or require_approval",
        "changed-counter": "a limit's window, scope or sliding was changed, so its count starts at zero",
        "dead-entry": "an entry that nothing reaches, because every call is denied before",
        "default-allow": "what no key names is allowed, also what the server adds later",
        "hidden-rule": "a rule for a tool that is hidden",
        "never-allows": "a limit that no call fits",
        "never-holds": "a condition that no call can meet",
        "session-limit": "a limit for each session, which a client can open anew",
        "shadow-mode": "a rule that denies nothing",
        "shadowed-pattern": "a pattern that is never used",
        "star-beside-risk": "a pattern for every tool, which leaves risk without effect",
        "tied-patterns": "two patterns of equal weight that fit the same names",
        "type-mismatch": "a literal or operator that cannot fit the type in the tool's schema",
        "unanchored-regex": "a pattern in require that also matches inside longer texts",
        "uncovered-class": "a tool without a class has no rule",
        "unknown-argument": "a path that the tool's schema does not have",
        "unknown-tool": "a key that no tool of the server fits",
        "unusable-schema": "arguments are to be checked against a schema that cannot be used",
    }
)
"""Every code, and what it means."""


def lint_policy(policy: Policy, tools: Iterable[ToolShape] | None = None, previous: Policy | None = None) -> tuple[Finding, ...]:
    """Findings about a policy, at the places of its canonical form."""
    return lint_document(canonical_document(policy), tools, previous)


def lint_document(
    document: JsonValue, tools: Iterable[ToolShape] | None = None, previous: Policy | None = None
) -> tuple[Finding, ...]:
    """Findings about the policy that `document` means, in the order of the document's sections, worst first at one place.

    `tools` is the server's list; None: not known. `previous` is the revision that this one follows. Errors: `PolicyErrors`.
    """
    policy = parse_policy(document)
    rules = placed_rules(policy, document)
    shapes = Shapes.of(policy, tools)
    hide = list(_hide_patterns(document))
    found = [*_document(policy), *lint_tools.unknown_tools(shapes, rules, hide), *_patterns(rules), *_hiding(rules, hide)]
    found.extend(lint_tools.unusable_schemas(shapes, rules))
    for rule in rules:
        found.extend(_rule(rule, rules, shapes))
    found.extend(_changed_counters(rules, previous))
    order = {pointer: index for index, pointer in enumerate(dict.fromkeys(finding.pointer for finding in found))}
    return tuple(sorted(found, key=lambda finding: (order[finding.pointer], -finding.severity.rank, finding.code)))


def _rule(rule: PlacedRule, rules: Iterable[PlacedRule], shapes: Shapes) -> Iterator[Finding]:
    beside = [other for other in rules if other.section == "all_tools" and rule.section in {"tools", "risk"}]
    covering = [entry for part in (rule, *beside) for entry in part.entries]
    yield from lint_conditions.contradictions(rule)
    yield from lint_tools.misfits(shapes, rule)
    yield from lint_conditions.absences(rule, covering, shapes.certain(rule))
    yield from lint_conditions.loose_patterns(rule)
    yield from _limits(rule)
    yield from _dead_entries(rule)


# --- the document as a whole --------------------------------------------------------------------------------------------------


def _document(policy: Policy) -> Iterator[Finding]:
    if policy.default_allows:
        scope = "resources and prompts" if policy.risk is not None else "tools, resources and prompts"
        message = f"{scope} that no key names are allowed, also those that the server adds later"
        yield warning("default-allow", "/default", message, "write `deny` and name what may be called")
    if policy.mode is Mode.SHADOW:
        yield note(
            "shadow-mode", "/mode", "the policy records what it would deny and denies nothing", "write `enforce` to enforce"
        )
    for key in ("/risk",) if policy.risk is not None and "Unknown" not in policy.risk else ():
        message = "`risk` has no rule for `Unknown`, so tools without a class are denied"
        yield note("uncovered-class", key, message, "add `Unknown` if some of them are needed")


def _hide_patterns(document: JsonValue) -> Iterator[tuple[str, str]]:
    written = document.get("hide") if isinstance(document, dict) else None
    for index, item in enumerate(written if isinstance(written, list) else []):
        if isinstance(item, str):
            yield item, pointer_join("", "hide", index)


# --- patterns -----------------------------------------------------------------------------------------------------------------


def _patterns(rules: Iterable[PlacedRule]) -> Iterator[Finding]:
    rules = tuple(rules)
    for section in ("tools", "resources", "prompts"):
        yield from _rivals([rule for rule in rules if rule.section == section and "*" in rule.key])
    if any(rule.section == "risk" for rule in rules):
        for rule in rules:
            if rule.section == "tools" and set(rule.key) == {"*"}:
                message = f"`{rule.key}` fits every tool, so no rule of `risk` is ever used"
                hint = "remove it, or put its rule under `risk`"
                yield Finding("star-beside-risk", Severity.ERROR, rule.pointer, message, hint)


def _rivals(rules: Iterable[PlacedRule]) -> Iterator[Finding]:
    """Of two patterns of equal weight, the first in lexicographic order wins where both fit. One finding for each loser."""
    by_weight: dict[int, list[PlacedRule]] = {}
    for rule in rules:
        by_weight.setdefault(literal_characters(rule.key), []).append(rule)
    for group in by_weight.values():
        told = set[str]()
        for rule, other in _may_begin_alike(group):
            first, second = (rule, other) if rule.key < other.key else (other, rule)
            if second.key not in told and overlap(first.key, second.key):
                told.add(second.key)
                yield _rivalry(first, second)


def _may_begin_alike(rules: Iterable[PlacedRule]) -> Iterator[tuple[PlacedRule, PlacedRule]]:
    """Pairs of patterns of which one starts as the other does up to its first `*`: in order, they stand together."""
    ordered = sorted(((rule.key.partition("*")[0], rule) for rule in rules), key=lambda pair: (pair[0], pair[1].key))
    for index, (start, rule) in enumerate(ordered):
        for other_start, other in islice(ordered, index + 1, None):
            if not other_start.startswith(start):
                break
            yield rule, other


def _rivalry(first: PlacedRule, second: PlacedRule) -> Finding:
    if matches(first.key, second.key):
        message = f"`{first.key}` fits every name that `{second.key}` fits, and comes first"
        return warning("shadowed-pattern", second.pointer, message, "this rule is never used: remove it")
    message = f"`{second.key}` and `{first.key}` are equally exact, and fit some of the same names"
    return warning("tied-patterns", second.pointer, message, f"for those `{first.key}` counts: write one of them longer")


def overlap(left: str, right: str) -> bool:
    """Whether some name fits both patterns."""
    ends = left.rpartition("*")[2], right.rpartition("*")[2]
    if "*" in left and "*" in right and not (ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])):
        return False  # most pairs fail here, at once
    reached = {(0, 0)}
    pending = [(0, 0)]
    while pending:
        a, b = pending.pop()
        if a == len(left) and b == len(right):
            return True
        for step in _overlap_steps(left, right, a, b):
            if step not in reached:
                reached.add(step)
                pending.append(step)
    return False


def _overlap_steps(left: str, right: str, a: int, b: int) -> Iterator[tuple[int, int]]:
    in_left, in_right = left[a : a + 1], right[b : b + 1]
    if in_left == "*":
        yield a + 1, b
        if in_right:
            yield a, b + 1
    if in_right == "*":
        yield a, b + 1
        if in_left:
            yield a + 1, b
    if in_left and in_left == in_right:
        yield a + 1, b + 1


def _hiding(rules: Iterable[PlacedRule], hide: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    rules = [rule for rule in rules if rule.section == "tools"]
    hiding = [*hide, *((rule.key, rule.pointer) for rule in rules if rule.hides)]
    for rule in rules:
        by = next((place for pattern, place in hiding if place != rule.pointer and matches(pattern, rule.key)), None)
        if by is not None and not rule.hides:
            message = f"`{rule.key}` is hidden by `{by}`, which beats a more exact key"
            yield warning("hidden-rule", rule.pointer, message, "its calls are answered as calls to an unknown tool")


# --- limits and entries -------------------------------------------------------------------------------------------------------


def _limits(rule: PlacedRule) -> Iterator[Finding]:
    for limit, pointer in rule.limits:
        if limit.scope == "session":
            message = f"limit `{limit.counter}` counts for each session, and a client can open a new one"
            yield warning("session-limit", pointer, message, 'write it under `limits` with `"scope": "grant"`')
        if limit.maximum == 0 or (limit.increment_default is not None and limit.increment_default > limit.maximum):
            what = "no call" if limit.maximum == 0 else "no call without the argument"
            yield warning("never-allows", pointer, f"{what} fits limit `{limit.counter}`", "use `action: deny` to deny")
    if rule.rule.mode is Mode.SHADOW:
        yield note("shadow-mode", pointer_join(rule.pointer, "mode"), "this rule records what it would deny and denies nothing")


def _dead_entries(rule: PlacedRule) -> Iterator[Finding]:
    always = next((entry for entry in rule.of("deny_if") if not entry.conditions), None)
    if always is None or rule.rule.mode is Mode.SHADOW:
        return
    later = [entry for entry in (*rule.of("deny_if"), *rule.of("require_approval")) if entry is not always]
    for pointer in [entry.pointer for entry in later] + [pointer for _, pointer in rule.limits]:
        yield warning(
            "dead-entry", pointer, f"`{always.pointer}` denies every call", "nothing after it matters: remove one of them"
        )


def _changed_counters(rules: Iterable[PlacedRule], previous: Policy | None) -> Iterator[Finding]:
    if previous is None:
        return
    before = {limit.counter: limit for rule in placed_rules(previous, canonical_document(previous)) for limit, _ in rule.limits}
    told = set[str]()
    for rule in rules:
        for limit, pointer in rule.limits:
            old = before.get(limit.counter)
            if old is not None and limit.counter not in told and _traits(old) != _traits(limit):
                told.add(limit.counter)
                changed = next(name for name, value in _traits(limit).items() if _traits(old)[name] != value)
                message = f"the {changed} of counter `{limit.counter}` is another than before, so its count starts at zero"
                yield warning("changed-counter", pointer, message, "keep it if what was used so far must count")


def _traits(limit: Limit) -> dict[str, object]:
    return {"window": limit.window.name, "scope": limit.scope, "sliding": limit.window.sliding}
