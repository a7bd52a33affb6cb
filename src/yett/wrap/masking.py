"""An entry as it may be shown: no value of a variable, a header or an argument that may be a secret."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from yett.scan.model import Client
from yett.scan.stripping import GONE, shown_origin
from yett.wrap.launching import check_address, harmless, secret_words
from yett.wrap.rewriting import LAUNCH, launch_members
from yett.wrap.variables import Unwrappable

_WORDS: Final = frozenset({"command", "cmd", "args"})
_ADDRESSES: Final = frozenset({"url", "serverUrl", "httpUrl", "uri"})
_KINDS: Final = frozenset({"type", "transport", "cwd", "envFile"})


def difference(client: Client, before: Mapping[str, Any], argv: Sequence[str]) -> list[str]:
    """Lines that show what becomes of an entry: `-` for what goes, `+` for what comes, two blanks for what stays."""
    kept = {key: value for key, value in before.items() if key not in LAUNCH}
    old, shown_kept = _shown(before), _shown(kept)
    new = {**launch_members(client, before, argv), **shown_kept}
    return [line for line in difflib.ndiff(_lines(old), _lines(new)) if not line.startswith("?")]


def _lines(value: Mapping[str, Any]) -> list[str]:
    return [f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(one, ensure_ascii=False)}" for key, one in value.items()]


def _shown(entry: Mapping[str, Any]) -> dict[str, Any]:
    program = entry.get("command", entry.get("cmd"))
    return {key: _member(key, value, program if isinstance(program, str) else "") for key, value in entry.items()}


def _member(key: str, value: Any, program: str) -> Any:
    if key in _WORDS and isinstance(value, list):
        words = [str(word) for word in value]
        return _words(program, words) if key == "args" else [words[0], *_words(words[0], words[1:])] if words else []
    if key in _WORDS and isinstance(value, dict):
        return _shown({"command" if inner == "path" else inner: one for inner, one in value.items()})
    if key in _ADDRESSES and isinstance(value, str):
        return _address(value)
    if key in LAUNCH - _WORDS - _KINDS and isinstance(value, dict):
        return dict.fromkeys(value, GONE)
    return _plain(value)


def _words(program: str, words: list[str]) -> list[str]:
    secret = secret_words((program, *words))
    return [GONE if at in secret else word for at, word in enumerate(words, 1)]


def _address(url: str) -> str:
    try:
        check_address(url)
    except Unwrappable:
        return f"{shown_origin(url)[0]}/{GONE}"
    return url


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value if harmless(value) else GONE
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
