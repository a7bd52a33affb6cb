"""Whether the texts of a tool's definition work on whoever reads them: orders to the model, what is kept from people, other tools
re-defined, hidden characters, names that look like others. Pure, and linear in the text; a finding is a flag and never the only
barrier: who wants to can say the same in words that no pattern knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import re2

from yett.catalog import poison_rules as rules
from yett.catalog.hidden_text import every_hidden
from yett.catalog.lookalikes import lookalike_of
from yett.catalog.model import Severity
from yett.catalog.poison_mentions import is_mention
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


_Texts = Sequence[tuple[str, str]]


def _texts(value: JsonValue) -> Iterator[tuple[str, str]]:
    """Every text, names of members too, with its place."""
    pending: list[tuple[str, JsonValue]] = [("", value)]
    for _ in range(NODES_MAX):
        if not pending:
            return
        place, one = pending.pop()
        if isinstance(one, str):
            yield place, one
        elif isinstance(one, dict):
            for key, within in reversed(one.items()):
                pending.append((f"{place}/{key[:40]}", within))
                if not key.isidentifier() or not key.isascii() or len(key) > 40:
                    yield place, key
        elif isinstance(one, list):
            pending.extend((f"{place}/{number}", one[number]) for number in range(len(one) - 1, -1, -1))


def _hidden(texts: _Texts) -> Iterator[Flag]:
    for place, text in texts:
        at = next(every_hidden(text), None)
        if at is not None:
            yield Flag("hidden_text", place, quoted(text[max(0, at - 30) : at + 60]))
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


def _words(texts: _Texts, value: JsonObject, around: Around) -> Iterator[Flag]:
    room, read = SEARCHED_MAX, []
    for number, (place, text) in enumerate(texts):
        if room <= 0 or number >= TEXTS_MAX or len(text) > room:
            yield Flag("too_long", place, quoted(text))
        if room <= 0 or number >= TEXTS_MAX:
            break
        read.append((place, text[:room]))
        room -= len(text) + 1
    if _may_say("\n".join(text for _, text in read), around):
        for place, text in read:
            yield from _said(place, text, value, around)


def _may_say(text: str, around: Around) -> bool:
    """Whether any of the texts that stand here together is worth reading by itself."""
    plain = folded(text)
    read = latin(plain)
    if _open().all.Match(read) or _foreign().all.Match(plain) or _open().all.Match(turned(read)):
        return True
    if around.others and "_" in text:
        return True
    escaped = unescaped(text)
    bare = read if escaped is text else latin(folded(escaped))
    return bool(escaped is not text or holds_code(text) or _disguised().all.Match(letters(bare)))


def _said(place: str, text: str, value: JsonObject, around: Around) -> Iterator[Flag]:
    if len(text) < _SHORTEST:
        return
    plain = folded(text)
    yield from (Flag(code, place, quote, said) for code, quote, said in _found(latin(plain), plain))
    yield from _named_tools(place, latin(plain), value, around)
    short = text[:DISGUISED_MAX]
    for other in _disguises(short, plain[:DISGUISED_MAX]):
        if _commands().search(other.lower()):
            yield Flag("command", place, quoted(other))
        if any(True for _ in _found(latin(folded(other)), None)):
            yield Flag("disguised", place, quoted(other))
    quote = _spelt(latin(folded(unescaped(short))))
    if quote is not None:
        yield Flag("disguised", place, quoted(quote))


_SHORTEST: Final = 5
"""A text of fewer characters says nothing."""


def _found(text: str, foreign: str | None) -> Iterator[tuple[str, str, str]]:
    """Code, quotation and very words of what a text says; `foreign` is the same with its own letters."""
    for patterns, read in ((_open(), text), (_foreign(), foreign)):
        for number in [] if read is None else patterns.all.Match(read) or []:
            code, pattern = patterns.each[number]
            for match in _matches(pattern, read or ""):
                if not is_mention(code, read or "", match.start(), match.end()):
                    yield code, _around(read or "", match), match[0]
                    break


def _around(text: str, match: Any) -> str:
    return quoted(text[max(0, match.start() - 20) : match.end() + 40])


def _matches(pattern: Any, text: str) -> Iterator[Any]:
    for count, match in enumerate(pattern.finditer(text)):
        if count >= _MATCHES_MAX:
            return
        yield match


_MATCHES_MAX: Final = 8


def _disguises(text: str, plain: str) -> Iterator[str]:
    """What the text says to whoever decodes it, where that is something else."""
    escaped = unescaped(text)
    if escaped != text:
        yield escaped
    yield from decoded(text)
    yield turned(plain)


def _spelt(text: str) -> str | None:
    """What only the letters of a text say; None where that is nothing, or is said openly."""
    compact = letters(text)
    if not _disguised().all.Match(compact):
        return None
    words = re.findall("[a-z]+", text)
    joined = "".join(words).replace("l", "i")
    for _, pattern in _disguised().each:
        match = pattern.search(compact)
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


def _named_tools(place: str, text: str, value: JsonObject, around: Around) -> Iterator[Flag]:
    """Orders to use a tool of another server."""
    if not around.others or "_" not in text or place == "/name":
        return
    theirs = {one.lower() for one in around.others}
    own = {one.lower() for one in around.siblings} | {str(value.get("name", "")).lower()}
    for match in _matches(_imperative(), text):
        if match[1] in theirs - own and not is_mention("cross_tool", text, match.start(), match.end()):
            yield Flag("cross_tool", place, _around(text, match))
            return


# --- patterns, compiled when they are first needed --------------------------------------------------------------------------


TOGETHER_BYTES: Final = 8 << 20
EACH_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Patterns:
    all: Any
    each: tuple[tuple[str, Any], ...]


def _compiled(patterns: Sequence[tuple[str, str]]) -> _Patterns:
    every = re2.Set.SearchSet(_bounded(TOGETHER_BYTES))
    for _, pattern in patterns:
        every.Add(pattern)
    every.Compile()
    return _Patterns(every, tuple((code, re2.compile(pattern, _bounded(EACH_BYTES))) for code, pattern in patterns))


def _bounded(memory: int) -> Any:
    """Options by which a matcher remembers no more than this: with millions of texts, each would fill what it may have."""
    options = re2.Options()
    options.max_mem = memory
    return options


@cache
def _open() -> _Patterns:
    return _compiled(rules.OPEN)


@cache
def _foreign() -> _Patterns:
    return _compiled(rules.FOREIGN)


@cache
def _disguised() -> _Patterns:
    return _compiled([("disguised", pattern) for pattern in rules.DISGUISED])


@cache
def _commands() -> Any:
    return re2.compile(rules.COMMANDS)


@cache
def _imperative() -> Any:
    return re2.compile(rules.IMPERATIVE)
