"""Findings about a policy beside what it governs: the server's tools and their input schemas. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from yett.policy.arguments import compile_check
from yett.policy.errors import nearest, pointer_join
from yett.policy.json_value import JsonValue, json_equal
from yett.policy.lint_conditions import judged_types
from yett.policy.lint_findings import Finding, warning
from yett.policy.lint_places import PlacedLeaf, PlacedRule
from yett.policy.model import Leaf, Policy
from yett.policy.paths import Path
from yett.policy.patterns import best_key, by_precedence, matches
from yett.policy.schema_view import Look, SchemaView

_RESOURCE: Final[JsonValue] = {"properties": {"uri": {"type": "string"}}, "required": ["uri"], "additionalProperties": False}
_PROMPT: Final[JsonValue] = {"additionalProperties": {"type": "string"}}


@dataclass(frozen=True, slots=True)
class ToolShape:
    """A tool as the server lists it."""

    name: str
    input_schema: JsonValue = None
    """None where it has none."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """What the arguments of each rule's calls look like. Without a list of tools, nothing is said about tools."""

    policy: Policy
    tools: Mapping[str, ToolShape] | None

    @classmethod
    def of(cls, policy: Policy, tools: Iterable[ToolShape] | None) -> Shapes:
        return cls(policy, None if tools is None else {tool.name: tool for tool in tools})

    def ruled(self, rule: PlacedRule) -> tuple[ToolShape, ...]:
        """The tools that the rule is for; none where the list is not known."""
        if self.tools is None or rule.section not in {"tools", "all_tools"}:
            return ()
        if rule.section == "all_tools":
            return tuple(self.tools.values())
        patterns = by_precedence(self.policy.tools)
        return tuple(tool for name, tool in self.tools.items() if best_key(name, self.policy.tools, patterns) == rule.key)

    def views(self, rule: PlacedRule) -> tuple[SchemaView, ...]:
        """The schemas of the calls that the rule is for; none where nothing is known."""
        if rule.section == "resources":
            return (SchemaView(_RESOURCE),)
        if rule.section == "prompts":
            return (SchemaView(_PROMPT),)
        ruled = self.ruled(rule)
        return tuple(SchemaView(tool.input_schema) for tool in ruled if isinstance(tool.input_schema, dict))

    def certain(self, rule: PlacedRule) -> frozenset[str]:
        """Paths that every call of the rule surely has: its schema requires them, and the arguments are checked against it."""
        checked = rule.section == "resources" or self._validates(rule)
        views = self.views(rule)
        if not checked or not views or (rule.section == "tools" and len(views) < len(self.ruled(rule))):
            return frozenset()
        paths = {leaf.leaf.path.text: leaf.leaf.path for entry in rule.entries for leaf in entry.leaves()}
        return frozenset(
            text for text, path in paths.items() if path.root == "args" and all(view.at(path.steps).certain for view in views)
        )

    def _validates(self, rule: PlacedRule) -> bool:
        if rule.section not in {"tools", "all_tools"}:
            return False
        everywhere = self.policy.all_tools.validate_arguments if self.policy.all_tools is not None else None
        for answer in (rule.rule.validate_arguments, everywhere):
            if answer is not None:
                return answer
        return self.policy.validate_arguments


# --- names ------------------------------------------------------------------------------------------------------------------


def unknown_tools(shapes: Shapes, rules: Iterable[PlacedRule], hide: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Keys and elements of `hide` that no tool of the server fits, and patterns whose tools all have a rule of their own."""
    if shapes.tools is None:
        return
    keys = [(rule.key, rule.pointer) for rule in rules if rule.section == "tools"]
    for key, pointer in [*keys, *hide]:
        if not any(matches(key, name) for name in shapes.tools):
            kind = "no tool of the server fits this pattern" if "*" in key else f"the server has no tool `{key}`"
            yield warning("unknown-tool", pointer, kind, nearest(key, list(shapes.tools)))
    for rule in rules:
        if rule.section == "tools" and "*" in rule.key and not rule.hides and not shapes.ruled(rule):
            fitting = [name for name in shapes.tools if matches(rule.key, name)]
            if fitting:
                message = f"every tool that `{rule.key}` fits has a more exact rule"
                yield warning("shadowed-pattern", rule.pointer, message, "this rule is never used: remove it")


def unusable_schemas(shapes: Shapes, rules: Iterable[PlacedRule]) -> Iterator[Finding]:
    """Rules that check arguments against a schema that is not there or cannot be used: each of their calls is denied."""
    for rule in rules:
        if rule.section != "tools" or not shapes._validates(rule):
            continue
        for tool in shapes.ruled(rule):
            if not isinstance(tool.input_schema, dict) or compile_check(tool.input_schema) is None:
                message = f"arguments of `{tool.name}` are to be checked, and its input schema cannot be used"
                yield warning("unusable-schema", rule.pointer, message, "every call is denied: set `validate_arguments` to false")


# --- arguments --------------------------------------------------------------------------------------------------------------


def misfits(shapes: Shapes, rule: PlacedRule) -> Iterator[Finding]:
    """Paths that the schemas do not know, and literals and operators that cannot fit their types."""
    views = shapes.views(rule)
    if not views:
        return
    for entry in rule.entries:
        for placed in entry.leaves():
            if placed.leaf.path.root == "args":
                yield from _leaf_misfit(placed, views, rule)
    for limit, pointer in rule.limits:
        for name, path, wanted in (
            ("increment_from", limit.increment_from, "number"),
            ("increment_size_of", limit.increment_size_of, "array"),
        ):
            if path is not None and path.root == "args":
                yield from _increment_misfit(pointer_join(pointer, name), path, wanted, views)


def _looks(path: Path, views: Iterable[SchemaView]) -> list[Look]:
    return [view.at(path.steps) for view in views]


def _leaf_misfit(placed: PlacedLeaf, views: Iterable[SchemaView], rule: PlacedRule) -> Iterator[Finding]:
    looks = _looks(placed.leaf.path, views)
    known = [look for look in looks if look.declared]
    if not known:
        yield _unknown_argument(placed.pointer, placed.leaf.path, looks, rule.section)
        return
    reasons = [_why_misfit(placed.leaf, look) for look in known]
    if all(reason is not None for reason in reasons):
        shown = f"`{placed.leaf.path.text} {placed.leaf.operator}` does not fit the tool's input schema"
        yield warning("type-mismatch", placed.pointer, shown, reasons[0])


def _unknown_argument(pointer: str, path: Path, looks: Iterable[Look], section: str) -> Finding:
    if section == "resources":
        return warning("unknown-argument", pointer, f"a resource has no `{path.text}`", "its only argument is `args.uri`")
    siblings = list(dict.fromkeys(name for look in looks for name in look.siblings))
    step = next((step for step in reversed(path.steps) if isinstance(step, str)), "")
    return warning("unknown-argument", pointer, f"the tool's input schema has no `{path.text}`", nearest(step, siblings))


def _why_misfit(leaf: Leaf, look: Look) -> str | None:
    """Why no value of the schema's kind can be judged, or meets the test; None if one may."""
    if look.types is not None:
        judged = judged_types(leaf)
        if not judged & look.types:
            return f"it judges {_words(judged)}, and the schema says {_words(look.types)}"
    if leaf.operator in {"eq", "in", "neq", "not_in"}:
        literals = leaf.value if leaf.operator in {"in", "not_in"} and isinstance(leaf.value, list) else [leaf.value]
        return _why_no_literal(literals, look)
    if leaf.operator == "type_is" and look.types is not None:
        wanted = {str(name) for name in (leaf.value if isinstance(leaf.value, list) else [leaf.value])}
        return None if wanted & look.types else f"the schema says {_words(look.types)}"
    return None


def _why_no_literal(literals: Iterable[JsonValue], look: Look) -> str | None:
    literals = list(literals)
    values = look.values
    if values is not None and not any(json_equal(literal, value) for literal in literals for value in values):
        return "the schema lists other values"
    if look.whole and all(isinstance(literal, Decimal) and literal != literal.to_integral_value() for literal in literals):
        return "the schema says integer"
    return None


def _increment_misfit(pointer: str, path: Path, wanted: str, views: Iterable[SchemaView]) -> Iterator[Finding]:
    looks = _looks(path, views)
    known = [look for look in looks if look.declared]
    if not known:
        yield _unknown_argument(pointer, path, looks, "tools")
    elif all(look.types is not None and wanted not in look.types for look in known):
        told = known[0].types or frozenset()
        message = f"`{path.text}` does not fit the tool's input schema"
        yield warning("type-mismatch", pointer, message, f"it must be {_words({wanted})}, and the schema says {_words(told)}")


_ARTICLES: Final = {"array": "a list", "object": "an object", "null": "null"}


def _words(kinds: Iterable[str]) -> str:
    return " or ".join(_ARTICLES.get(kind, f"a {kind}") for kind in sorted(kinds))
