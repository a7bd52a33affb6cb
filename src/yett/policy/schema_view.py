"""What a tool's input schema says about the value at a path: for the linter, which must not warn without reason. Pure.

Everything that is not understood is unknown, and of the unknown nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final, TypeAlias

from yett.policy.json_value import JsonValue, json_type
from yett.policy.paths import Every, Step

Schema: TypeAlias = JsonValue

_DEPTH_MAX: Final = 24
"""Levels of references and combinations that are followed."""
_TYPES: Final = {"integer": "number"}
_CHOICES: Final = ("anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of the value at a path."""

    declared: bool
    """Whether the schema says anything of it; False where it names other keys and not this one."""
    certain: bool = False
    """Whether arguments that satisfy the schema always have it, and never null."""
    types: frozenset[str] | None = None
    """Its JSON types in the language's words; None: unknown."""
    whole: bool = False
    """Whether its numbers are integers."""
    values: tuple[JsonValue, ...] | None = None
    """The only values it may have; None: unknown."""
    siblings: tuple[str, ...] = ()
    """Where it is not declared: the keys that are."""


@dataclass(frozen=True, slots=True)
class SchemaView:
    """A schema to look into."""

    root: Schema

    def at(self, steps: Sequence[Step]) -> Look:
        """What is known of the value that these steps lead to."""
        nodes, certain = [self.root], True
        for step in steps:
            found = [child for node in nodes for child in self._children(node, step)]
            if not found:
                names = tuple(dict.fromkeys(name for node in nodes for name in self._names(node)))
                return Look(declared=not names or not isinstance(step, str), siblings=names)
            certain = certain and isinstance(step, str) and any(self._requires(node, step) for node in nodes)
            nodes = found
        types = _union(self._types(node) for node in nodes)
        return Look(
            declared=True,
            certain=certain and types is not None and "null" not in types,
            types=types,
            whole=all(self._is_whole(node) for node in nodes),
            values=self._values(nodes),
        )

    # --- one node -----------------------------------------------------------------------------------------------------------

    def _parts(self, node: Schema, depth: int = 0) -> Iterator[dict[str, JsonValue]]:
        """The node and everything that is combined into it, references followed."""
        if not isinstance(node, dict) or depth > _DEPTH_MAX:
            return
        yield node
        combined: list[JsonValue] = [] if "$ref" not in node else [self._follow(node["$ref"])]
        for key in ("allOf", *_CHOICES):
            members = node.get(key)
            combined.extend(members if isinstance(members, list) else [])
        combined.extend(node[key] for key in ("if", "then", "else") if key in node)
        for part in combined:
            yield from self._parts(part, depth + 1)

    def _follow(self, reference: JsonValue) -> Schema:
        """The schema that a reference inside the document leads to; an unknown one says nothing."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            return {}
        found: Schema = self.root
        for token in reference[1:].split("/")[1:]:
            step = token.replace("~1", "/").replace("~0", "~")
            found = found.get(step) if isinstance(found, dict) else None
        return {} if found is None else found

    def _children(self, node: Schema, step: Step) -> list[Schema]:
        parts = list(self._parts(node))
        if isinstance(step, str):
            named = [properties[step] for part in parts if step in (properties := _properties(part))]
            return named or [other for part in parts for other in _others(part)]
        return [child for part in parts for child in _elements(part, step)]

    def _names(self, node: Schema) -> Iterator[str]:
        for part in self._parts(node):
            yield from _properties(part)

    def _requires(self, node: Schema, name: str, depth: int = 0) -> bool:
        if not isinstance(node, dict) or depth > _DEPTH_MAX:
            return False
        required = node.get("required")
        if isinstance(required, list) and name in required:
            return True
        if "$ref" in node and self._requires(self._follow(node["$ref"]), name, depth + 1):
            return True
        members = node.get("allOf")
        return isinstance(members, list) and any(self._requires(part, name, depth + 1) for part in members)

    def _types(self, node: Schema, depth: int = 0) -> frozenset[str] | None:
        """The types that the node allows; None: any, or not known."""
        if not isinstance(node, dict) or depth > _DEPTH_MAX:
            return None
        narrowed = [_own_types(node)]
        if "$ref" in node:
            narrowed.append(self._types(self._follow(node["$ref"]), depth + 1))
        for key in ("allOf", *_CHOICES):
            members = node.get(key)
            if isinstance(members, list) and members:
                told = [self._types(part, depth + 1) for part in members]
                narrowed.extend(told if key == "allOf" else [_union(told)])
        known = [types for types in narrowed if types is not None]
        return reduce(frozenset.intersection, known) if known else None

    def _is_whole(self, node: Schema) -> bool:
        return any(part.get("type") == "integer" for part in self._parts(node))

    def _values(self, nodes: Iterable[Schema]) -> tuple[JsonValue, ...] | None:
        """The only values that are allowed, where each node lists its own."""
        found: list[JsonValue] = []
        for node in nodes:
            listed = [part["enum"] for part in self._parts(node) if isinstance(part.get("enum"), list)]
            listed.extend([part["const"]] for part in self._parts(node) if "const" in part)
            if not listed or any(key in part for part in self._parts(node) for key in (*_CHOICES, "if")):
                return None
            found.extend(value for values in listed if isinstance(values, list) for value in values)
        return tuple(found)


def _properties(part: dict[str, JsonValue]) -> dict[str, JsonValue]:
    properties = part.get("properties")
    return properties if isinstance(properties, dict) else {}


def _others(part: dict[str, JsonValue]) -> Iterator[Schema]:
    """Schemas of members that `properties` does not name."""
    for key in ("additionalProperties", "unevaluatedProperties"):
        if isinstance(part.get(key), dict):
            yield part[key]
    if isinstance(part.get("patternProperties"), dict) and part["patternProperties"]:
        yield {}  # whether the name fits is not asked: something is said of such members


def _elements(part: dict[str, JsonValue], step: Step) -> Iterator[Schema]:
    items, prefix = part.get("items"), part.get("prefixItems")
    listed = prefix if isinstance(prefix, list) else items if isinstance(items, list) else []
    if step is Every.ELEMENT:
        yield from listed
    elif isinstance(step, int) and step < len(listed):
        yield listed[step]
        return
    if isinstance(items, dict):
        yield items
    elif isinstance(part.get("additionalItems"), dict):
        yield part["additionalItems"]


def _own_types(node: dict[str, JsonValue]) -> frozenset[str] | None:
    declared = node.get("type")
    if isinstance(declared, str):
        return frozenset({_TYPES.get(declared, declared)})
    if isinstance(declared, list):
        return frozenset(_TYPES.get(str(name), str(name)) for name in declared)
    values = node.get("enum")
    if isinstance(values, list):
        return frozenset(json_type(value) for value in values)
    return frozenset({json_type(node["const"])}) if "const" in node else None


def _union(told: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """What any of them allows; None as soon as one says nothing."""
    found = frozenset[str]()
    for types in told:
        if types is None:
            return None
        found |= types
    return found
