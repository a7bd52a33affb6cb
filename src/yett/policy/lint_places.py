"""A policy's parts beside the places at which they were written, sugar and bare conditions included. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yett.policy.errors import pointer_join
from yett.policy.json_value import JsonValue
from yett.policy.model import AnyOf, Condition, Entry, Leaf, Limit, Not, Policy, Rule

LISTS = ("require", "deny_if", "require_approval")


@dataclass(frozen=True, slots=True)
class PlacedLeaf:
    """A test of a path, and what stands around it."""

    leaf: Leaf
    pointer: str
    negated: bool = False
    """Whether it stands below an odd number of `not`."""
    alternatives: tuple[Condition, ...] = ()
    """The conditions of the innermost `any` that it is one of."""


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An entry, and where it and its conditions stand."""

    kind: str
    """`require`, `deny_if` or `require_approval`."""
    entry: Entry
    pointer: str
    conditions: tuple[tuple[Condition, str], ...]

    def leaves(self) -> Iterator[PlacedLeaf]:
        """Every test in the entry, at any depth."""
        for condition, pointer in self.conditions:
            yield from _leaves(condition, pointer)


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule, its section and key, and where its parts stand."""

    section: str
    """`tools`, `risk`, `resources`, `prompts` or `all_tools`."""
    key: str
    rule: Rule
    pointer: str
    entries: tuple[PlacedEntry, ...]
    limits: tuple[tuple[Limit, str], ...]
    hides: bool = False
    """Whether it was written `action: hide`."""

    def of(self, kind: str) -> Iterator[PlacedEntry]:
        """The entries of one list."""
        return (entry for entry in self.entries if entry.kind == kind)


def placed_rules(policy: Policy, document: JsonValue) -> tuple[PlacedRule, ...]:
    """Every rule of the policy that `document` means."""
    sections: tuple[tuple[str, Mapping[str, Rule]], ...] = (
        ("tools", policy.tools),
        ("risk", policy.risk or {}),
        ("resources", policy.resources),
        ("prompts", policy.prompts),
    )
    written = document if isinstance(document, dict) else {}
    found = []
    if policy.all_tools is not None:
        found.append(_place("all_tools", "", policy.all_tools, "/all_tools", _member(written, "all_tools")))
    for section, rules in sections:
        for key, rule in rules.items():
            place = pointer_join("", section, key)
            found.append(_place(section, key, rule, place, _member(_member(written, section), key)))
    return tuple(found)


def _member(value: JsonValue, name: str) -> JsonValue:
    return value.get(name) if isinstance(value, dict) else None


def _place(section: str, key: str, rule: Rule, pointer: str, written: JsonValue) -> PlacedRule:
    entries = tuple(entry for kind in LISTS for entry in _entries(kind, getattr(rule, kind), pointer, written))
    sugared = _member(written, "limits") is None and _member(written, "rate_limit") is not None
    limits = tuple(
        (limit, pointer_join(pointer, "rate_limit") if sugared else pointer_join(pointer, "limits", index))
        for index, limit in enumerate(rule.limits)
    )
    return PlacedRule(section, key, rule, pointer, entries, limits, hides=_member(written, "action") == "hide")


def _entries(kind: str, entries: tuple[Entry, ...], pointer: str, written: JsonValue) -> Iterator[PlacedEntry]:
    elements = _member(written, kind)
    for index, entry in enumerate(entries):
        if isinstance(elements, list) and index < len(elements):
            place = pointer_join(pointer, kind, index)
            element = elements[index]
            bare = isinstance(element, dict) and "conditions" not in element
        else:  # `require_approval: true`, or an action
            place = pointer_join(pointer, kind if elements is not None else "action")
            bare = False
        conditions = tuple(
            (condition, place if bare else pointer_join(place, "conditions", number))
            for number, condition in enumerate(entry.conditions)
        )
        yield PlacedEntry(kind, entry, place, conditions)


def _leaves(
    condition: Condition, pointer: str, negated: bool = False, alternatives: tuple[Condition, ...] = ()
) -> Iterator[PlacedLeaf]:
    match condition:
        case Leaf():
            yield PlacedLeaf(condition, pointer, negated, alternatives)
        case Not(inner):
            yield from _leaves(inner, pointer_join(pointer, "not"), not negated, alternatives)
        case AnyOf(parts):
            for index, part in enumerate(parts):
                yield from _leaves(part, pointer_join(pointer, "any", index), negated, parts)
