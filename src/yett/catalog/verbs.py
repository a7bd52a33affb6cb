"""English verbs, and what a tool that is named after one does. What is done to which object may change that: `senses`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from yett.catalog import verb_lists as lists
from yett.catalog.listed import listed
from yett.catalog.model import RiskClass


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb and what it does by itself."""

    word: str
    """Its base form."""
    risk: RiskClass
    noun_too: bool = False
    """Whether the word as often names a thing (`report`, `order`): beside a verb that does not, it is an object."""
    vague: bool = False
    """Whether it says little by itself (`manage`, `process`)."""


def _table() -> Iterator[Verb]:
    vague = frozenset(lists.VAGUE.split())
    for words, risk, noun_too in (
        (lists.READ_OR_NOUN, RiskClass.READ, True),
        (lists.WRITE_OR_NOUN, RiskClass.WRITE, True),
        (lists.EXECUTE_OR_NOUN, RiskClass.EXECUTE, True),
        (lists.DESTRUCTIVE_OR_NOUN, RiskClass.DESTRUCTIVE, True),
        (lists.FINANCIAL_OR_NOUN, RiskClass.FINANCIAL, True),
        (lists.READ, RiskClass.READ, False),
        (lists.WRITE, RiskClass.WRITE, False),
        (lists.EXECUTE, RiskClass.EXECUTE, False),
        (lists.DESTRUCTIVE, RiskClass.DESTRUCTIVE, False),
        (lists.FINANCIAL, RiskClass.FINANCIAL, False),
    ):
        for word in words.split():
            yield Verb(word, risk, noun_too, word in vague)


THINGS: Final = listed(lists.THINGS)
VERBS: Final[Mapping[str, Verb]] = MappingProxyType({verb.word: verb for verb in _table()})


_DOUBLED: Final = listed("""
    run stop get set put drop plan map ban tip bet swap submit dig grep cat log tag pin ping scan skip tap drag plot step
    kill wrap unpin untag trim strip flag commit refer transfer rerun chat format reset unset sit skip snap zip unzip unwrap
    hug quit split permit begin forget rotate crop upset mint jot rebut zap dim scrub rip sum cut let shred shut sell rm
    """)
"""Verbs whose last letter is doubled before `-ing`; that a form too many is made of some does no harm."""
THIRD: Final = "third"
GERUND: Final = "gerund"
BASE: Final = "base"


def _forms(word: str) -> Iterator[tuple[str, str]]:
    yield word, BASE
    if word.endswith(("s", "x", "z", "ch", "sh", "o")):
        yield word + "es", THIRD
    elif word.endswith("y") and word[-2:-1] not in "aeiou":
        yield word[:-1] + "ies", THIRD
    else:
        yield word + "s", THIRD
    if word.endswith("e") and not word.endswith(("ee", "oe", "ye")):
        yield word[:-1] + "ing", GERUND
    else:
        yield word + "ing", GERUND
    if word in _DOUBLED:
        yield word + word[-1] + "ing", GERUND


_AFFIXES: Final = ("re", "auto", "bulk", "batch", "mass", "multi", "force", "un", "de", "pre", "over", "co")


_TURNING: Final = frozenset({"un", "de", "over"})
"""`unresolve` changes something, although `resolve` may only look something up."""
_WHOLE: Final = frozenset(
    {"release", "report", "record", "recommendation", "request", "review", "default", "detail", "demand", "overview", "unit"}
)


def affixed(word: str) -> Verb | None:
    """The verb inside `reassign`, `autoscale`, `bulkdelete`, where the whole is no word of ours; None where there is none."""
    for affix in _AFFIXES:
        inner = word[len(affix) :].lstrip("-") if word.startswith(affix) else ""
        verb = VERBS.get(inner) if len(inner) > 3 and word not in _WHOLE else None
        if verb is not None and verb.risk is RiskClass.READ and affix in _TURNING:
            return Verb(word, RiskClass.WRITE)
        if verb is not None and verb.risk is RiskClass.DESTRUCTIVE and affix == "un":
            return Verb(word, RiskClass.WRITE)
        if verb is not None:
            return verb
    return None


FORMS: Final[Mapping[str, tuple[Verb, str]]] = MappingProxyType(
    {
        **{form: (verb, kind) for verb in VERBS.values() for form, kind in _forms(verb.word) if kind != BASE},
        **{verb.word: (verb, BASE) for verb in VERBS.values()},
    }
)
"""Every form that a description may use: the verb, and which form it is."""
