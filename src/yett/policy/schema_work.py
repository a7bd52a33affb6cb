"""How much work a JSON Schema can make of one value. Pure.

A few hundred bytes of references that each point twice at the next make a validator look 2^n times at the same value. The
validator has no budget, so the schema is weighed before it is used: a schema too heavy is not usable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from urllib.parse import unquote, urldefrag, urljoin

from yett.policy.json_value import JsonValue

_Node: TypeAlias = dict[str, JsonValue]

_DATA: Final = frozenset({"enum", "const", "default", "examples"})
"""Keywords whose value is no schema."""
_SHELVES: Final = frozenset({"$defs", "definitions"})
"""Keywords whose schemas count only where they are referred to."""
_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas", "dependencies"}) | _SHELVES
"""Keywords whose value is a map of any name to a schema."""
_REFERENCES: Final = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_META_SCHEMAS: Final = ("http://json-schema.org/", "https://json-schema.org/")
"""Built into the validator, and light."""


@dataclass(frozen=True, slots=True)
class Work:
    """The weight of a schema."""

    paths_max: int
    """Most ways in which one subschema is reached from the root: how often a value may be looked at by it."""
    recursive: bool
    """Whether a subschema leads to itself. A validator remembers what it has seen there, an explanation does not."""


class UnresolvedReferenceError(Exception):
    """A reference leads out of the document."""


def weigh(schema: JsonValue) -> Work:
    """The weight of `schema`. Errors: `UnresolvedReferenceError`."""
    if not isinstance(schema, dict):
        return Work(1, recursive=False)
    return _Scales(_Index.of(schema)).weigh(schema)


@dataclass(slots=True)
class _Index:
    """Where the references of a document lead. A resource is a part with a URI (`$id`) of its own."""

    id_key: str
    resources: dict[str, _Node] = field(default_factory=dict)
    anchors: dict[tuple[str, str], list[_Node]] = field(default_factory=dict)
    bases: dict[int, str] = field(default_factory=dict)
    """id of a node → URI of its resource."""

    @classmethod
    def of(cls, root: _Node) -> _Index:
        index = cls("id" if "draft-04" in str(root.get("$schema")) else "$id")
        index.resources[""] = root
        index._add_all(root, "")
        return index

    def _add_all(self, root: _Node, base: str) -> None:
        """Note the names of `root` and of every schema inside it."""
        pending: list[tuple[_Node, str]] = [(root, base)]
        while pending:
            node, base = pending.pop()
            base = self._add(node, base)
            pending.extend((part, base) for key, value in node.items() for part in _schemas(key, value))

    def _add(self, node: _Node, base: str) -> str:
        """Note the node's names; the URI that its own references are relative to."""
        name = node.get(self.id_key)
        if isinstance(name, str):
            uri, anchor = urldefrag(urljoin(base, name))
            if anchor:
                self._name(uri, anchor, node)
            else:
                base = uri
                self.resources[uri] = node
        for key in ("$anchor", "$dynamicAnchor"):
            anchor_name = node.get(key)
            if isinstance(anchor_name, str):
                self._name(base, anchor_name, node)
        if node.get("$recursiveAnchor") is True:
            self._name("", "$recursive", node)
        self.bases[id(node)] = base
        return base

    def _name(self, uri: str, anchor: str, node: _Node) -> None:
        for place in ((uri, anchor), ("*", anchor)):
            self.anchors.setdefault(place, []).append(node)

    def targets(self, node: _Node, keyword: str, reference: str) -> list[_Node]:
        """Every schema that the reference may lead to; a dynamic one leads to all of its name."""
        uri, fragment = urldefrag(urljoin(self.bases[id(node)], reference))
        if uri.startswith(_META_SCHEMAS) and uri not in self.resources:
            return []
        if keyword != "$ref":
            named = self.anchors.get(("*", "$recursive" if keyword == "$recursiveRef" else fragment), [])
            if named:
                return named
        resource = self.resources.get(uri)
        if resource is None:
            raise UnresolvedReferenceError(reference)
        if fragment == "" or fragment.startswith("/"):
            found = _at_pointer(resource, unquote(fragment))
            if isinstance(found, dict) and id(found) not in self.bases:  # a schema where none is expected, such as in `default`
                self._add_all(found, uri)
            return [found] if isinstance(found, dict) else []
        named = self.anchors.get((uri, unquote(fragment)), [])
        if not named:
            raise UnresolvedReferenceError(reference)
        return named


def _at_pointer(resource: _Node, pointer: str) -> JsonValue:
    found: JsonValue = resource
    for token in pointer.split("/")[1:]:
        step = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            raise UnresolvedReferenceError(pointer)
    return found


@dataclass(slots=True)
class _Scales:
    index: _Index
    recursive: bool = False

    def weigh(self, root: _Node) -> Work:
        """Count the ways to each node, in topological order; a way back to a node that is being walked is not counted."""
        order, edges = self._walk(root)
        ways = dict.fromkeys(edges, 0)
        ways[id(root)] = 1
        for node in reversed(order):
            for target in edges[node]:
                ways[target] += ways[node]
        return Work(max(ways.values()), self.recursive)

    def _walk(self, root: _Node) -> tuple[list[int], Mapping[int, list[int]]]:
        """Depth first, without recursion: nodes in order of completion, and the edges that lead forward."""
        order: list[int] = []
        edges: dict[int, list[int]] = {id(root): []}
        open_nodes = {id(root)}
        stack: list[tuple[_Node, Iterator[_Node]]] = [(root, self._next(root))]
        while stack:
            node, following = stack[-1]
            target = next(following, None)
            if target is None:
                stack.pop()
                open_nodes.discard(id(node))
                order.append(id(node))
            elif id(target) in open_nodes:
                self.recursive = True
            else:
                edges[id(node)].append(id(target))
                if id(target) not in edges:
                    edges[id(target)] = []
                    open_nodes.add(id(target))
                    stack.append((target, self._next(target)))
        return order, edges

    def _next(self, node: _Node) -> Iterator[_Node]:
        for key, value in node.items():
            if key in _REFERENCES and isinstance(value, str):
                yield from self.index.targets(node, key, value)
            elif key not in _SHELVES:
                yield from _schemas(key, value)


def _schemas(key: str, value: JsonValue) -> Iterator[_Node]:
    """The schemas directly in a keyword's value. What an unknown keyword holds counts too: better too heavy than too light."""
    if key in _DATA:
        return
    if key in _MAPS and isinstance(value, dict):
        for part in value.values():
            yield from _parts(part)
    else:
        yield from _parts(value)


def _parts(value: JsonValue) -> Iterator[_Node]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _parts(element)
