"""Reading entries and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from yett.policy import vocabulary as words
from yett.policy.errors import LiteralError, nearest, pointer_join
from yett.policy.json_value import JsonValue
from yett.policy.model import AnyOf, ApprovalEntry, Condition, Entry, Leaf, Not
from yett.policy.operators import check_literal_set, check_pattern
from yett.policy.paths import Path, PathError, parse_path
from yett.policy.reading import (
    Problems,
    Read,
    article,
    inexact_numbers,
    one_of,
    read_list,
    read_name,
    read_number,
    read_object,
    read_text,
    whole,
)
from yett.policy.vocabulary import Key, Kind, Literal

_CONDITION_KEYS: Final = frozenset({*words.LEAF, *words.ANY, *words.NOT})


def read_path(value: JsonValue, pointer: str, problems: Problems) -> Path | None:
    """A path of a condition."""
    if not isinstance(value, str):
        problems.add(pointer, f"expected a path, not {article(value)}")
        return None
    try:
        return parse_path(value)
    except PathError as error:
        problems.add(pointer, str(error))
        return None


def read_plain_path(value: JsonValue, pointer: str, problems: Problems) -> Path | None:
    """A path without `[*]`."""
    path = read_path(value, pointer, problems)
    if path is not None and path.wildcard:
        problems.add(pointer, "this path must not hold `[*]`")
        return None
    return path


def read_condition(value: JsonValue, pointer: str, problems: Problems) -> Condition | None:
    """A leaf, `any` or `not`."""
    if isinstance(value, dict) and "any" in value:
        return read_object(value, pointer, words.ANY, _READERS, problems).get("any")
    if isinstance(value, dict) and "not" in value:
        inner = read_object(value, pointer, words.NOT, _READERS, problems).get("not")
        return None if inner is None else Not(inner)
    return _read_leaf(value, pointer, problems, words.LEAF)[0]


def _read_leaf(value: JsonValue, pointer: str, problems: Problems, keys: Mapping[str, Key]) -> tuple[Leaf | None, dict[str, Any]]:
    members = read_object(value, pointer, keys, _READERS, problems)
    if not isinstance(value, dict):
        return None, members
    path, operator = members.get("path"), members.get("op")
    literal = None
    if operator is not None and "value" in value:
        literal = _read_literal(operator, value["value"], pointer_join(pointer, "value"), problems)
    if path is not None:
        _check_match(path, "match" in value, pointer_join(pointer, "match"), problems)
    if path is None or operator is None:
        return None, members
    return Leaf(path, operator, literal, members.get("match")), members


def _check_match(path: Path, given: bool, pointer: str, problems: Problems) -> None:
    if path.wildcard and not given:
        problems.add(pointer, "a path with `[*]` needs `match`", 'say `"every"` or `"some"`')
    if given and not path.wildcard:
        problems.add(pointer, "`match` stands only beside a path with `[*]`")


def _read_any(value: JsonValue, pointer: str, problems: Problems) -> AnyOf | None:
    if value == []:
        problems.add(pointer, "`any` must name at least one condition")
        return None
    return AnyOf(read_list(value, pointer, read_condition, problems))


# --- literals -------------------------------------------------------------------------------------------------------------


def _read_literal(operator: str, value: JsonValue, pointer: str, problems: Problems) -> JsonValue:
    before = len(problems.found)
    for place in inexact_numbers(value, pointer):
        problems.add(place, "this number is read differently by different programs", "use at most 15 digits, or 2^53")
    if len(problems.found) == before:
        return _LITERALS[words.OPERATORS[operator]](operator, value, pointer, problems)
    return None


def _any_literal(_operator: str, value: JsonValue, _pointer: str, _problems: Problems) -> JsonValue:
    return value


def _list_literal(_operator: str, value: JsonValue, pointer: str, problems: Problems) -> JsonValue:
    return value if _is_filled_list(value, pointer, problems) else None


def _is_filled_list(value: JsonValue, pointer: str, problems: Problems) -> bool:
    if isinstance(value, list) and value:
        return True
    problems.add(pointer, f"expected a non-empty list, not {'an empty one' if value == [] else article(value)}")
    return False


def _number_literal(_operator: str, value: JsonValue, pointer: str, problems: Problems) -> JsonValue:
    return read_number(value, pointer, problems)


def _text_literal(_operator: str, value: JsonValue, pointer: str, problems: Problems) -> JsonValue:
    return read_text(value, pointer, problems)


def _pattern_literal(_operator: str, value: JsonValue, pointer: str, problems: Problems) -> JsonValue:
    text = read_text(value, pointer, problems)
    if text is not None:
        try:
            check_pattern(text)
        except LiteralError as error:
            problems.add(pointer, str(error), "RE2 has no look-around and no back-references")
    return text


def _size_literal(_operator: str, value: JsonValue, pointer: str, problems: Problems) -> JsonValue:
    size = whole(value)
    if size is None or size < 0:
        problems.add(pointer, "expected an integer of at least 0")
        return None
    return size


def _types_literal(_operator: str, value: JsonValue, pointer: str, problems: Problems) -> JsonValue:
    read_type = one_of(words.JSON_TYPES)
    if not isinstance(value, list):
        kind: str | None = read_type(value, pointer, problems)
        return kind
    return list(read_list(value, pointer, read_type, problems)) if _is_filled_list(value, pointer, problems) else None


def _boolean_literal(_operator: str, value: JsonValue, pointer: str, problems: Problems) -> JsonValue:
    if isinstance(value, bool):
        return value
    problems.add(pointer, f"expected true or false, not {article(value)}")
    return None


def _set_literal(operator: str, value: JsonValue, pointer: str, problems: Problems) -> JsonValue:
    before = len(problems.found)
    if not _is_filled_list(value, pointer, problems):
        return None
    read_list(value, pointer, read_name, problems)
    if len(problems.found) == before:
        _check_each(operator, value, pointer, problems)
    return value


def _check_each(operator: str, value: JsonValue, pointer: str, problems: Problems) -> None:
    assert isinstance(value, list)
    for index, element in enumerate(value):
        try:
            check_literal_set(operator, [element])
        except LiteralError as error:
            problems.add(pointer_join(pointer, index), str(error))


def _sql_literal(operator: str, value: JsonValue, pointer: str, problems: Problems) -> JsonValue:
    if not isinstance(value, dict):
        problems.add(pointer, f'expected {{"dialect": …, "kinds": […]}}, not {article(value)}')
        return None
    before = len(problems.found)
    for name in value:
        if name not in words.SQL_LITERAL_KEYS:
            problems.add(pointer_join(pointer, name), f"unknown key `{name}`", nearest(name, words.SQL_LITERAL_KEYS))
    for name in words.SQL_LITERAL_KEYS:
        if name not in value:
            problems.add(pointer_join(pointer, name), f"`{name}` is missing")
    if "kinds" in value and _is_filled_list(value["kinds"], pointer_join(pointer, "kinds"), problems):
        read_list(value["kinds"], pointer_join(pointer, "kinds"), one_of(words.SQL_KINDS), problems)
    if "dialect" in value and read_name(value["dialect"], pointer_join(pointer, "dialect"), problems) is not None:
        _check_dialect(operator, value["dialect"], pointer_join(pointer, "dialect"), problems)
    return value if len(problems.found) == before else None


def _check_dialect(operator: str, dialect: JsonValue, pointer: str, problems: Problems) -> None:
    try:
        check_literal_set(operator, {"dialect": dialect, "kinds": ["select"]})
    except LiteralError as error:
        problems.add(pointer, str(error))


_LITERALS: Final = MappingProxyType(
    {
        Literal.ANY: _any_literal,
        Literal.LIST: _list_literal,
        Literal.NUMBER: _number_literal,
        Literal.PATTERN: _pattern_literal,
        Literal.STRING: _text_literal,
        Literal.SIZE: _size_literal,
        Literal.TYPES: _types_literal,
        Literal.BOOLEAN: _boolean_literal,
        Literal.HOSTS: _set_literal,
        Literal.DIRECTORIES: _set_literal,
        Literal.CIDRS: _set_literal,
        Literal.SQL: _sql_literal,
    }
)


# --- entries --------------------------------------------------------------------------------------------------------------


def read_require(value: JsonValue, pointer: str, problems: Problems) -> tuple[Entry, ...]:
    """The entries of `require`; each names at least one condition."""

    def read(element: JsonValue, place: str, found: Problems) -> Entry | None:
        entry = _read_entry(element, place, found, words.ENTRY)
        if entry is not None and not entry[0] and isinstance(element, dict) and element.get("conditions") == []:
            found.add(pointer_join(place, "conditions"), "an entry of `require` must name at least one condition")
        return None if entry is None else Entry(entry[0], entry[1].get("on_deny"))

    return read_list(value, pointer, read, problems)


def read_deny_if(value: JsonValue, pointer: str, problems: Problems) -> tuple[Entry, ...]:
    """The entries of `deny_if`; one without conditions always holds."""

    def read(element: JsonValue, place: str, found: Problems) -> Entry | None:
        entry = _read_entry(element, place, found, words.ENTRY)
        return None if entry is None else Entry(entry[0], entry[1].get("on_deny"))

    return read_list(value, pointer, read, problems)


def read_require_approval(value: JsonValue, pointer: str, problems: Problems) -> tuple[ApprovalEntry, ...]:
    """The entries of `require_approval`; `true` is one entry that always holds."""
    if value is True:
        return (ApprovalEntry(()),)
    keys = MappingProxyType({**words.ENTRY, **words.APPROVAL})

    def read(element: JsonValue, place: str, found: Problems) -> ApprovalEntry | None:
        entry = _read_entry(element, place, found, keys)
        if entry is None:
            return None
        conditions, members = entry
        return ApprovalEntry(
            conditions,
            members.get("on_deny"),
            members.get("timeout", words.TIMEOUT_DEFAULT_S),
            members.get("approvers", ()),
            members.get("quorum", 1),
        )

    return read_list(value, pointer, read, problems)


def _read_entry(
    value: JsonValue, pointer: str, problems: Problems, keys: Mapping[str, Key]
) -> tuple[tuple[Condition, ...], dict[str, Any]] | None:
    """Conditions and the other members; a bare condition with the other members beside its keys is an entry too."""
    if not isinstance(value, dict) or "conditions" in value or not _CONDITION_KEYS & value.keys():
        members = read_object(value, pointer, keys, _READERS, problems)
        return (members.get("conditions", ()), members) if isinstance(value, dict) else None
    beside = {name: key for name, key in keys.items() if name != "conditions"}
    for name, form in (("any", words.ANY), ("not", words.NOT)):
        if name in value:
            members = read_object(value, pointer, {**form, **beside}, _READERS, problems)
            inner = members.get(name)
            condition = None if inner is None else inner if name == "any" else Not(inner)
            return () if condition is None else (condition,), members
    leaf, members = _read_leaf(value, pointer, problems, {**words.LEAF, **beside})
    return () if leaf is None else (leaf,), members


def _read_conditions(value: JsonValue, pointer: str, problems: Problems) -> tuple[Condition, ...]:
    return read_list(value, pointer, read_condition, problems)


def _read_timeout(value: JsonValue, pointer: str, problems: Problems) -> int | None:
    if isinstance(value, str) and value[-1:] in words.TIMEOUT_UNITS and len(value) <= 10:
        number = value[:-1]
        if number.isascii() and number.isdecimal() and not number.startswith("0"):
            return int(number) * words.TIMEOUT_UNITS[value[-1]]
    problems.add(pointer, "not a duration", 'write `"90s"`, `"30m"`, `"2h"` or `"7d"`')
    return None


def _read_approvers(value: JsonValue, pointer: str, problems: Problems) -> tuple[str, ...] | None:
    return read_list(value, pointer, read_name, problems) if _is_filled_list(value, pointer, problems) else None


def _read_quorum(value: JsonValue, pointer: str, problems: Problems) -> int | None:
    quorum = whole(value)
    if quorum is None or quorum < 1:
        problems.add(pointer, "expected an integer of at least 1")
        return None
    return quorum


def _keep(_value: JsonValue, _pointer: str, _problems: Problems) -> None:
    """A literal is read once its operator is known."""


_READERS: Final[Mapping[Kind, Read]] = MappingProxyType(
    {
        Kind.PATH: read_path,
        Kind.OPERATOR: one_of(tuple(words.OPERATORS)),
        Kind.LITERAL: _keep,
        Kind.MATCH: one_of(words.MATCHES),
        Kind.ANY_OF: _read_any,
        Kind.CONDITION: read_condition,
        Kind.CONDITIONS: _read_conditions,
        Kind.TEXT: read_text,
        Kind.TIMEOUT: _read_timeout,
        Kind.APPROVERS: _read_approvers,
        Kind.QUORUM: _read_quorum,
    }
)


def count_leaves(condition: Condition) -> int:
    """How many leaves a condition holds."""
    match condition:
        case Leaf():
            return 1
        case Not(inner):
            return count_leaves(inner)
        case AnyOf(conditions):
            return sum(count_leaves(part) for part in conditions)
