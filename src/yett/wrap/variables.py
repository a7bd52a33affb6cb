"""What stands for a variable in an entry, as each client writes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from yett.errors import YettError
from yett.scan.model import Client


class Unwrappable(YettError):
    """An entry that has to stay as it is; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a client would fill in."""

    home: str
    project: str | None = None
    """The folder that the file is for; None for a file of the user."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    read: Callable[[str], str | None] = lambda path: None
    """The text of a file of variables that an entry names; None where it cannot be read."""


_BRACES: Final = re.compile(r"\$\{([^}]*)\}")
_CURLY: Final = re.compile(r"\{(env|file):([^}]*)\}")
_DOLLAR: Final = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_PLAIN: Final = frozenset({Client.CLAUDE_DESKTOP, Client.CODEX, Client.ZED, Client.JUNIE})
"""Clients that fill nothing in: what looks like a variable is meant as it stands."""


def filled_in(client: Client, text: str, around: Surroundings) -> str:
    """`text` as the client would use it. Errors: `Unwrappable` for what only the client knows, and for what is not set here."""
    if client in _PLAIN:
        return text
    if client is Client.OPENCODE:
        return _CURLY.sub(lambda found: _curly(found[1], found[2], around), text)
    if client is Client.GEMINI_CLI:
        return _DOLLAR.sub(lambda found: _set(found[1] or found[2], around), text)
    return _BRACES.sub(lambda found: _braces(found[1], around), text)


def _curly(kind: str, name: str, around: Surroundings) -> str:
    if kind == "file":
        raise Unwrappable("it takes a value out of a file; write the value itself, which Yett seals")
    return _set(name, around)


def _braces(inner: str, around: Surroundings) -> str:
    kind, sign, rest = inner.partition(":")
    if inner in {"workspaceFolder", "workspaceRoot"}:
        return _project(around)
    if inner == "workspaceFolderBasename":
        return _project(around).rstrip("/").rpartition("/")[2]
    if inner in {"userHome", "pathSeparator", "/"}:
        return around.home if inner == "userHome" else "/"
    if kind == "input":
        raise Unwrappable("its client asks a person for a value each time; write the value itself, which Yett seals")
    if kind == "env":
        return _set(rest, around)
    if sign and rest.startswith("-"):
        return around.environment.get(kind) or rest[1:]
    if not sign and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", inner):
        return _set(inner, around)
    raise Unwrappable("it has a variable that only its client fills in; write the value itself")


def _project(around: Surroundings) -> str:
    if around.project is None:
        raise Unwrappable("it depends on which folder its client has open; write the path itself")
    return around.project


def _set(name: str, around: Surroundings) -> str:
    value = around.environment.get(name)
    if not value:
        raise Unwrappable(f"the variable `{name}` is not set here; set it in this shell, or write its value")
    return value


_ASSIGNMENT: Final = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*)")


def variables_of(text: str) -> dict[str, str]:
    """What a file of variables sets. Errors: `Unwrappable` for a line that can be read in several ways."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        pair = _ASSIGNMENT.fullmatch(line)
        if pair is None:
            raise Unwrappable(f"line {number} of its file of variables is no NAME=VALUE; mend it, or write them under `env`")
        found[pair[1]] = _value(pair[2], number)
    return found


def _value(text: str, number: int) -> str:
    quote = text[:1]
    if quote in {'"', "'"}:
        end = text.find(quote, 1)
        if end == -1 or text[end + 1 :].split("#", 1)[0].strip() or "\\" in text:
            raise Unwrappable(f"line {number} of its file of variables can be read in several ways; write it under `env`")
        text = text[1:end]
    else:
        text = re.split(r"\s#", text, maxsplit=1)[0].rstrip()
    if "$" in text and quote != "'":
        raise Unwrappable(f"line {number} of its file of variables uses another variable; write it under `env`")
    return text
