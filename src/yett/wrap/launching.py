"""What an entry has its client start or reach, as a server of Yett: with what is secret of it apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit

from yett.scan.dialects import DIALECTS, Dialect
from yett.scan.model import Client
from yett.scan.packages import package_of
from yett.scan.stripping import GONE, looks_secret, shown_command
from yett.wrap.variables import Surroundings, Unwrappable, filled_in, variables_of

_URLS: Final = ("url", "serverUrl", "httpUrl", "uri")
_ENVIRONMENTS: Final = ("env", "envs", "environment")
_SECRET_NAME: Final = re.compile(r"key|token|secret|passw|auth|credential|signature|session", re.IGNORECASE)
_OWN_FIELDS: Final = frozenset({"accept", "content-type", "user-agent"})
"""Header fields that say nothing about who asks; the gateway writes its own."""
_OAUTH: Final = ("auth", "oauth")
WORD_CHARS_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    """A program to be started. What is secret is shown nowhere."""

    argv: tuple[str, ...] = field(repr=False)
    secret_words: frozenset[int]
    """Which words of `argv`, by number, may be secrets."""
    env: Mapping[str, str] = field(repr=False)
    """All of it is taken for secret."""
    cwd: str


@dataclass(frozen=True, slots=True)
class Address:
    """A server that is reached over HTTP."""

    url: str
    transport: Literal["http", "sse"]
    headers: Mapping[str, str] = field(repr=False)
    """What it is sent so that it knows who asks: secret."""
    oauth: bool = False
    """Whether the client would sign in there."""


def launch_of(client: Client, value: Mapping[str, Any], around: Surroundings) -> Program | Address:
    """What the entry of these members means. Errors: `Unwrappable`."""
    dialect = DIALECTS[client]
    words = list(_words(value, dialect))
    urls = list(dict.fromkeys(value[key] for key in _URLS if isinstance(value.get(key), str) and value[key]))
    if len(urls) + bool(words) > 1:
        raise Unwrappable("it names several commands or addresses, and clients may take any; leave one")
    if words:
        return _program(client, value, words, around)
    if not urls:
        raise Unwrappable("it names neither a command nor an address; something else of its client starts it")
    return _address(client, value, filled_in(client, urls[0], around), around)


def _words(value: Mapping[str, Any], dialect: Dialect) -> Iterator[str]:
    command: Any = value.get(dialect.command) or value.get("command")
    args: Any = value.get("args", [])
    if isinstance(command, dict):
        command, args = command.get("path"), command.get("args", [])
    if isinstance(command, list):
        command, args = (command[0] if command else None), command[1:]
    if command is None or command == "":
        return
    if not isinstance(command, str) or not isinstance(args or [], list):
        raise Unwrappable("its command is no text, or its arguments are no list; mend that first")
    yield command
    for word in args or []:
        if not isinstance(word, str | int | float) or isinstance(word, bool):
            raise Unwrappable("one of its arguments is no text; mend that first")
        yield str(word)


def _program(client: Client, value: Mapping[str, Any], words: list[str], around: Surroundings) -> Program:
    argv = tuple(filled_in(client, word, around) for word in words)
    if any("\0" in word or len(word) > WORD_CHARS_MAX for word in argv):
        raise Unwrappable("one of its arguments is too long, or holds what no argument can")
    cwd = value.get("cwd")
    folder = filled_in(client, cwd, around) if isinstance(cwd, str) and cwd else around.project or around.home
    if folder.startswith("~/"):
        folder = around.home + folder[1:]
    base = around.project or around.home
    changed = {at for at, (word, now) in enumerate(zip(words, argv, strict=True)) if word != now and at}
    return Program(
        argv, frozenset(changed | secret_words(argv)), _environment(client, value, around), str(PurePosixPath(base, folder))
    )


def secret_words(argv: tuple[str, ...]) -> set[int]:
    """Words that are not surely harmless: names of options, packages, paths and plain words are."""
    _, package = package_of(argv)
    secret = set()
    for at, word in enumerate(argv):
        before = argv[at - 1] if at else ""
        after_name = before.startswith("-") and "=" not in before and bool(_SECRET_NAME.search(before))
        if at and (after_name or (word != package and not harmless(word))):
            secret.add(at)
    return secret


def harmless(word: str) -> bool:
    """Whether `word`, of a command, surely is no secret."""
    if word.startswith(("/", "~/", "./", "../", "@")):
        return "=" not in word and ":" not in word and not any(map(looks_secret, re.split(r"[/@]", word)))
    flag, sign, text = word.partition("=")
    if sign:
        return not _SECRET_NAME.search(flag) and GONE not in shown_command(("x", flag), {}) and harmless(text)
    return GONE not in shown_command(("x", word), {}) or (
        re.fullmatch(r"[A-Za-z0-9._+-]{1,40}", word) is not None and not looks_secret(word)
    )


def _environment(client: Client, value: Mapping[str, Any], around: Surroundings) -> dict[str, str]:
    found: dict[str, str] = {}
    path = value.get("envFile")
    if isinstance(path, str) and path:
        whole = str(PurePosixPath(around.project or around.home, filled_in(client, path, around)))
        text = around.read(whole)
        if text is None:
            raise Unwrappable("its file of variables (`envFile`) cannot be read; mend that, or write them under `env`")
        found |= variables_of(text)
    command = value.get("command")
    inner = command.get("env") if isinstance(command, dict) else None
    for pairs in (*(value.get(key) for key in _ENVIRONMENTS), inner):
        found |= {name: filled_in(client, text, around) for name, text in _texts(pairs, "variables")}
    names = value.get("env_vars")
    for name in names if isinstance(names, list) else ():
        if isinstance(name, str) and around.environment.get(name):
            found.setdefault(name, around.environment[name])
    if any(not name or "=" in name or "\0" in name + text for name, text in found.items()):
        raise Unwrappable("one of its variables has a name or a value that none can have; mend that first")
    return found


def _texts(pairs: Any, what: str) -> Iterator[tuple[str, str]]:
    if pairs is None:
        return
    if not isinstance(pairs, dict):
        raise Unwrappable(f"its {what} are no object; mend that first")
    for name, text in pairs.items():
        if isinstance(text, bool) or not isinstance(text, str | int | float):
            raise Unwrappable(f"one of its {what} is no text; mend that first")
        yield str(name), str(text)


def _address(client: Client, value: Mapping[str, Any], url: str, around: Surroundings) -> Address:
    if value.get("headersHelper"):
        raise Unwrappable("its headers come from a program of its client's (`headersHelper`); write them under `headers`")
    check_address(url)
    headers = {name: filled_in(client, text, around) for name, text in _header_texts(value)}
    named = value.get("env_http_headers")
    for name, variable in _texts(named, "headers"):
        headers[name] = _variable(variable, around)
    bearer = value.get("bearer_token_env_var")
    if isinstance(bearer, str) and bearer:
        headers["Authorization"] = f"Bearer {_variable(bearer, around)}"
    wanted = {name: text for name, text in headers.items() if name.lower() not in _OWN_FIELDS}
    return Address(url, _transport(client, value, url), wanted, any(value.get(key) for key in _OAUTH))


def _header_texts(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for way in (("headers",), ("http_headers",), ("requestInit", "headers"), ("requestOptions", "headers")):
        pairs: Any = value
        for key in way:
            pairs = pairs.get(key) if isinstance(pairs, dict) else None
        yield from _texts(pairs, "headers")


def _variable(name: str, around: Surroundings) -> str:
    value = around.environment.get(name)
    if not value:
        raise Unwrappable(f"the variable `{name}` is not set here; set it in this shell, then wrap it")
    return value


def _transport(client: Client, value: Mapping[str, Any], url: str) -> Literal["http", "sse"]:
    said = value.get("type", value.get("transport"))
    if said == "sse" or (client is Client.GEMINI_CLI and value.get("url") and said is None):
        return "sse"
    if said is None and urlsplit(url).path.rstrip("/").endswith("/sse"):
        return "sse"
    if said not in {None, "http", "streamable-http", "streamableHttp", "streamable_http", "remote"}:
        raise Unwrappable("it speaks something else than Streamable HTTP or the event stream of 2024-11-05")
    return "http"


def check_address(url: str) -> None:
    """Addresses are shown to whoever may see servers, so that no secret may stand in one. Errors: `Unwrappable`."""
    try:
        parts = urlsplit(url)
        named = parts.username is not None or parts.password is not None
    except ValueError:
        raise Unwrappable("its address is none; mend that first") from None
    queried = any(
        _SECRET_NAME.search(name) or looks_secret(text) for name, text in parse_qsl(parts.query, keep_blank_values=True)
    )
    if named or queried or any(looks_secret(part) for part in parts.path.split("/")):
        raise Unwrappable(
            "a key may stand in its address, which cannot be sealed; put the key into a header, if the server takes it there"
        )
