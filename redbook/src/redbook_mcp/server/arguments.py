"""The arguments of a tool call, read strictly and reported all at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.outline import control_character

_QUOTED_MAX: Final = 60
"""Characters of somebody's text in a message."""


class Arguments:
    """Reads one object member by member; `done` refuses it when anything was wrong, naming every place."""

    def __init__(self, given: Mapping[str, object], known: Sequence[str], *, within: str = "") -> None:
        self._given = given
        self._within = within
        self._problems: list[str] = [self._unknown(name, known) for name in given if name not in known]

    def has(self, name: str) -> bool:
        """Whether the member is there; null counts as left out, as some clients send it for each optional member."""
        return self._given.get(name) is not None

    def required(self, *names: str) -> None:
        self._problems.extend(f"`{self._within}{name}` is missing" for name in names if not self.has(name))

    def text(self, name: str, *, characters_max: int, empty: bool = False, lines: bool = False) -> str | None:
        """A text without control characters; line breaks only where `lines` allows them."""
        value = self._given.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self._wrong(name, f"is {_kind(value)}, not a text")
            return None
        problem = _fault(value, characters_max, empty=empty, lines=lines)
        if problem is not None:
            self._wrong(name, problem)
        return value

    def choice(self, name: str, among: Sequence[str]) -> str | None:
        value = self._given.get(name)
        if value is None or (isinstance(value, str) and value in among):
            return value
        near = difflib.get_close_matches(str(value)[:_QUOTED_MAX], among, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        self._wrong(name, f"is {_quoted(value)}; it is one of {', '.join(among)}{hint}")
        return None

    def flag(self, name: str, default: bool) -> bool:
        value = self._given.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self._wrong(name, f"is {_quoted(value)}; it is true or false")
            return default
        return value

    def integer(self, name: str, least: int, most: int) -> int | None:
        value = self._given.get(name)
        if value is None:
            return None
        number = _whole(value)
        if number is None or not least <= number <= most:
            self._wrong(name, f"is {_quoted(value)}; it is a whole number from {least} to {most}")
            return None
        return number

    def integers(self, name: str, most: int) -> tuple[int, ...] | None:
        """A list of whole numbers; their range is for whoever knows the project."""
        value = self._given.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > most:
            self._wrong(name, f"is not a list of at most {most} page numbers")
            return None
        numbers = [_whole(one) for one in value]
        for place, number in enumerate(numbers):
            if number is None:
                self._wrong(f"{name}[{place}]", f"is {_quoted(value[place])}; it is a whole number")
        return tuple(number for number in numbers if number is not None)

    def member(self, name: str, known: Sequence[str]) -> Arguments | None:
        """An object within; call its `done` too."""
        value = self._given.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self._wrong(name, f"is {_kind(value)}, not an object")
            return None
        return Arguments(value, known, within=f"{self._within}{name}.")

    def texts(self, name: str, *, most: int, characters_max: int) -> tuple[str, ...]:
        value = self._given.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > most or not all(isinstance(one, str) for one in value):
            self._wrong(name, f"is not a list of at most {most} texts")
            return ()
        for place, one in enumerate(value):
            if len(one) > characters_max or control_character(one) is not None:
                self._wrong(f"{name}[{place}]", f"has more than {characters_max} characters, or a control character")
        return tuple(value)

    def raw(self, name: str) -> object:
        return self._given.get(name)

    def wrong(self, name: str, what: str) -> None:
        """Report a member that another reader found wrong."""
        self._wrong(name, what)

    def done(self) -> None:
        """Errors: INVALID_INPUT with every problem, if there was any."""
        if self._problems:
            more = f"; and {len(self._problems) - 10} more" if len(self._problems) > 10 else ""
            raise RedBookError(Code.INVALID_INPUT, "; ".join(self._problems[:10]) + more)

    def _wrong(self, name: str, what: str) -> None:
        self._problems.append(f"`{self._within}{name}` {what}")

    def _unknown(self, name: str, known: Sequence[str]) -> str:
        folded = {one.lower().replace("_", ""): one for one in known}
        near = difflib.get_close_matches(name[:_QUOTED_MAX].lower().replace("_", ""), folded, 1)
        hint = f"; did you mean `{folded[near[0]]}`?" if near else f"; there is {', '.join(known) or 'none'}"
        return f"`{self._within}{name[:_QUOTED_MAX]}` is unknown{hint}"


def _fault(value: str, characters_max: int, *, empty: bool, lines: bool) -> str | None:
    """What is wrong with a text; None if nothing is."""
    if len(value) > characters_max:
        return f"has {len(value):,} characters; at most {characters_max:,} are taken"
    if not empty and not value.strip():
        return "is empty"
    if (where := control_character(value)) is not None:
        return f"holds a control character ({where})"
    if not lines and ("\n" in value or "\r" in value):
        return "is more than one line"
    return None


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def _kind(value: object) -> str:
    names = {bool: "a truth value", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "null")


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _QUOTED_MAX else f"{text[:_QUOTED_MAX]}…"
