"""What a verb means with its object, by the rows of `sense_rows`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from yett.catalog import money_words, nouns, sense_rows
from yett.catalog.listed import listed
from yett.catalog.model import RiskClass
from yett.catalog.verbs import Verb
from yett.catalog.words import singular


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a verb with its object does."""

    risk: RiskClass
    shows: str
    certain: bool = True
    """Whether the verb with its object settles it; False: a guess."""
    by_object: bool = False
    """Whether the object had a say."""


@dataclass(frozen=True, slots=True)
class _Row:
    risk: RiskClass
    shows: str
    verbs: frozenset[str]
    nouns: frozenset[str]
    anywhere: bool


def _rows() -> Iterator[_Row]:
    """The rows of the text. A row that cannot be read is a fault of this package, and fails its import."""
    for block in _BLOCK.split(f"{money_words.ROWS.strip()}\n{sense_rows.ROWS.strip()}"):
        head, _, rest = block.partition("\n")
        risk, _, shows = head.partition(": ")
        verbs, _, objects = rest.partition("\n  nouns ")
        yield _Row(
            risk=RiskClass(risk.rstrip("*")),
            shows=shows,
            verbs=_set(verbs.strip().removeprefix("verbs ")),
            nouns=_set(objects),
            anywhere=risk.endswith("*"),
        )


_BLOCK: Final = re.compile(r"\n(?=[A-Z])")
_NAMED: Final[Mapping[str, frozenset[str]]] = {
    **{name: value for name, value in vars(nouns).items() if isinstance(value, frozenset)},
    **{name: listed(text) for name, text in sense_rows.VERB_SETS.items()},
}


def _set(text: str) -> frozenset[str]:
    found, without = set[str](), set[str]()
    for word in text.split():
        if word.startswith("@"):
            found |= _NAMED[word[1:]]
        elif word.startswith("-"):
            without.add(word[1:])
        else:
            found.add(word)
    return frozenset(found - without)


def _by_verb() -> Mapping[str, tuple[_Row, ...]]:
    table: dict[str, list[_Row]] = {}
    for row in _rows():
        for verb in row.verbs:
            table.setdefault(verb, []).append(row)
    return MappingProxyType({verb: tuple(rows) for verb, rows in table.items()})


_TABLE: Final = _by_verb()
_PAIRS: Final = frozenset(tuple(pair.split("-")) for pair in money_words.PAIRS.split())
_PASSIVE: Final = listed(money_words.PASSIVE)
_MEANS: Final = frozenset({"card", "method", "source"})
_USUAL: Final[Mapping[RiskClass, str]] = MappingProxyType(
    {
        RiskClass.READ: "only looks or computes",
        RiskClass.WRITE: "changes something",
        RiskClass.EXECUTE: "sets something going",
        RiskClass.DESTRUCTIVE: "removes or ends something",
        RiskClass.FINANCIAL: "moves or commits money or assets",
    }
)
_PUTTING: Final = frozenset({"move", "put", "send", "throw"})
_BIN: Final = frozenset({"trash", "bin", "recycle", "recyclebin", "wastebasket"})
_BREAKS: Final = listed(
    """
    by from for with in to of via using on into at as without and or per through based over about between against across
    """
)
_FILLERS: Final = listed(
    """
    a an the all any one some new existing specific given your this that its their my several multiple single more up out batch
    bulk many another each every current selected
    """
)


def meaning(verb: Verb, following: Sequence[str]) -> Meaning:
    """What `verb` does to the words that follow it."""
    if verb.word in _PUTTING and not _BIN.isdisjoint(following):
        return Meaning(RiskClass.DESTRUCTIVE, "puts something into the bin", by_object=True)
    objects = _object(following)
    last = objects[-1] if objects else ""
    for row in _TABLE.get(verb.word, ()):
        if not row.nouns or last in row.nouns or (row.anywhere and last not in _PASSIVE and not row.nouns.isdisjoint(objects)):
            return Meaning(row.risk, row.shows, bool(row.nouns), bool(row.nouns))
    return Meaning(verb.risk, _USUAL[verb.risk], not verb.vague)


def _object(following: Sequence[str]) -> list[str]:
    """The noun phrase right after the verb, singular; two nouns that mean money together end as one word for it."""
    objects: list[str] = []
    for word in following:
        if word in _BREAKS and objects:
            break
        if word not in _BREAKS and word not in _FILLERS:
            objects.append(singular(word))
    for first, second in pairwise(objects):
        if (first, second) in _PAIRS and objects[-1] == second:
            return [*objects, "payment_method" if second in _MEANS else "payment"]
    return objects
