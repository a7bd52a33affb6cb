"""Whether the texts of a tool's definition work on whoever reads them: orders to the model, what is kept from people, other tools
re-defined, hidden characters, names that look like others. Pure, and linear in the text; a finding is a flag and never the only
barrier: who wants to can say the same in words that no pattern knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from yett.catalog.hidden_text import every_hidden
from yett.catalog.lookalikes import lookalike_of
from yett.catalog.model import Severity
from yett.catalog.poison_mentions import is_mention
from yett.catalog.poison_patterns import MATCHES_MAX, Patterns, commands, disguised, foreign, imperative, openly
from yett.catalog.poison_readings import decoded, folded, holds_code, latin, letters, turned, unescaped
from yett.catalog.quoting import quoted
from yett.policy.json_value import JsonObject, JsonValue

FLAGS: Final[Mapping[str, tuple[Severity, str]]] = MappingProxyType(
    {
        "hidden_text": (Severity.CRITICAL, "it holds characters that are not shown"),
        "disguised": (Severity.CRITICAL, "it says in disguise what it does not say openly"),
        "command": (Severity.CRITICAL, "it holds a command in an encoding"),
        "exfiltrates": (Severity.CRITICAL, "it wants data sent elsewhere"),
        "secret_files": (Severity.CRITICAL, "it wants files read in which secrets are"),
        "orders": (Severity.CRITICAL, "it gives orders to the model"),
        "conceals": (Severity.HIGH, "it wants something kept from people"),
        "turns": (Severity.HIGH, "it says that it will be another tool once it is trusted"),
        "cross_tool": (Severity.HIGH, "it says what other tools are to do"),
        "lookalike_name": (Severity.HIGH, "its name looks like another one"),
        "same_elsewhere": (Severity.MEDIUM, "it has the name and nearly the words of another server's tool"),
        "too_long": (Severity.MEDIUM, "its texts are too long to be read to the end"),
    }
)
"""Every code: how grave it is, and what it means."""
_ORDER: Final = tuple(FLAGS)
ORDERS: Final = frozenset({"orders", "conceals", "exfiltrates", "secret_files", "disguised", "command", "cross_tool", "turns"})
"""Those by which a text works on the model."""
SEARCHED_MAX: Final = 65_536
"""Characters of all texts together that are searched for words; for hidden characters, all are."""
TEXTS_MAX: Final = 4_000
NODES_MAX: Final = 20_000
DISGUISED_MAX: Final = 16_384
"""Characters that are read as if they were in disguise."""
_SAME: Final = 0.7
"""Share of common words by which two descriptions are nearly the same."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that a definition tries."""

    code: str
    place: str
    """JSON Pointer of the text."""
    quote: str
    said: str = ""
    """What was found, without what stands around it."""

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return FLAGS[self.code][0]

    @property
    def what(self) -> str:
        """What it means, in words."""
        return FLAGS[self.code][1]


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a tool."""

    siblings: frozenset[str] = frozenset()
    """Names of the tools of its server, which it may speak of."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Descriptions of other servers' tools, by name."""


NOTHING: Final = Around()


def poison(value: JsonObject, around: Around = NOTHING) -> tuple[Flag, ...]:
    """What a definition tries, the gravest first: one flag of each code."""
    texts = list(_texts(value))
    found: dict[str, Flag] = {}
    for flag in (*_hidden(texts), *_names(value, around), *_words(texts, value, around)):
        found.setdefault(flag.code, flag)
    return tuple(sorted(found.values(), key=lambda flag: _ORDER.index(flag.code)))


def poisoned_texts(values: Sequence[JsonValue]) -> frozenset[tuple[str, str]]:
    """Code and quotation of what these definitions try, for a comparison."""
    return frozenset(
        (flag.code, flag.said or flag.quote) for value in values if isinstance(value, dict) for flag in poison(value)
    )


def all_hidden(values: Sequence[JsonValue]) -> Iterator[str]:
    """Every character of these definitions that hides something."""
    for value in values:
        for _, text in _texts(value):
            yield from (text[at] for at in every_hidden(text))


_Place = tuple[Any, str | int] | None
"""A member or an item, with the place of what it is in; None for the whole. Most are never written out."""
_Texts = Sequence[tuple[_Place, str]]


def _pointer(place: _Place) -> str:
    """As a JSON Pointer; long names are cut."""
    steps = []
    while place is not None:
        place, step = place
        steps.append(str(step)[:40])
    return "".join(f"/{step}" for step in reversed(steps))


def _texts(value: JsonValue) -> Iterator[tuple[_Place, str]]:
    """Every text, names of members too, with its place."""
    pending: list[tuple[_Place, JsonValue]] = [(None, value)]
    for _ in range(NODES_MAX):
        if not pending:
            return
        place, one = pending.pop()
        if isinstance(one, str):
            yield place, one
        elif isinstance(one, dict):
            for key, within in reversed(one.items()):
                pending.append(((place, key), within))
                if not key.isidentifier() or not key.isascii() or len(key) > 40:
                    yield place, key
        elif isinstance(one, list):
            pending.extend(((place, number), one[number]) for number in range(len(one) - 1, -1, -1))


def _hidden(texts: _Texts) -> Iterator[Flag]:
    for place, text in texts:
        at = next(every_hidden(text), None)
        if at is not None:
            yield Flag("hidden_text", _pointer(place), quoted(text[max(0, at - 30) : at + 60]))
            return


def _names(value: JsonObject, around: Around) -> Iterator[Flag]:
    name, description = value.get("name"), value.get("description")
    if not isinstance(name, str):
        return
    alike = lookalike_of(name, around.siblings | around.others.keys())
    if alike is not None:
        yield Flag("lookalike_name", "/name", quoted(f"{name[:100]} ~ {alike[:100]}" if alike else name))
    theirs = around.others.get(name)
    if theirs and isinstance(description, str) and _same(description, theirs):
        yield Flag("same_elsewhere", "/name", quoted(f"{name}: {description}"))


def _same(one: str, other: str) -> bool:
    ours, theirs = (frozenset(re.findall(r"\w+", text[:2_000].lower())) for text in (one, other))
    return bool(ours) and len(ours & theirs) >= _SAME * len(ours | theirs)


# --- words ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sought:
    """What may be in some of the texts that stand together; whatever is not named here is in none of them."""

    openly: tuple[int, ...]
    foreign: tuple[int, ...]
    names: bool
    """Whether one may name another server's tool."""
    escapes: bool
    code: bool
    turned: bool
    spelt: bool


def _words(texts: _Texts, value: JsonObject, around: Around) -> Iterator[Flag]:
    room, read = SEARCHED_MAX, []
    for number, (place, text) in enumerate(texts):
        if room <= 0 or number >= TEXTS_MAX or len(text) > room:
            yield Flag("too_long", _pointer(place), quoted(text))
        if room <= 0 or number >= TEXTS_MAX:
            break
        if len(text) >= _SHORTEST:
            read.append((place, text[:room]))
        room -= len(text) + 1
    sought = _sought([text for _, text in read], around)
    if sought is None:
        return
    for place, text in read:
        for code, quote, said in _said(text, sought):
            yield Flag(code, _pointer(place), quote, said)
        if sought.names and "_" in text:
            yield from _named_tools(place, text, value, around)


_SHORTEST: Final = 5
"""A text of fewer characters says nothing."""


def _sought(texts: Sequence[str], around: Around) -> _Sought | None:
    """What is worth looking for in each text; None for nothing.

    INVARIANT: what is in a text is in all of them together, for every pattern reads the end of a line as the end of a text.
    """
    together = "\n".join(texts)
    plain = folded(together)
    read, other = latin(plain), turned(plain)
    plainly = "\n".join(map(unescaped, texts)) if "&" in together or "%" in together else together
    bare = read if plainly == together else latin(folded(plainly))
    found = _Sought(
        openly=openly().suspects(read),
        foreign=foreign().suspects(plain),
        names=bool(around.others) and "_" in read,
        escapes=plainly != together,
        code=holds_code(together),
        turned=bool(openly().suspects(latin(folded(other)))) or commands().search(other) is not None,
        spelt=bool(disguised().suspects(letters(bare))),
    )
    return (
        found if any((found.openly, found.foreign, found.names, found.escapes, found.code, found.turned, found.spelt)) else None
    )


def _said(text: str, sought: _Sought) -> Iterator[tuple[str, str, str]]:
    """Code, quotation and very words of what one text says, openly and in disguise."""
    if sought.openly or sought.foreign:
        plain = folded(text)
        yield from _found(openly(), sought.openly, latin(plain))
        yield from _found(foreign(), sought.foreign, plain)
    short = text[:DISGUISED_MAX]
    for other in _disguises(short, sought):
        if commands().search(other.lower()):
            yield "command", quoted(other), ""
        shown = latin(folded(other))
        if any(True for _ in _found(openly(), openly().suspects(shown), shown)):
            yield "disguised", quoted(other), ""
    quote = _spelt(latin(folded(unescaped(short)))) if sought.spelt else None
    if quote is not None:
        yield "disguised", quoted(quote), ""


def _found(patterns: Patterns, numbers: Sequence[int], text: str) -> Iterator[tuple[str, str, str]]:
    """Code, quotation and very words of what a text says, by the patterns of these numbers."""
    for number in numbers:
        pattern = patterns.each[number]
        for match in pattern.matches(text):
            if not is_mention(pattern.code, text, match.start(), match.end()):
                yield pattern.code, _around(text, match), match[0]
                break


def _around(text: str, match: Any) -> str:
    return quoted(text[max(0, match.start() - 20) : match.end() + 40])


def _disguises(text: str, sought: _Sought) -> Iterator[str]:
    """What the text says to whoever decodes it, where that is something else."""
    escaped = unescaped(text) if sought.escapes else text
    if escaped != text:
        yield escaped
    if sought.code:
        yield from decoded(text)
    if sought.turned:
        yield turned(folded(text)[:DISGUISED_MAX])


def _spelt(text: str) -> str | None:
    """What only the letters of a text say; None where that is nothing, or is said openly."""
    compact = letters(text)
    suspects = disguised().suspects(compact)
    if not suspects:
        return None
    words = re.findall("[a-z]+", text)
    joined = "".join(words).replace("l", "i")
    for number in sorted(suspects):
        match = next(disguised().each[number].matches(compact), None)
        if match is not None and not _is_open(match[0], words, joined):
            return str(match[0])
    return None


def _is_open(said: str, words: Sequence[str], joined: str) -> bool:
    """Whether these letters stand in the text as words."""
    start = joined.find(said)
    if start < 0:
        return False
    end, at, within = start + len(said), 0, 0
    for word in words:
        within += at < end and at + len(word) > start
        at += len(word)
    return within >= _OPEN_WORDS and len(said) >= 3 * within


_OPEN_WORDS: Final = 3


def _named_tools(place: _Place, text: str, value: JsonObject, around: Around) -> Iterator[Flag]:
    """Orders to use a tool of another server."""
    if place == (None, "name"):
        return
    read = latin(folded(text))
    theirs = {one.lower() for one in around.others}
    own = {one.lower() for one in around.siblings} | {str(value.get("name", "")).lower()}
    for match in islice(imperative().finditer(read), MATCHES_MAX):
        if match[1] in theirs - own and not is_mention("cross_tool", read, match.start(), match.end()):
            yield Flag("cross_tool", _pointer(place), _around(read, match))
            return
