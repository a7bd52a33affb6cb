"""What changed between two lists of a server's tools, and how grave that is. Pure: two lists in, changes out.

A tool is known by its name; the order of a list and of an object's members means nothing. Every member of a definition counts,
also one that the classifier does not read, and every text of it is searched for orders and hidden characters.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, Literal

from yett.catalog import drift_schema
from yett.catalog.classify import classify
from yett.catalog.definition import NAME_MAX, DefinitionError, tool_definition
from yett.catalog.drift_text import diff_of
from yett.catalog.fingerprint import DIGEST_BYTES
from yett.catalog.model import RiskClass, Severity, ToolDefinition
from yett.catalog.neighbours import Neighbours
from yett.catalog.poison import ORDERS, all_hidden, poisoned_texts
from yett.catalog.quoting import quoted
from yett.catalog.severity import BASE
from yett.policy.json_value import JsonObject, JsonValue

Kind = Literal["added", "removed", "changed"]
MEMBERS_MAX: Final = 12
"""Members of a definition that are named as changed."""
MEMBER_MAX: Final = 40
"""Characters of such a name, which is the server's."""
WORDING: Final = frozenset({"description", "title"})
MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "orders_appeared": "a text of it gives orders to the model, which none did before",
        "hidden_text_appeared": "it holds characters that are not shown, which it did not before",
        "class_rose": "it can do worse than before",
        "new_dangerous_tool": "it is new, and can do more than read and write",
        "free_argument": "it takes an argument in which anything may be",
        "annotation_weakened": "its hints promise less than before",
        "listed_twice": "the list has several tools of this name: nobody can say which one a call reaches",
        "unreadable": "its definition cannot be read, so that it has no class",
        "class_fell": "it says that it does less than before",
        "required_argument": "it demands an argument that it did not demand before",
        "schema_widened": "it takes more than before",
        "schema": "it takes other arguments than before",
        "hints": "its hints changed",
        "new_tool": "it is new",
        "removed": "it is no longer listed",
        "other": "something else of its definition changed",
        "wording": "only its wording changed",
    }
)
"""Every code of what a change means, the gravest first."""
_ORDER: Final = tuple(MEANINGS)
_GRAVITY: Final[Mapping[str, Severity]] = MappingProxyType(
    {
        "orders_appeared": Severity.CRITICAL,
        "hidden_text_appeared": Severity.CRITICAL,
        "listed_twice": Severity.HIGH,
        "unreadable": Severity.HIGH,
        "annotation_weakened": Severity.HIGH,
        "class_fell": Severity.MEDIUM,
        "required_argument": Severity.MEDIUM,
        "schema_widened": Severity.MEDIUM,
        "schema": Severity.MEDIUM,
        "hints": Severity.MEDIUM,
        "removed": Severity.LOW,
        "other": Severity.LOW,
        "wording": Severity.LOW,
    }
)
"""Of those that mean the same for every tool."""

Found = dict[str, Severity]
"""Codes of what a change means, each with its severity."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One tool that is not as it was."""

    tool: str
    kind: Kind
    severity: Severity
    meanings: tuple[str, ...]
    """Codes of `MEANINGS`, the gravest first."""
    members: tuple[str, ...]
    """Members of the definition that changed; none where the whole tool came or went."""
    before: str | None
    """Digest of the whole definition; None where there was none."""
    after: str | None
    diff: str
    """Some lines for people, each with a place and a quotation."""


@dataclass(frozen=True, slots=True)
class _Side:
    """What one list says of one name: mostly one definition."""

    values: tuple[JsonObject, ...]
    digests: tuple[str, ...]

    @property
    def digest(self) -> str | None:
        """That of the definition, or of all of them."""
        if len(self.digests) < 2:
            return self.digests[0] if self.digests else None
        return _digest("\n".join(sorted(self.digests)))


@dataclass(frozen=True, slots=True)
class _List:
    sides: Mapping[str, _Side]
    neighbours: Neighbours
    server: str

    def risk(self, side: _Side) -> RiskClass | None:
        """The worst class of its definitions; None where one has none."""
        found = []
        for value in side.values:
            try:
                found.append(classify(tool_definition(value, self.server), self.neighbours).risk)
            except DefinitionError:
                return None
        return max(found, key=lambda risk: risk.rank)


def drift(before: Sequence[JsonValue], after: Sequence[JsonValue], server: str) -> tuple[Drift, ...]:
    """Every tool that came, went or changed, by name. What has no name, or none that can be called, is no tool."""
    if before == after:
        return ()
    old, new = _list(before, server), _list(after, server)
    changes = []
    for name in sorted(old.sides.keys() | new.sides.keys()):
        was, now = old.sides.get(name), new.sides.get(name)
        if was is not None and now is not None and sorted(was.digests) == sorted(now.digests):
            continue
        if now is None:
            assert was is not None, "a name of either list"
            changes.append(_removed(name, was))
        else:
            changes.append(_added(name, now, new) if was is None else _changed(name, (was, now), (old, new)))
    return tuple(changes)


def _list(values: Iterable[JsonValue], server: str) -> _List:
    named: defaultdict[str, list[tuple[JsonObject, str]]] = defaultdict(list)
    tools: list[ToolDefinition] = []
    for value in values:
        name = value.get("name") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(name, str) or not 0 < len(name) <= NAME_MAX:
            continue
        named[name].append((value, _digest(json.dumps(value, sort_keys=True, separators=(",", ":")))))
        try:
            tools.append(tool_definition(value, server))
        except DefinitionError:
            continue
    sides = {name: _Side(tuple(one for one, _ in found), tuple(one for _, one in found)) for name, found in named.items()}
    return _List(sides, Neighbours.of(tools), server)


def _removed(name: str, was: _Side) -> Drift:
    return _drift(name, "removed", {"removed": _GRAVITY["removed"]}, (was, None))


def _added(name: str, now: _Side, new: _List) -> Drift:
    found, risk = _texts(None, now), new.risk(now)
    if risk is None:
        found["unreadable"] = _GRAVITY["unreadable"]
    else:
        found["new_dangerous_tool" if risk.rank >= RiskClass.EXECUTE.rank else "new_tool"] = BASE[risk]
    return _drift(name, "added", found, (None, now))


def _changed(name: str, sides: tuple[_Side, _Side], lists: tuple[_List, _List]) -> Drift:
    was, now = sides
    members = _members(was.values[-1], now.values[-1])
    found = {
        **_texts(was, now),
        **_class(lists[0].risk(was), lists[1].risk(now)),
        **_rest(was.values[-1], now.values[-1], members),
    }
    if len(now.values) > 1:
        found["listed_twice"] = _GRAVITY["listed_twice"]
    if not found:
        found["wording" if set(members) <= WORDING | {"inputSchema"} else "other"] = Severity.LOW
    return _drift(name, "changed", found, sides, members)


def _drift(name: str, kind: Kind, found: Found, sides: tuple[_Side | None, _Side | None], members: Sequence[str] = ()) -> Drift:
    was, now = sides
    return Drift(
        tool=name,
        kind=kind,
        severity=max(found.values(), key=lambda severity: severity.rank),
        meanings=tuple(sorted(found, key=_ORDER.index)),
        members=tuple(quoted(member, MEMBER_MAX) for member in members[:MEMBERS_MAX]),
        before=None if was is None else was.digest,
        after=None if now is None else now.digest,
        diff=diff_of(None if was is None else was.values[-1], None if now is None else now.values[-1]),
    )


def _texts(was: _Side | None, now: _Side) -> Found:
    """What its texts try that they did not try before, wherever they stand."""
    before = frozenset() if was is None else poisoned_texts(was.values)
    codes = {code for code, _ in poisoned_texts(now.values) - before}
    found: Found = {}
    if codes & ORDERS:
        found["orders_appeared"] = _GRAVITY["orders_appeared"]
    if Counter(all_hidden(now.values)) - Counter(all_hidden(() if was is None else was.values)):
        found["hidden_text_appeared"] = _GRAVITY["hidden_text_appeared"]
    return found


def _class(was: RiskClass | None, now: RiskClass | None) -> Found:
    if now is None:
        return {"unreadable": _GRAVITY["unreadable"]}
    if was is None or was.rank < now.rank:
        return {"class_rose": BASE[now]}
    return {"class_fell": _GRAVITY["class_fell"]} if now.rank < was.rank else {}


def _rest(was: JsonObject, now: JsonObject, members: Iterable[str]) -> Found:
    found: Found = {}
    if "inputSchema" in members:
        free = drift_schema.freed(was, now)
        if free is not None:
            found["free_argument"] = free
        codes = drift_schema.changes(was.get("inputSchema"), now.get("inputSchema"))
        found.update((code, _GRAVITY[code]) for code in codes)
    if "annotations" in members and _hints(was) != _hints(now):
        code = "annotation_weakened" if _weakened(was, now) else "hints"
        found[code] = _GRAVITY[code]
    return found


_PROMISES: Final = (("readOnlyHint", True), ("destructiveHint", False), ("idempotentHint", True), ("openWorldHint", False))
"""Hints that promise something, with the value by which they do."""


def _weakened(was: JsonObject, now: JsonObject) -> bool:
    """Whether a hint no longer promises what it did."""
    before, after = was.get("annotations"), now.get("annotations")
    hints = before if isinstance(before, dict) else {}, after if isinstance(after, dict) else {}
    return any(hints[0].get(name) is value and hints[1].get(name) is not value for name, value in _PROMISES)


def _hints(value: JsonObject) -> JsonValue:
    annotations = value.get("annotations")
    return {key: one for key, one in annotations.items() if key != "title"} if isinstance(annotations, dict) else annotations


def _members(was: JsonObject, now: JsonObject) -> tuple[str, ...]:
    """The names of the members that differ, those that everybody knows first."""
    return tuple(sorted(_differing(was, now), key=lambda name: (name not in _KNOWN, name)))


def _differing(was: JsonObject, now: JsonObject) -> Iterator[str]:
    for name in was.keys() | now.keys():
        if (name in was) is not (name in now) or was.get(name) != now.get(name):
            yield name


_KNOWN: Final = frozenset({"description", "inputSchema", "annotations", "title"})


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES, person=b"yett whole tool").hexdigest()
