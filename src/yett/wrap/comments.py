"""Comments of a client's file that look as if they held a secret: wrapping leaves what is written beside entries."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from yett.scan.stripping import looks_secret
from yett.wrap.launching import Address, Program

SURE_CHARS: Final = 6
"""A value that was moved is looked for as it is if it has so many characters; a shorter one stands in many a sentence."""
LINE_CHARS: Final = 4_096
"""How much of a line of a comment is searched for what looks like a secret; for what was moved, all is."""
_JSON: Final = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))', re.DOTALL)
_TOML: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)|\'\'\'.*?(?:\'\'\'|\Z)|"(?:[^"\\\n]|\\.)*+"?|\'[^\'\n]*\'?|(?P<comment>\#[^\n]*)', re.DOTALL
)
_NAMED: Final = re.compile(
    r"(?:key|token|secret|passw|auth|credential)[\w.-]{0,40}[\"']?\s{0,8}[:=]\s{0,8}[\"']?(?:bearer\s)?(?P<value>[^\s\"',}{]{1,256})",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\s\"'`=:,;(){}\[\]<>]+")
_REFERENCE: Final = re.compile(r"\$|\{|<|env:|file:|x{3}|\.{3}|\*{3}|…", re.I)
"""How what only stands for a secret begins."""


def comments_of(text: str, *, toml: bool) -> Iterator[tuple[int, str]]:
    """Each line of each comment, with its number."""
    line, counted = 1, 0
    for found in (_TOML if toml else _JSON).finditer(text):
        if found["comment"] is not None:
            line += text.count("\n", counted, found.start())
            counted = found.start()
            yield from ((line + number, one) for number, one in enumerate(found["comment"].split("\n")))


def suspicious_lines(text: str, secrets: Collection[str], *, toml: bool) -> list[int]:
    """Numbers of the lines whose comment holds one of these secrets, or something that looks like one."""
    sure = {secret for secret in secrets if len(secret) >= SURE_CHARS}
    return sorted({number for number, line in comments_of(text, toml=toml) if _holds(line, sure)})


def secrets_of(launch: Program | Address) -> set[str]:
    """What was secret of an entry and is moved away with it."""
    if isinstance(launch, Address):
        return _values(launch.headers)
    words = {launch.argv[at] for at in launch.secret_words}
    return _values(launch.env) | words | {value for word in words if (value := word.partition("=")[2])}


def _values(pairs: Mapping[str, str]) -> set[str]:
    """Each value, and what stands in it after a scheme such as `Bearer`."""
    return {*pairs.values(), *(value.rpartition(" ")[2] for value in pairs.values())}


def _holds(line: str, sure: Collection[str]) -> bool:
    if any(secret in line for secret in sure):
        return True
    line = line[:LINE_CHARS]
    named = (match["value"] for match in _NAMED.finditer(line))
    if any(len(value) >= SURE_CHARS and not _REFERENCE.match(value) for value in named):
        return True
    return any(looks_secret(word) for word in _words(line))


def _words(line: str) -> Iterator[str]:
    """Words that may be keys: of letters and digits without a blank, and no part of an address or a path."""
    for word in line.split():
        if "://" not in word and not word.startswith(("/", "./", "~/", "@")):
            yield from (found[0] for found in _WORD.finditer(word) if len(found[0]) > SURE_CHARS)
