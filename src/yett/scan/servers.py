"""An entry of a configuration file as a server: what it runs or reaches, without its secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Any, Final

from yett.scan.diverting import diverted
from yett.scan.formats import Entry
from yett.scan.model import Client, ConfigFile, FoundServer, Launch, Package
from yett.scan.packages import SHELLS, package_of, program_of, unwrapped
from yett.scan.stripping import GONE, carries_more, looks_secret, shown_command, shown_origin

_URLS: Final = ("url", "serverUrl", "httpUrl", "uri")
_PROGRAMS: Final = ("command", "cmd")
_ENVIRONMENTS: Final = ("env", "envs", "environment")
_HEADERS: Final = (("headers",), ("http_headers",), ("requestOptions", "headers"), ("requestInit", "headers"))
_BOTH: Final = "it names several commands or addresses, and clients may take any"
_BRIDGES: Final = frozenset({"mcp-remote", "mcp-proxy", "supergateway"})
"""Packages that only carry messages to an address among their arguments."""
PLAIN_HTTP: Final = "plain http: whoever is on the way reads and changes it"
RUN_BY_SHELL: Final = "a shell runs it, so that it can be anything"
NOTHING: Final = "it names neither a command nor an address"
NOT_PINNED: Final = "its package has no fixed version: the next start may fetch another program"
_VARIABLE: Final = re.compile(r"\$\{\{[^}]*\}\}|\$\{[^}]*\}|\{(?:env|file):[^}]*\}|\$[A-Z_][A-Z0-9_]*")
"""As clients write what they fill in themselves."""
_SECRET_NAME: Final = re.compile(r"key|token|secret|passw|auth|credential", re.IGNORECASE)
_HEADER: Final = re.compile(r"([A-Za-z-]+):\s*(.+)")
_USER: Final = re.compile(r"://[^/@\s]*:[^/@\s$]+@")
_REMOTE_AUTHENTICATION: Final = ("bearer_token_env_var", "env_http_headers", "headersHelper", "auth", "oauth")


def found_server(file: ConfigFile, entry: Entry) -> FoundServer:
    """The server that an entry describes. Total: what makes no sense is noted."""
    value = _flat(entry.value)
    urls = list(dict.fromkeys(value[key] for key in _URLS if isinstance(value.get(key), str)))
    argv = _argv(value)
    if argv or urls:
        found = _program(file, entry, value, argv) if argv else _remote(file, entry, value, urls[0])
        disputed = _BOTH if len(urls) + bool(argv) > 1 else found.disputed
        return replace(found, disputed=disputed, line=entry.line, disabled=_disabled(value))
    return FoundServer(
        name=entry.name, client=file.client, file=file.path, transport="stdio", shown=GONE, launch=Launch(), scope=entry.scope,
        notes=(NOTHING,), disabled=_disabled(value), line=entry.line,
    )  # fmt: skip


def _flat(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Zed once wrote a program as an object of its own."""
    inner = value.get("command")
    if not isinstance(inner, dict):
        return value
    program = {"command": inner.get("path"), "args": inner.get("args", []), "env": inner.get("env")}
    return {**value, **{key: said for key, said in program.items() if said is not None}}


def _argv(value: Mapping[str, Any]) -> tuple[str, ...]:
    command = next((value[key] for key in _PROGRAMS if value.get(key)), None)
    args = value.get("args", [])
    words = [command] if isinstance(command, str) else command if isinstance(command, list) else []
    return tuple(word if isinstance(word, str) else str(word) for word in [*words, *(args if isinstance(args, list) else [])])


def has_variable(text: str) -> bool:
    """Whether a client would fill in something here."""
    return _VARIABLE.search(text) is not None


def _environment(value: Mapping[str, Any]) -> dict[str, str]:
    return {name: text for key in _ENVIRONMENTS for name, text in _strings(value.get(key)).items()}


def _program(file: ConfigFile, entry: Entry, value: Mapping[str, Any], argv: tuple[str, ...]) -> FoundServer:
    package, word = package_of(argv)
    inner = unwrapped(argv)
    bridged = _bridged(inner, package)
    env = _environment(value)
    notes = tuple(_program_notes(env, argv, package))
    warnings = (RUN_BY_SHELL,) if program_of(inner) in SHELLS else ()
    disputed = diverted(argv, env, word)
    if bridged is not None:
        found = _remote(file, entry, value, bridged)
        shown = f"{_command(inner, package, word)} → {found.shown}"
        notes = tuple(dict.fromkeys((*notes, *found.notes)))
        return replace(found, notes=notes, shown=shown, disputed=disputed)
    return FoundServer(
        name=entry.name, client=file.client, file=file.path, transport="stdio", shown=_command(inner or argv[:1], package, word),
        launch=Launch(argv, env, _text(value.get("cwd"))), package=package, notes=notes, scope=entry.scope,
        authentication=_of_program(env), warnings=warnings, disputed=disputed,
    )  # fmt: skip


def _command(argv: Sequence[str], package: Package | None, word: str | None) -> str:
    if package is None or word is None:
        return shown_command(argv, {})
    version = f"{':' if package.kind == 'image' else '@'}{package.version}" if package.version else ""
    return shown_command(argv, {word: f"{package.name}{version}"})


def _bridged(argv: Sequence[str], package: Package | None) -> str | None:
    name = package.name if package is not None else program_of(argv)
    if name not in _BRIDGES:
        return None
    return next((word for word in argv if word.lower().startswith(("http://", "https://"))), None)


def _program_notes(env: Mapping[str, str], argv: Sequence[str], package: Package | None) -> list[str]:
    notes = []
    if package is not None and package.version in {None, "latest"}:
        notes.append(NOT_PINNED)
    written = [name for name, text in env.items() if _SECRET_NAME.search(name) and _is_literal(text)]
    if written:
        notes.append("a secret may stand in its `env`; keep it outside of the file")
    if any(_secret_argument(argv)):
        notes.append("a secret may stand in its arguments, where other programs see it")
    return notes


def _secret_argument(argv: Sequence[str]) -> list[bool]:
    found = []
    for at, word in enumerate(argv[1:], 1):
        flag, sign, text = word.partition("=")
        after = text if sign or at + 1 == len(argv) else argv[at + 1]
        named = bool(_SECRET_NAME.search(flag)) and (flag.startswith("-") or bool(sign)) and _is_literal(after)
        header = _HEADER.match(word)
        in_header = header is not None and bool(_SECRET_NAME.search(header[1])) and _is_literal(header[2])
        found.append(named or in_header or bool(_USER.search(word)) or (_is_literal(word) and _key(word)))
    return found


def _key(word: str) -> bool:
    return len(word) >= 16 and word.isalnum() and looks_secret(word)


def _is_literal(text: str) -> bool:
    """Whether something stands there itself, rather than the name of a variable."""
    return bool(_VARIABLE.sub("", text).replace("Bearer", "").strip())


def _of_program(env: Mapping[str, str]) -> str:
    return "by variables" if any(_SECRET_NAME.search(name) for name in env) else "none written"


def _remote(file: ConfigFile, entry: Entry, value: Mapping[str, Any], url: str) -> FoundServer:
    origin, host = shown_origin(url)
    headers = {name: text for way in _HEADERS for name, text in _strings(_below(value, way)).items()}
    insecure = origin.startswith(("http://", "ws://")) and not is_local(host)
    notes = []
    if carries_more(url):
        notes.append("its address carries a user or a query, where secrets do not belong")
    if any(_is_literal(text) for name, text in headers.items() if _SECRET_NAME.search(name)):
        notes.append("a secret may stand in its headers; keep it outside of the file")
    named = bool(headers) or any(value.get(key) for key in _REMOTE_AUTHENTICATION)
    return FoundServer(
        name=entry.name, client=file.client, file=file.path, transport=_transport(file, value), shown=origin,
        launch=Launch(url=url), host=host, authentication="by headers" if named else "none written", notes=tuple(notes),
        scope=entry.scope, warnings=(PLAIN_HTTP,) if insecure else (),
    )  # fmt: skip


def _transport(file: ConfigFile, value: Mapping[str, Any]) -> str:
    """What `type` says; Gemini CLI tells transports by the name of the member instead."""
    kind = value.get("type", value.get("transport"))
    if kind is None and file.client is Client.GEMINI_CLI and "httpUrl" not in value and "url" in value:
        return "sse"
    return "sse" if kind == "sse" else "http"


def _below(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def is_local(host: str | None) -> bool:
    """Whether a host is this machine."""
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _strings(value: Any) -> dict[str, str]:
    return {key: text for key, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _disabled(value: Mapping[str, Any]) -> bool:
    return value.get("disabled") is True or value.get("enabled") is False
