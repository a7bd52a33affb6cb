"""Command lines that add a server to a client's configuration, such as `claude mcp add`."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from yett.errors import YettError
from yett.scan.formats import Entry
from yett.scan.packages import program_of
from yett.scan.places import client_of

_WITH_VALUE: Final = frozenset(
    {"-s", "--scope", "-t", "--transport", "-e", "--env", "-H", "--header", "--client-id", "--callback-port", "--url",
     "--bearer-token-env-var", "--timeout", "--description", "--include-tools", "--exclude-tools"}
)  # fmt: skip
_SEPARATORS: Final = re.compile(r"[;&|()\n]+")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_URL: Final = re.compile(r"https?://", re.IGNORECASE)
_WRITERS: Final = frozenset({"tee", "cp", "mv", "install", "ln", "rsync", "dd"})
"""Programs that put something into the last file that they name."""


class Unclear(YettError):
    """It cannot be told what a command would add; the text says why."""


def added_by(command: str) -> list[Entry]:
    """The servers that a line for the shell adds. Errors: `Unclear`."""
    if not re.search(r"mcp[\s\\'\"]+add|\.json|\.toml|\.ya?ml", command):
        return []
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|()<>\n")
        lexer.whitespace, lexer.whitespace_split = " \t\r", True
        words = list(lexer)
    except ValueError:
        if re.search(r"\bmcp\b.*\badd", command, re.DOTALL) or _names_configuration(command.split()):
            raise Unclear("the command cannot be read as one of a shell") from None
        return []
    entries = []
    for part in _parts(words):
        _refuse_to_guess(part)
        at = next((at for at in range(1, len(part) - 1) if part[at] == "mcp" and part[at + 1].startswith("add")), None)
        if at is not None:
            entries.append(_entry(part[at + 1], part[at + 2 :]))
    return entries


def _parts(words: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for word in words:
        if _SEPARATORS.fullmatch(word):
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _refuse_to_guess(part: Sequence[str]) -> None:
    """A shell that writes a configuration file itself may write anything."""
    targets = [part[at + 1] for at, word in enumerate(part[:-1]) if ">" in word and set(word) <= set("<>&|")]
    plain = [word for word in part[1:] if not word.startswith("-")]
    if program_of(part) in _WRITERS and plain:
        targets += plain if program_of(part) == "tee" else [plain[-1].removeprefix("of=")]
    if program_of(part) in {"sed", "perl"} and any(re.match(r"-[a-zA-Z]*i|--in-place", word) for word in part):
        targets += plain
    if _names_configuration(targets):
        raise Unclear("a shell writes the configuration file itself")


def _names_configuration(words: Sequence[str]) -> bool:
    return any(client_of(Path("/", word)) is not None for word in words)


def _entry(verb: str, words: Sequence[str]) -> Entry:
    if verb == "add-json":
        return _from_json([word for word in words if not word.startswith("-")])
    if verb != "add":
        raise Unclear(f"`mcp {verb}` takes servers from elsewhere")
    words, behind = (words[: words.index("--")], list(words[words.index("--") + 1 :])) if "--" in words else (words, [])
    options, plain = _options(words)
    name, rest = (plain[0], [*plain[1:], *behind]) if plain else ("", behind)
    env = dict(text.split("=", 1) for text in options.get("-e", []) + options.get("--env", []) if "=" in text)
    urls = [*options.get("--url", []), *(rest[:1] if rest and _URL.match(rest[0]) else [])]
    if urls:
        headers = dict(text.split(":", 1) for text in options.get("-H", []) + options.get("--header", []) if ":" in text)
        kind = (options.get("-t", []) + options.get("--transport", []) + ["http"])[0]
        return Entry(name, {"type": kind, "url": urls[0], "headers": headers})
    if not name or not rest:
        raise Unclear("it names no server, or nothing to start")
    return Entry(name, {"command": rest[0], "args": rest[1:], "env": env})


def _options(words: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Options with their values, and the other words. What follows the second plain word belongs to the server."""
    options: dict[str, list[str]] = {}
    plain: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if options and not plain and _VARIABLE.match(word):  # `-e` takes several
            options.setdefault("-e", []).append(word)
            continue
        if len(plain) > 1 or not word.startswith("-"):
            plain.append(word)
            continue
        flag, sign, value = word.partition("=")
        if not sign and flag in _WITH_VALUE and at < len(words):
            value = words[at]
            at += 1
        options.setdefault(flag, []).append(value)
    return options, plain


def _from_json(words: Sequence[str]) -> Entry:
    from_text: Any = _value(words[1]) if len(words) > 1 else None
    if not isinstance(from_text, dict):
        raise Unclear("its JSON cannot be read")
    return Entry(words[0], from_text)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
