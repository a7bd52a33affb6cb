"""Reading JSON objects by the vocabulary's tables, collecting every problem instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from yett.policy.errors import PolicyError, nearest, pointer_join
from yett.policy.json_value import JsonValue, Number, is_exact, json_type
from yett.policy.vocabulary import Key, Kind


@dataclass(slots=True)
class Problems:
    """Every defect found so far, in the order in which the document was read."""

    found: list[PolicyError] = field(default_factory=list)

    def add(self, pointer: str, message: str, hint: str | None = None) -> None:
        """Remember one defect."""
        self.found.append(PolicyError(pointer, message, hint))


Read: TypeAlias = Callable[[JsonValue, str, Problems], Any]
"""Reads one value at a pointer; returns None where it had to report a problem."""


def read_object(
    value: JsonValue, pointer: str, keys: Mapping[str, Key], readers: Mapping[Kind, Read], problems: Problems
) -> dict[str, Any]:
    """The readable members of an object; unknown, missing and wrong ones are reported, and left out."""
    if not isinstance(value, dict):
        problems.add(pointer, f"expected an object, not {article(value)}")
        return {}
    members: dict[str, Any] = {}
    for name, member in value.items():
        if name not in keys:
            problems.add(pointer_join(pointer, name), f"unknown key `{name}`", nearest(name, list(keys)))
            continue
        read = readers[keys[name].kind](member, pointer_join(pointer, name), problems)
        if read is not None:
            members[name] = read
    for name, key in keys.items():
        if key.required and name not in value:
            problems.add(pointer_join(pointer, name), f"`{name}` is missing", key.meaning)
    return members


def read_list(value: JsonValue, pointer: str, read: Read, problems: Problems) -> tuple[Any, ...]:
    """The readable elements of a list."""
    if not isinstance(value, list):
        problems.add(pointer, f"expected a list, not {article(value)}")
        return ()
    elements = (read(element, pointer_join(pointer, index), problems) for index, element in enumerate(value))
    return tuple(element for element in elements if element is not None)


def one_of(words: tuple[str, ...]) -> Read:
    """Reader of one word of a closed set."""

    def read(value: JsonValue, pointer: str, problems: Problems) -> str | None:
        if isinstance(value, str) and value in words:
            return value
        shown = f"`{value}`" if isinstance(value, str) else article(value)
        problems.add(pointer, f"{shown} is not one of the words for this key", nearest(str(value), words))
        return None

    return read


def read_boolean(value: JsonValue, pointer: str, problems: Problems) -> bool | None:
    """`true` or `false`."""
    if isinstance(value, bool):
        return value
    problems.add(pointer, f"expected true or false, not {article(value)}")
    return None


def read_text(value: JsonValue, pointer: str, problems: Problems) -> str | None:
    """Any string."""
    if isinstance(value, str):
        return value
    problems.add(pointer, f"expected a string, not {article(value)}")
    return None


def read_name(value: JsonValue, pointer: str, problems: Problems) -> str | None:
    """A non-empty string."""
    if value == "":
        problems.add(pointer, "must not be empty")
        return None
    return read_text(value, pointer, problems)


def whole(value: JsonValue) -> int | None:
    """The integer that a JSON number is, or None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if is_exact(value) else None
    if isinstance(value, Decimal) and is_exact(value) and value == int(value):
        return int(value)
    return None


def read_number(value: JsonValue, pointer: str, problems: Problems) -> Number | None:
    """A number that every reader sees alike."""
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        problems.add(pointer, f"expected a number, not {article(value)}")
        return None
    if not is_exact(value):
        problems.add(pointer, "this number is read differently by different programs", "use at most 15 digits, or 2^53")
        return None
    integer = whole(value)
    return value if integer is None else integer


def inexact_numbers(value: JsonValue, pointer: str) -> Iterator[str]:
    """Pointers of all numbers in `value` that would be ILL in a call."""
    if isinstance(value, list):
        for index, element in enumerate(value):
            yield from inexact_numbers(element, pointer_join(pointer, index))
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from inexact_numbers(member, pointer_join(pointer, name))
    elif isinstance(value, int | Decimal) and not isinstance(value, bool) and not is_exact(value):
        yield pointer


def depth_of(value: JsonValue) -> int:
    """How deep lists and objects are nested in `value`; a scalar has depth 0."""
    level, depth = [value], 0
    while level := [part for part in level if isinstance(part, list | dict)]:
        depth += 1
        level = [child for part in level for child in (part if isinstance(part, list) else part.values())]
    return depth


def article(value: JsonValue) -> str:
    """What a value is, for a sentence."""
    kind = json_type(value)
    return kind if kind == "null" else f"an {kind}" if kind[0] in "ao" else f"a {kind}"
