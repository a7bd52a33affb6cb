"""Finding tools by words: how texts become words, and how well a tool fits the words of a query. Pure.

Every word of a query must be the beginning of a word of the tool. Chinese has no blanks: there, pairs of neighbouring characters
are the words.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from yett.catalog.model import RiskClass, Severity

QUERY_MAX: Final = 200
"""Characters of a query; what comes behind is not read."""
WORDS_MAX: Final = 8
"""Words of a query; what comes behind is not read."""
WORD_MAX: Final = 40
"""Characters of a word that count."""
TEXT_MAX: Final = 1_000
"""Characters of a description that are found by; what a tool is stands in its beginning."""
FOUND_MAX: Final = 50
"""Tools that a search gives unless it is told otherwise."""

_SEAMS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ASCII_WORDS: Final = re.compile(r"[a-z0-9]+")
_WORDS: Final = re.compile(r"[^\W_]+")
_UNSPACED: Final = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)")
"""Runs of Chinese characters and Japanese syllables."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}", re.ASCII)
_ODD: Final = re.compile(r"[^A-Za-z0-9_.]+", re.ASCII)

EXACT_NAME: Final = 24
LEADING_NAME: Final = 6
_NAME: Final = (10, 6)
_ABOUT: Final = (4, 3)
"""What a word is worth that is found there: whole, and as the beginning of another."""
_TEXT: Final = 1
"""And anywhere in the description."""
_LONG_NAME: Final = 0.1
"""What each further word of a name costs: of two that fit, the plainer one is meant."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for. Without words, everything that passes the filters."""

    words: tuple[str, ...] = ()
    risk: RiskClass | None = None
    severity: Severity | None = None
    server: str | None = None
    """A server's name, or its slug."""
    limit: int = FOUND_MAX


@dataclass(frozen=True, slots=True)
class Found:
    """A tool that fits."""

    server: str
    slug: str
    """The server's name in addresses."""
    name: str
    title: str
    risk: RiskClass
    severity: Severity
    score: float

    @property
    def order(self) -> tuple[float, str, str]:
        """The best first, then by name."""
        return (-self.score, self.name, self.slug)


@dataclass(frozen=True, slots=True)
class Words:
    """A tool as words, each with a blank before it and behind it."""

    name: str
    """The words of its name, and the name as one word."""
    about: str
    """Those of its title and of its server's name."""
    text: str | None
    """Those of its description; None where what is not in the others is known to be there."""


def words_of(query: str) -> tuple[str, ...]:
    """The words of a query."""
    return tuple(dict.fromkeys(_split(query[:QUERY_MAX], tails=False)))[:WORDS_MAX]


def joined(words: Iterable[str]) -> str:
    """Words as one: what a name is looked up by."""
    return "".join(words)[:WORD_MAX]


def tool_words(name: str, title: str, server: str, description: str | None) -> Words:
    """The words by which a tool is found."""
    parts = _both(name)
    whole = joined(words_of(name))
    named = [*(part for part in parts if part != whole), whole]
    text = None if description is None else _spaced(_split(description[:TEXT_MAX]))
    return Words(_spaced(named), _spaced([*_both(title), *_server_words(server)]), text)


def score(query: tuple[str, ...], words: Words) -> float | None:
    """How well a tool fits; None where a word of the query is nowhere in it."""
    total = 0.0
    for word in query:
        worth = _worth(word, words)
        if worth is None:
            return None
        total += worth
    if query:
        whole = joined(query)
        parts = words.name.split()
        total += EXACT_NAME if parts and parts[-1] == whole else LEADING_NAME if parts and parts[-1].startswith(whole) else 0
        total -= _LONG_NAME * len(parts)
    return total


def _worth(word: str, words: Words) -> float | None:
    beginning = f" {word}"
    whole = f"{beginning} "
    for text, (exact, prefix) in ((words.name, _NAME), (words.about, _ABOUT)):
        if beginning in text:
            return exact if whole in text else prefix
    return _TEXT if words.text is None or beginning in words.text else None


def slug_of(server: str) -> str:
    """A server's name in addresses and files: itself where that is safe everywhere, else what is left of it with a digest."""
    if _PLAIN.fullmatch(server) and server.lower() != "index" and not server.endswith("."):
        return server
    digest = hashlib.sha256(server.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{_ODD.sub('-', server)[:40].strip('-.') or 'x'}-{digest}"


@lru_cache(maxsize=1024)
def _server_words(server: str) -> tuple[str, ...]:
    return tuple(_both(server))


def _both(text: str) -> list[str]:
    """The words of a text, and their parts: `GitHub` is found by `github` and by `hub`."""
    apart = _SEAMS.sub(" ", text)
    return _split(text) if apart == text else list(dict.fromkeys([*_split(apart), *_split(text)]))


def _split(text: str, *, tails: bool = True) -> list[str]:
    """The words of a text; with `tails`, the last character of a run without blanks is one too, so that it can be found by."""
    low = text.lower()
    if low.isascii():
        return [word[:WORD_MAX] for word in _ASCII_WORDS.findall(low)]
    plain = "".join(char for char in unicodedata.normalize("NFKD", low) if not unicodedata.combining(char))
    return [word for run in _WORDS.findall(unicodedata.normalize("NFC", plain)) for word in _unspaced(run, tails)]


def _unspaced(run: str, tails: bool) -> Iterable[str]:
    for index, part in enumerate(_UNSPACED.split(run)):
        if index % 2 == 0:
            if part:
                yield part[:WORD_MAX]
        else:
            yield from (part[at : at + 2] for at in range(len(part) - 1))
            if tails or len(part) == 1:
                yield part[-1]


def _spaced(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "
