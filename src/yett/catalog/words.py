"""Names and sentences as words: split at every seam that a name can have, singular, without marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from yett.catalog.nouns import COMMON
from yett.catalog.quoting import INVISIBLE
from yett.catalog.verbs import FORMS

NAME_MAX: Final = 200
"""Characters of a name that are looked at."""
_SEAMS: Final = re.compile(r"([a-z0-9])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])")
_PARTS: Final = re.compile(r"[a-z0-9]+|[^\x00-\x7f]+")
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")

_JOINED: Final = {
    ("check", "out"): "checkout",
    ("pay", "out"): "payout",
    ("cash", "out"): "cashout",
    ("top", "up"): "topup",
    ("look", "up"): "lookup",
    ("shut", "down"): "shutdown",
    ("power", "off"): "poweroff",
    ("power", "down"): "poweroff",
    ("tear", "down"): "teardown",
    ("clean", "up"): "cleanup",
    ("roll", "back"): "rollback",
    ("hang", "up"): "hangup",
    ("log", "in"): "login",
    ("log", "out"): "logout",
    ("log", "off"): "logout",
    ("sign", "in"): "login",
    ("sign", "out"): "logout",
    ("sign", "up"): "enroll",
    ("set", "up"): "setup",
    ("kick", "off"): "kickoff",
    ("fast", "forward"): "seek",
    ("cherry", "pick"): "cherrypick",
    ("de", "activate"): "deactivate",
    ("un", "install"): "uninstall",
    ("de", "register"): "deregister",
    ("sign", "off"): "approve",
    ("opt", "out"): "unsubscribe",
    ("buy", "back"): "repurchase",
    ("pay", "back"): "repay",
    ("pay", "off"): "pay",
    ("give", "away"): "donate",
    ("write", "off"): "void",
    ("wind", "down"): "teardown",
    ("take", "down"): "teardown",
    ("get", "rid"): "delete",
    ("throw", "away"): "delete",
    ("wipe", "out"): "wipe",
    ("spin", "up"): "launch",
    ("stand", "up"): "launch",
    ("bring", "up"): "launch",
    ("pull", "request"): "pullrequest",
    ("pull", "requests"): "pullrequest",
    ("merge", "request"): "mergerequest",
    ("merge", "requests"): "mergerequest",
    ("read", "only"): "readonly",
    ("dry", "run"): "dryrun",
    ("who", "am"): "whoami",
    ("white", "list"): "whitelist",
    ("black", "list"): "blacklist",
    ("double", "click"): "click",
    ("right", "click"): "click",
    ("re", "run"): "rerun",
    ("for", "sale"): "forsale",
    ("for", "rent"): "forrent",
    ("force", "push"): "forcepush",
    ("reverse", "geocode"): "geocode",
    ("compose", "up"): "launch",
    ("compose", "down"): "teardown",
    ("work", "out"): "calculate",
    ("works", "out"): "calculates",
    ("web", "hook"): "webhook",
    ("web", "hooks"): "webhook",
}
_FIRST_OF_TWO: Final = frozenset(first for first, _ in _JOINED)
_SPLIT_VERBS: Final = (
    *("delete", "remove", "destroy", "erase", "purge", "truncate", "cancel", "revoke", "uninstall", "terminate", "refund"),
    *("transfer", "withdraw", "purchase", "execute", "create", "update", "insert", "upload", "search", "list", "get", "fetch"),
    *("find", "read", "write", "send", "wipe", "drop", "buy", "sell", "pay", "add", "exec", "kill"),
)


@lru_cache(maxsize=16384)
def name_words(name: str) -> tuple[str, ...]:
    """The words of a tool's name, in lower case: split at `_`, `-`, `.`, `/`, blanks and camelCase, two-word verbs joined."""
    return joined(_parts(_undisguised(name[:NAME_MAX])))


_LOOKALIKES: Final = str.maketrans(
    "аАеЕоОрРсСуУхХіІјЈһԁѕЅԛԝвВнНкКмМтТ\u03b1\u03bf\u03b5\u03b9\u03ba\u03bd\u03c1\u03c4\u03c5\u03c7\u0391\u0395\u039f",
    "aAeEoOpPcCyYxXiIjJhdsSqwbBhHkKmMtTaoeikvptuxAEO",
)
"""Cyrillic and Greek letters that are read as Latin ones."""


def _undisguised(name: str) -> str:
    """The name as people read it: without invisible marks, with lookalikes among Latin letters as what they look like."""
    if name.isascii():
        return name
    shown = INVISIBLE.sub("", name)
    return shown.translate(_LOOKALIKES) if _LATIN.search(shown) else shown


_LATIN: Final = re.compile(r"[A-Za-z]")


def _parts(name: str) -> list[str]:
    plain = fold(_SEAMS.sub(lambda found: f"{found[0]} ", name))
    words: list[str] = []
    for part in _PARTS.findall(plain):
        words.extend(_compound(part))
    return words


@lru_cache(maxsize=4096)
def _compound(word: str) -> tuple[str, ...]:
    """`deletemany` as `delete many`, where the rest is a word that we know; else the word."""
    if word in FORMS or word in COMMON or len(word) < 6:
        return (word,)
    for verb in _SPLIT_VERBS:
        rest = word[len(verb) :]
        if word.startswith(verb) and (singular(rest) in COMMON or rest in COMMON):
            return (verb, rest)
        if word.startswith(f"{verb}or") and word[len(verb) + 2 :] in FORMS:
            return (verb, "or", word[len(verb) + 2 :])
    return (word,)


def joined(words: Sequence[str]) -> tuple[str, ...]:
    """The words with two-word verbs as one: `check out` is not `check`."""
    if _FIRST_OF_TWO.isdisjoint(words):
        return tuple(words)
    result: list[str] = []
    index = 0
    while index < len(words):
        pair = _JOINED.get((words[index], words[index + 1])) if index + 1 < len(words) else None
        result.append(pair or words[index])
        index += 1 if pair is None else 2
    return tuple(result)


@lru_cache(maxsize=8192)
def singular(word: str) -> str:
    """`word` without the `s` of a plural; well enough for looking it up."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def fold(text: str) -> str:
    """Lower case, compatibility forms (full width, ligatures) and accents taken away: `Löschen` is `loschen`."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text))).lower()


def common_prefix(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The words that all names begin with, if there are several names; never a whole name."""
    listed = list(names)
    if len(listed) < 3:
        return ()
    prefix = min(listed, key=len)[:-1]
    for words in listed:
        while prefix and words[: len(prefix)] != prefix:
            prefix = prefix[:-1]
    return prefix
