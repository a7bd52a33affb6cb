"""Patterns against many texts at once: which of them may be in one is told in one pass, then only those are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final

import re2

from yett.catalog import poison_rules as rules

TOGETHER_BYTES: Final = 8 << 20
EACH_BYTES: Final = 1 << 20
LEAD_MAX: Final = 260
"""Characters that the beginning of a pattern in three parts may have."""
BEHIND_MAX: Final = 400
"""Characters behind a rare part that are looked at: it may be matched further along than it was found by itself."""
MATCHES_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Pattern:
    """One of them."""

    code: str
    whole: Any
    rare: Any = None
    """Its part that is rare, where it begins with what is not."""

    def matches(self, text: str) -> Iterator[Any]:
        """The first `MATCHES_MAX` places where it is."""
        if self.rare is None:
            return islice(self.whole.finditer(text), MATCHES_MAX)
        around = _joined((found.start() - LEAD_MAX, found.end() + BEHIND_MAX) for found in self.rare.finditer(text))
        return islice((found for start, end in around for found in self.whole.finditer(text, start, end)), MATCHES_MAX)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Several, of which each has a number."""

    rarest: Any
    """Of each the part that is rare, together."""
    each: tuple[Pattern, ...]

    def suspects(self, text: str) -> tuple[int, ...]:
        """Numbers of those that may be in it, in no order of the table; all others are not."""
        return tuple(self.rarest.Match(text) or ())


def compiled(patterns: Sequence[tuple[str, ...]]) -> Patterns:
    """Of rows of code and pattern, or of code, how it begins, and the rest."""
    every = re2.Set.SearchSet(bounded(TOGETHER_BYTES))
    for row in patterns:
        every.Add(row[-1])
    every.Compile()
    return Patterns(every, tuple(_pattern(*row) for row in patterns))


def bounded(memory: int) -> Any:
    """Options by which a matcher remembers no more than this: with millions of texts, each would fill what it may have.

    One that has not enough goes another way, more slowly, and need not say so.
    """
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    return options


def _pattern(code: str, *parts: str) -> Pattern:
    whole = re2.compile("".join(parts), bounded(EACH_BYTES))
    return Pattern(code, whole, None if len(parts) == 1 else re2.compile(parts[-1], bounded(EACH_BYTES)))


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans in order, those that touch as one."""
    start, end = -1, -1
    for first, last in spans:
        if first > end:
            if end >= 0:
                yield max(0, start), end
            start = first
        end = last
    if end >= 0:
        yield max(0, start), end


@cache
def openly() -> Patterns:
    """What texts say as they stand."""
    return compiled(rules.OPEN)


@cache
def foreign() -> Patterns:
    """The same in other languages."""
    return compiled(rules.FOREIGN)


@cache
def disguised() -> Patterns:
    """What only letters say."""
    return compiled([("disguised", pattern) for pattern in rules.DISGUISED])


@cache
def commands() -> Any:
    """Commands of a shell."""
    return re2.compile(rules.COMMANDS, bounded(EACH_BYTES))


@cache
def imperative() -> Any:
    """Orders to use a tool."""
    return re2.compile(rules.IMPERATIVE, bounded(EACH_BYTES))
