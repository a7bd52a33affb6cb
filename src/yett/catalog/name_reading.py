"""What a tool's name says it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from yett.catalog import nouns
from yett.catalog.act import Act
from yett.catalog.chinese import chinese_acts
from yett.catalog.foreign import FOREIGN
from yett.catalog.listed import listed
from yett.catalog.model import Place, RiskClass
from yett.catalog.senses import Meaning, meaning
from yett.catalog.verbs import BASE, FORMS, GERUND, THINGS, Verb, affixed
from yett.catalog.words import name_words, singular

_JOINING: Final = frozenset({"or", "and"})


@dataclass(frozen=True, slots=True)
class _Found:
    index: int
    verb: Verb
    word: str


def read_name(name: str, server_words: frozenset[str], prefix: tuple[str, ...] = ()) -> tuple[Act, ...]:
    """What the name says: mostly one act; several where it joins verbs (`create_or_update`). Empty where it has no verb."""
    whole = words = name_words(name)
    if prefix and words[: len(prefix)] == prefix:
        words = words[len(prefix) :]
    if words[:1] and words[0] in _ASKING and len(words) > 1:
        return (Act(Place.NAME, RiskClass.READ, words[0], name, "asks whether something is so"),)
    chinese = chinese_acts(name, Place.NAME)
    if chinese:
        return chinese
    found = [_Found(index, verb, word) for index, word in enumerate(words) if (verb := _verb(word, index)) is not None]
    found = [each for each in found if FORMS.get(each.word, (None, BASE))[1] != GERUND or each.index == 0 or len(found) == 1]
    if len(found) > 1 and found[0].index == 0 and words[0] in server_words and words[0] not in _TELLING:
        found = found[1:]
    heads = _heads(words, found)
    turned = _conversion(name, words)
    if turned is not None and all(head.verb.noun_too or head.verb.vague or head.verb.risk is RiskClass.READ for head in heads):
        return (turned,)
    if not heads:
        return _by_noun(name, words)
    return tuple(_act(name, words, head, whole) for head in heads)


_ASKING: Final = frozenset({"is", "has", "are", "was", "does"})
_TRYING: Final = listed("""
    preview check simulate estimate validate verify explain compare plan dryrun test count diff audit review lint
""")
_TELLING: Final = frozenset({"delete", "remove", "run", "execute", "pay"})
"""Verbs that count even where the server is named after them."""


def _verb(word: str, index: int) -> Verb | None:
    known = FORMS.get(word)
    if known is not None and (
        known[1] == BASE or (known[1] == GERUND and not known[0].noun_too) or (index == 0 and not known[0].noun_too)
    ):
        return known[0]
    return FOREIGN.get(word) or (affixed(word) if index == 0 else None)


def _heads(words: Sequence[str], found: Sequence[_Found]) -> list[_Found]:
    """The verbs that the name is about. `get_delete_status` gets, `report_delete` deletes, `create_or_update` does both."""
    plain = [each for each in found if not each.verb.noun_too]
    if plain:
        first = plain[-1] if plain[-1].index == len(words) - 1 and plain[-1].word in _LAST else plain[0]
        if first.word == "set" and len(plain) == 1 and first.index > 0 and found[0].index == 0:
            first = found[0]  # `load_set`: a set of something
        return [first, *_joined_to(words, found, first)]
    among = _among_nouns(words, found) if found else None
    return [] if among is None else [among, *_joined_to(words, found, among)]


def _among_nouns(words: Sequence[str], found: Sequence[_Found]) -> _Found | None:
    """Of words that may be nouns: the first if it leads, else the strictest. `refund_status` ends like a reading and is one."""
    first, last = found[0], found[-1]
    if any(words[-1] in deeds for deeds in nouns.DEEDS.values()) and len(words) > 1:
        return None  # `file_deletion`
    if singular(words[-1]) in nouns.READINGS and len(words) > 1 and first.verb.word not in _LEADING:
        shown = [each for each in found if each.verb.risk is RiskClass.READ and each.verb.word in _SHOWING]
        return shown[0] if shown else last if last.verb.risk is RiskClass.READ and last.index == len(words) - 1 else None
    if last.index == len(words) - 1 > 0 and last.verb.word in _SHOWING and _is_thing(first.verb):
        return last  # `bill_download`, `comment_review`
    if found[0].index == 0:
        return found[0]
    return max(found, key=lambda each: (each.verb.risk.rank, each.index))


_LAST: Final = frozenset({"get", "show", "describe"})
"""Verbs that at the end of a name are what it is about, whatever stands before: `deploy_plan_get`."""
_SHOWING: Final = frozenset({"download", "query", "search", "check", "view", "review", "export", "lookup", "preview", "display"})


def _is_thing(verb: Verb) -> bool:
    return verb.risk is RiskClass.FINANCIAL or verb.word in THINGS


_LEADING: Final = frozenset(
    {"run", "start", "stop", "submit", "test", "audit", "scan", "reset", "clean", "empty", "update", "set"}
)
"""Verbs that lead a name more often than they describe its last word: `run_report`, `update_status`."""


def _joined_to(words: Sequence[str], found: Sequence[_Found], first: _Found) -> list[_Found]:
    """Verbs joined to the first by `or` or `and`, or that stand right behind it at the name's end (`read_write`)."""
    more = []
    for each in found:
        if each.index <= first.index:
            continue
        before = words[each.index - 1]
        ends = (
            each.index == len(words) - 1
            and each.index == first.index + 1
            and not each.verb.noun_too
            and first.word not in _TRYING
        )
        confirmed = (
            each.index == first.index + 1
            and first.verb.risk is not RiskClass.READ
            and each.verb.risk.rank > RiskClass.EXECUTE.rank
        )
        if before in _JOINING or ends or (confirmed and not each.verb.noun_too):
            more.append(each)
    return more


def _conversion(name: str, words: Sequence[str]) -> Act | None:
    """`text_to_speech`, `json_to_csv`: a model makes media of it, or it is computed. None for other names."""
    if "to" not in words[1:-1] and words[-1:] != ("tts",):
        return None
    target = singular(words[-1])
    before = singular(words[words.index("to") - 1]) if "to" in words else "text"
    if target in nouns.MEDIA or target == "tts":
        if before in nouns.MEDIA | {"text", "prompt", "script", "tts", "sketch"} and before != target:
            return Act(Place.NAME, RiskClass.EXECUTE, target, name, "is made of something by a model or program")
        return None
    if before in _CONVERTED and target in _CONVERTED:
        return Act(Place.NAME, RiskClass.READ, "to", name, "turns one form into another", certain=False, vague=True)
    return None


_CONVERTED: Final = (
    nouns.DATA_TEXT
    | nouns.MEDIA
    | nouns.TEXTS
    | listed("""
    pdf docx xlsx xml yaml toml base64 hex binary decimal svg png jpg jpeg doc word excel latex address coordinate geo
    latlng ip unicode ascii epoch utc iso date datetime celsius fahrenheit file bytes jsonl parquet ast bicep terraform
    openapi
""")
)


def _act(name: str, words: Sequence[str], head: _Found, whole: Sequence[str]) -> Act:
    following = words[head.index + 1 :]
    ahead = [word for word in whole if word not in words] + list(words[: head.index])
    sense = meaning(head.verb, following or ahead)
    if following and head.index > 0:
        wider = meaning(head.verb, ahead)
        if wider.certain and not sense.certain:
            sense = wider
    return Act(
        Place.NAME,
        sense.risk,
        head.word,
        name,
        sense.shows,
        certain=sense.certain,
        by_object=sense.by_object,
        noun_too=head.verb.noun_too,
        vague=head.verb.vague,
    )


def _by_noun(name: str, words: Sequence[str]) -> tuple[Act, ...]:
    """A name without a verb that ends like something to look at."""
    deed = next((risk for risk, deeds in nouns.DEEDS.items() if words and words[-1] in deeds), None)
    if deed is not None:
        return (Act(Place.NAME, deed, words[-1], name, "names the deed", certain=False, noun_too=True, vague=True),)
    if words and singular(words[-1]) in nouns.READINGS:
        sense = Meaning(RiskClass.READ, "names something to look at", certain=False)
        return (Act(Place.NAME, sense.risk, words[-1], name, sense.shows, certain=False, noun_too=True),)
    return ()
