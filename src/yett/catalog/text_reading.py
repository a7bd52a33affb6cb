"""What a description says its tool does. It can only raise what the name says: no assurance in it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from yett.catalog.act import Act
from yett.catalog.chinese import chinese_acts
from yett.catalog.foreign import FOREIGN
from yett.catalog.listed import listed
from yett.catalog.model import Place, RiskClass
from yett.catalog.quoting import INVISIBLE
from yett.catalog.senses import meaning
from yett.catalog.verbs import BASE, FORMS, GERUND, THIRD, Verb
from yett.catalog.words import fold, joined

LOOKED_AT_MAX: Final = 2000
"""Characters of a description that are read for verbs; signals look at all of it."""
SENTENCES_MAX: Final = 14
_LEAD_MAX: Final = 10
"""Words that may stand before the verb that a sentence is about."""
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[^a-z\s])|\n+|;\s+|(?<=[a-z)])\. +|\u3002|<br ?/?>| - (?=[A-Z])")
_CUT: Final = re.compile(
    r"(?im)^[ \t]*(args|arguments|parameters?|params|returns?|examples?|raises|notes?|usage|input|output|see also)\s*:"
)
_EXAMPLES: Final = re.compile(
    r"\((?:e\.?g\.?|i\.?e\.?|for example|such as|including|like)[^)]*\)"
    r"|\b(?:such as|for example|e\.g\.|including|like)\b[^.;\n]*",
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(r"\([^)]{0,200}\)|\[[^\]]{0,60}\]|`{3}.*?`{3}", re.DOTALL)
_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[,/&:|]")
_CRUD: Final = re.compile(r"\bCRUD\b|\bfull (?:control|management)\b", re.IGNORECASE)
_OPERATIONS: Final = re.compile(
    r"\b(?:operations?|actions?|subcommands?|commands?|capabilities|methods?|modes?)\b(?:\s+\w+){0,3}\s*[:(=]\s*(?P<listed>[^.;\n)]{3,200})"
    r"|\bsupport(?:s|ed|ing)?\b(?:\s+\w+){0,2}?\s*:?\s*(?P<supported>[^.;\n]{3,120})",
    re.IGNORECASE,
)
_BULLET: Final = re.compile(r"(?m)^[ \t]*(?:[-*•]|\d+[.)])\s*[`'\"*]{0,3}([A-Za-z_]+)[`'\"*]{0,3}\s*(?:[:(–—-]|$)")
_NEGATIONS: Final = listed("""
    not never no without cannot can't don't doesn't won't isn't didn't non instead rather before prior unable avoid prevent
""")
_BETWEEN: Final = listed("""
    also then optionally permanently even immediately safely automatically either both re bulk batch batch-
""")
_COORDINATING: Final = frozenset({",", "/", "&", "and", "or", "then", "|"})
_INTRO: Final = listed("""
    this tool tools use used to allow allows enables enable lets let you a an the for helps help provides provide ability
    functionality capability users user clients agents agent function command endpoint api method interface that can which
    will is be it simple simply easily quickly directly utility way it's designed useful when want need your ai llm llms
    assistants capabilities of operation action powerful comprehensive advanced mcp service tool's please always should must
    """)
_DETERMINERS: Final = listed("""
    a an the all any your this that these those one some multiple new existing specific specified given its their each every
    several up it them my user current selected to from in into on onto with by between two
""")
_STRONG: Final = RiskClass.EXECUTE.rank
_SUBJECTS: Final = listed("this it tool action operation command will can also and which")


@dataclass(frozen=True, slots=True)
class _Verbal:
    """A verb at a place of a sentence."""

    index: int
    verb: Verb
    form: str


def read_text(text: str, place: Place = Place.DESCRIPTION) -> tuple[Act, ...]:
    """What the text says its tool does; the first act is what it is about. Empty where no verb is found."""
    text = INVISIBLE.sub("", text[:LOOKED_AT_MAX])
    other = chinese_acts(text, place)
    if other:
        return other
    sentences = _sentences(text)
    acts: list[Act] = []
    for sentence in sentences[:SENTENCES_MAX]:
        words = _words(sentence)
        if not acts:
            acts.extend(_main(sentence, words, place))
        else:
            acts.extend(_also(sentence, words, place))
    acts.extend(_listed(text, place))
    return tuple(acts)


def _sentences(text: str) -> list[str]:
    cut = _CUT.search(text)
    if cut is not None and cut.start() > 0:
        text = text[: cut.start()]
    plain = _ASIDE.sub(" ", _EXAMPLES.sub(" ", text))
    return [sentence for sentence in _SENTENCE.split(plain) if sentence and sentence.strip()]


def _words(sentence: str) -> list[str]:
    return list(joined(_WORD.findall(fold(sentence[:600]))))


_GRAVE: Final = frozenset(
    word
    for word, verb in {**FOREIGN, **{form: verb for form, (verb, _) in FORMS.items()}}.items()
    if verb.risk.rank > _STRONG and not verb.noun_too
)
"""Words that are verbs, never nouns, of what is worse than running something."""


def _verbal(words: Sequence[str], index: int) -> _Verbal | None:
    known = FORMS.get(words[index])
    if known is not None:
        return _Verbal(index, *known)
    foreign = FOREIGN.get(words[index])
    return None if foreign is None else _Verbal(index, foreign, BASE)


# --- what the first sentence is about ------------------------------------------------------------------------------------------


def _main(sentence: str, words: Sequence[str], place: Place) -> list[Act]:
    head = _head(words)
    if head is None:
        return [_act(sentence, words, verbal, place, leads=False) for verbal in _means(words)]
    acts = [_act(sentence, words, head, place, leads=True)]
    acts.extend(_act(sentence, words, verbal, place, leads=False) for verbal in _joined_verbs(words, head))
    return acts


def _head(words: Sequence[str]) -> _Verbal | None:
    """The first verb behind nothing but words of introduction; a word that may be a noun needs an object behind it."""
    for index in range(min(len(words), _LEAD_MAX)):
        verbal = _verbal(words, index)
        if verbal is not None and words[index] not in _INTRODUCING and not _offers(words, index):
            if _negated(words, index):
                return None
            if _stands_as_verb(words, verbal):
                return verbal if index == 0 or _introduced(words, index) else _later(words, index)
        elif words[index] not in _INTRO and index >= 4:
            return None
    return None


_INTRODUCING: Final = listed("use using used help helps allow allows enables enable")
_OFFERED: Final = listed("""
    ability way ways functionality access capability capabilities tool tools interface option support
""")


def _offers(words: Sequence[str], index: int) -> bool:
    """`Provides the ability to …`, `Gives you a way to …`: what follows is what it does."""
    return words[index].startswith(("provid", "give", "offer")) and not _OFFERED.isdisjoint(words[index + 1 : index + 5])


def _introduced(words: Sequence[str], index: int) -> bool:
    return all(word in _INTRO or word.endswith("ly") for word in words[:index])


def _later(words: Sequence[str], index: int) -> _Verbal | None:
    """A verb behind other words: only forms that are no noun (`Batch retrieve up to 25 tasks`, `The tool deletes`)."""
    verbal = _verbal(words, index)
    assert verbal is not None
    if verbal.form == THIRD and not verbal.verb.noun_too:
        return verbal
    return verbal if index <= 2 and not verbal.verb.noun_too else None


def _stands_as_verb(words: Sequence[str], verbal: _Verbal) -> bool:
    if verbal.index == 0 and (verbal.verb.noun_too or verbal.form == GERUND):
        return _leads_as_verb(words, verbal)
    return not verbal.verb.noun_too or _is_verb_in_intro(words, verbal.index)


_BEHIND_NOUNS: Final = listed("of and or , by for per in at is are was were with from between that which / due on : to")


def _leads_as_verb(words: Sequence[str], verbal: _Verbal) -> bool:
    """Whether a sentence begins with a verb (`Orders a pizza`, `Charge the card`) and not with a noun (`Orders of a day`)."""
    behind = words[1] if len(words) > 1 else ""
    if behind == "to" and verbal.form == BASE and verbal.verb.risk is RiskClass.EXECUTE:
        return words[0] not in {"access", "request", "call"}
    if verbal.verb.risk.rank <= RiskClass.WRITE.rank and verbal.form == BASE:
        return behind not in {"of", "to", "from"}
    if verbal.form == GERUND:
        return behind in _DETERMINERS or not (verbal.verb.noun_too or verbal.verb.risk.rank > RiskClass.EXECUTE.rank)
    if not behind:
        return verbal.form == BASE and len(words) == 1
    if behind in _BEHIND_NOUNS:
        return behind in {",", "and", "or", "/"} and len(words) > 2 and words[2] in FORMS and not FORMS[words[2]][0].noun_too
    if behind in _DETERMINERS:
        return True
    return not (len(words) == 2 and behind.endswith("s"))


def _is_verb_in_intro(words: Sequence[str], index: int) -> bool:
    return words[index - 1] in {"to", "you", "users", "can", "will"} or _has_object(words, index)


def _has_object(words: Sequence[str], index: int) -> bool:
    return index + 1 < len(words) and words[index + 1] in _DETERMINERS


def _negated(words: Sequence[str], index: int) -> bool:
    if words[index + 1 : index + 2] in (["nothing"], ["none"], ["neither"]):
        return True
    return any(word in _NEGATIONS for word in words[max(0, index - 3) : index])


def _joined_verbs(words: Sequence[str], head: _Verbal) -> Iterator[_Verbal]:
    """Verbs of the same form that are joined to the head: `create, update, or delete`; and what is done `by deleting`."""
    chain = head.index
    for index in range(head.index + 1, len(words)):
        verbal = _verbal(words, index)
        if verbal is None or _negated(words, index):
            continue
        before = index - 1
        while before > head.index and (words[before] in _BETWEEN or words[before].endswith("ly")):
            before -= 1
        if words[before] in _COORDINATING and verbal.form == head.form:
            if _is_verb_here(words, verbal, chained := before == chain + 1 or (before == chain + 2 and words[before - 1] == ",")):
                chain = index if chained else chain
                yield verbal
        elif (
            (words[before] in {"by", "via"} and verbal.form == GERUND and _is_means(words, verbal, head))
            or (words[before] in {"that", "which"} and verbal.form == THIRD and head.verb.risk is not RiskClass.READ)
            or (words[before] in {"to"} and _strong_purpose(words, before, verbal, head))
        ):
            yield verbal


def _means(words: Sequence[str]) -> Iterator[_Verbal]:
    """What is done `by deleting` something, in a sentence whose own verb is not known."""
    for index in range(1, len(words)):
        verbal = _verbal(words, index)
        if (
            verbal is not None
            and words[index - 1] in {"by", "via"}
            and verbal.form == GERUND
            and verbal.verb.risk.rank >= _STRONG
        ):
            yield verbal


_CLEANING: Final = listed("clean cleans cleaning sanitize sanitizes normalize strip strips trim trims")


def _is_means(words: Sequence[str], verbal: _Verbal, head: _Verbal) -> bool:
    """`Frees space by deleting files`; not `Clean HTML by removing tags`."""
    return verbal.verb.risk.rank >= _STRONG and words[head.index] not in _CLEANING


def _strong_purpose(words: Sequence[str], before: int, verbal: _Verbal, head: _Verbal) -> bool:
    """`Call the API to delete a user`: what a tool that acts is for is what it does."""
    return head.verb.risk.rank >= _STRONG and verbal.verb.risk.rank > _STRONG and not verbal.verb.noun_too and verbal.form == BASE


def _is_verb_here(words: Sequence[str], verbal: _Verbal, chained: bool) -> bool:
    """Whether a word behind a comma is a verb there: next to other verbs, before an object, or because it is never a noun."""
    if chained or _has_object(words, verbal.index):
        return True
    certain = verbal.verb.risk.rank > _STRONG or (verbal.verb.risk is RiskClass.EXECUTE and words[verbal.index - 1] != ",")
    return not verbal.verb.noun_too and certain


# --- what else it says ---------------------------------------------------------------------------------------------------------


def _also(sentence: str, words: Sequence[str], place: Place) -> Iterator[Act]:
    """Later sentences: only what is worse than a change, and only where the tool is the one that does it."""
    for index in range(min(len(words), 40)):
        if words[index] not in _GRAVE:
            continue
        verbal = _verbal(words, index)
        if verbal is not None and not _negated(words, index) and _is_the_tools(words, verbal):
            yield _act(sentence, words, verbal, place, leads=False)


def _is_the_tools(words: Sequence[str], verbal: _Verbal) -> bool:
    if verbal.index == 0:
        return verbal.form == THIRD
    start = max(0, verbal.index - 3)
    before = [word for word in words[start : verbal.index] if word not in _BETWEEN and not word.endswith("ly")]
    if not before or "if" in words[: verbal.index] or "when" in words[: verbal.index] or "to" in words[start : verbal.index]:
        return False
    return (before[-1] in {"will", "can", "also", "may"} and verbal.form == BASE) or (
        before[-1] in {"tool", "it", "also"} and verbal.form == THIRD
    )


def _listed(text: str, place: Place) -> Iterator[Act]:
    """Operations that the text lists, and `CRUD`."""
    lower = text.lower()
    crud = _CRUD.search(text) if "crud" in lower or "full " in lower else None
    if crud is not None and not _negated(_words(text[max(0, crud.start() - 24) : crud.start()]) or [""], 3):
        yield Act(
            place, RiskClass.DESTRUCTIVE, crud[0], _around(text, crud.start()), "creates, reads, changes and deletes", leads=False
        )
    for found in _OPERATIONS.finditer(text):
        words = _words(found["listed"] or found["supported"] or "")
        for index in range(min(len(words), 24)):
            verbal = _verbal(words, index)
            if verbal is not None and verbal.verb.risk.rank > _STRONG and _enumerated(words, verbal):
                yield _act(_around(text, found.start()), words, verbal, place, leads=False)
    bullets = [match[1].lower() for match in _BULLET.finditer(text)]
    if len(bullets) > 1:
        for word in bullets:
            known = FORMS.get(word.split("_")[0])
            if known is not None and known[0].risk.rank > _STRONG and not known[0].noun_too:
                act = meaning(known[0], ())
                yield Act(place, act.risk, word, word, act.shows, leads=False)


def _enumerated(words: Sequence[str], verbal: _Verbal) -> bool:
    """Whether a verb stands in a list: at its start, or behind a comma or a joining word."""
    if verbal.verb.noun_too or _negated(words, verbal.index):
        return False
    return verbal.index == 0 or words[verbal.index - 1] in _COORDINATING


def _around(text: str, start: int) -> str:
    return text[max(0, start - 20) : start + 140]


def _act(sentence: str, words: Sequence[str], verbal: _Verbal, place: Place, *, leads: bool) -> Act:
    following: list[str] = []
    for word in words[verbal.index + 1 : verbal.index + 9]:
        if word in _COORDINATING or word == ":" or (word in {"that", "which", "if", "when", "while"}):
            break
        following.append(word)
    sense = meaning(verbal.verb, following)
    return Act(
        place,
        sense.risk,
        words[verbal.index],
        sentence.strip(),
        sense.shows,
        certain=sense.certain,
        by_object=sense.by_object,
        noun_too=verbal.verb.noun_too,
        vague=verbal.verb.vague,
        leads=leads,
    )
