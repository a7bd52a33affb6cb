"""Strict reading of JSON, member by member: what is missing, of another kind or unknown is named with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

T = TypeVar("T")


class BadRecord(ValueError):
    """A file that cannot be read; says what is wrong with it."""


def parse(content: bytes) -> object:
    """The value of a JSON text. Errors: BadRecord."""
    try:
        value: object = json.loads(content.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadRecord(f"it is no JSON ({error})") from None
    return value


class Members:
    """The members of one JSON object, taken one by one; what is left at the end is unknown."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise BadRecord(f"{place}: must be an object")
        self._left: dict[str, object] = dict(value)
        self._place = place

    def take(self, name: str, read: Callable[[object, str], T]) -> T:
        """The member `name`, read by `read(value, place)`."""
        place = f"{self._place}.{name}"
        if name not in self._left:
            raise BadRecord(f"{place}: is missing")
        return read(self._left.pop(name), place)

    def end(self) -> None:
        """Errors: BadRecord if there are more members."""
        if self._left:
            raise BadRecord(f"{self._place}: has unknown members: {', '.join(sorted(self._left))[:200]!a}")


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadRecord("an object has a member twice")
    return value


def _no_constant(name: str) -> object:
    raise BadRecord(f"{name} is no JSON")


def text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise BadRecord(f"{place}: must be a text")
    return value


def count(value: object, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadRecord(f"{place}: must be a whole number")
    return value


def whole(value: object, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRecord(f"{place}: must be a whole number")
    return value


def flag(value: object, place: str) -> bool:
    if not isinstance(value, bool):
        raise BadRecord(f"{place}: must be true or false")
    return value


def matching(pattern: re.Pattern[str]) -> Callable[[object, str], str]:
    def read(value: object, place: str) -> str:
        found = text(value, place)
        if not pattern.fullmatch(found):
            raise BadRecord(f"{place}: has not the right form")
        return found

    return read


def one_of(values: tuple[T, ...]) -> Callable[[object, str], T]:
    def read(value: object, place: str) -> T:
        found = next((known for known in values if known == value), None)
        if found is None:
            raise BadRecord(f"{place}: must be one of {', '.join(map(str, values))}")
        return found

    return read


def optional(read: Callable[[object, str], T]) -> Callable[[object, str], T | None]:
    return lambda value, place: None if value is None else read(value, place)


def list_of(read: Callable[[object, str], T]) -> Callable[[object, str], list[T]]:
    def all_of(value: object, place: str) -> list[T]:
        if not isinstance(value, list):
            raise BadRecord(f"{place}: must be a list")
        return [read(element, f"{place}[{index}]") for index, element in enumerate(value)]

    return all_of


def by_page(read: Callable[[object, str], T]) -> Callable[[object, str], Mapping[int, T]]:
    def all_of(value: object, place: str) -> Mapping[int, T]:
        if not isinstance(value, dict):
            raise BadRecord(f"{place}: must be an object")
        if not all(re.fullmatch("[1-9][0-9]{0,3}", name) for name in value):
            raise BadRecord(f"{place}: its names must be page numbers")
        return MappingProxyType({int(name): read(member, f"{place}.{name}") for name, member in value.items()})

    return all_of
