"""What an MCP registry says of servers, read with care: it is the word of whoever published the entry. Pure.

The API is that of the official registry: `GET /v0/servers` and `GET /v0/servers/{name}/versions/{version}`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from yett.admin.checks import check_url
from yett.admin.errors import Invalid
from yett.admin.server_views import RegistryPage, RegistryServer
from yett.policy.network import host_of

ENTRIES_MAX: Final = 500
"""Of one page; what is beyond is left out."""
CURSOR_MAX: Final = 4_096
DESCRIPTION_MAX: Final = 1_000
TITLE_MAX: Final = 200
ARGUMENTS_MAX: Final = 20
SLUG_MAX: Final = 63
META: Final = "io.modelcontextprotocol.registry/official"

NAME: Final = re.compile(r"[A-Za-z0-9.-]{1,100}/[A-Za-z0-9._-]{1,100}", re.ASCII)
VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,127}", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
_FIELD: Final = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]+"
)
_SPOKEN: Final[Mapping[str, Literal["http", "sse"]]] = {"streamable-http": "http", "streamable": "http", "sse": "sse"}
_IDENTIFIERS: Final = {
    "npm": re.compile(r"(@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*", re.ASCII | re.IGNORECASE),
    "pypi": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII),
    "oci": re.compile(r"[a-z0-9][a-z0-9._/:@-]*", re.ASCII),
    "nuget": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII),
}

Object = Mapping[str, Any]


def read_page(answer: Object) -> RegistryPage:
    """A page of the list."""
    listed = answer.get("servers")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    found = [read for entry in entries[:ENTRIES_MAX] if (read := read_entry(entry)) is not None]
    metadata = answer.get("metadata")
    cursor = metadata.get("nextCursor") or metadata.get("next_cursor") if isinstance(metadata, dict) else None
    following = cursor if isinstance(cursor, str) and 0 < len(cursor) <= CURSOR_MAX else None
    total = len(listed) if isinstance(listed, list) else 0
    return RegistryPage(items=found, next=following, left_out=total - len(found))


def read_entry(answer: Object) -> RegistryServer | None:
    """One entry; None where it has no proper name or version."""
    wrapped = answer.get("server")
    entry = wrapped if isinstance(wrapped, dict) else answer
    name, version = entry.get("name"), entry.get("version")
    if not isinstance(name, str) or NAME.fullmatch(name) is None:
        return None
    if not isinstance(version, str) or VERSION.fullmatch(version) is None:
        return None
    url, transport, problem = _remote(entry)
    command = _command(entry, name) if url is None else None
    title, website = entry.get("title"), entry.get("websiteUrl")
    return RegistryServer(
        name=name,
        title=_line(title, TITLE_MAX) if isinstance(title, str) else None,
        description=_line(entry.get("description"), DESCRIPTION_MAX),
        version=version,
        status=_status(answer),
        website=website if isinstance(website, str) and host_of(website) is not None else None,
        url=url,
        transport=transport,
        command=command,
        problem=None if url or command else problem or "it names neither an address nor a package that Yett can run",
    )


def wanted_headers(answer: Object) -> list[str]:
    """Names of the header fields that the entry's address wants."""
    wrapped = answer.get("server")
    entry = wrapped if isinstance(wrapped, dict) else answer
    remote = next(_remotes(entry), None)
    if remote is None:
        return []
    names = [header.get("name") for header in _objects(remote.get("headers"))]
    return [name for name in names if isinstance(name, str) and _FIELD.fullmatch(name)]


def slug_of(name: str) -> str:
    """What a server of this name may be called here: the last part of it."""
    last = name.rpartition("/")[2].lower()
    return re.sub(r"[^a-z0-9._-]+", "-", last).lstrip("._-")[:SLUG_MAX] or "server"


def _remotes(entry: Object) -> Iterator[Object]:
    """The addresses at which it serves, the preferred one first."""
    remotes = [remote for remote in _objects(entry.get("remotes")) if _kind(remote) in _SPOKEN]
    yield from sorted(remotes, key=lambda remote: _SPOKEN[_kind(remote)] != "http")


def _kind(remote: Object) -> str:
    return str(remote.get("type") or remote.get("transport_type"))


def _remote(entry: Object) -> tuple[str | None, Literal["http", "sse"] | None, str | None]:
    """Address and transport, or why there is none that can be used."""
    problem = None
    for remote in _remotes(entry):
        url = remote.get("url")
        if not isinstance(url, str) or len(url) > CURSOR_MAX:
            problem = "its address is no text"
        elif "{" in url or "}" in url:
            problem = "its address has parts to be filled in; add it with `yett server add NAME --url URL`"
        else:
            try:
                return check_url(url), _SPOKEN[_kind(remote)], None
            except Invalid:
                problem = "its address is no plain http(s) url"
    return None, None, problem


def _command(entry: Object, name: str) -> str | None:
    """What to run on the gateway's host, every word of it quoted; None where no package is of a kind that is known."""
    for package in _objects(entry.get("packages")):
        transport = package.get("transport")
        if isinstance(transport, dict) and transport.get("type", "stdio") != "stdio":
            continue
        words = _program(package)
        if words is not None:
            variables = [f"--env {variable}=env:{variable}" for variable in _variables(package)]
            shown = " ".join(shlex.quote(word) for word in (*words, *_arguments(package)))
            return " ".join(["yett server add", slug_of(name), *variables, "--", shown])
    return None


def _program(package: Object) -> list[str] | None:
    kind = str(package.get("registryType") or package.get("registry_type") or package.get("registry_name"))
    identifier, version = package.get("identifier") or package.get("name"), package.get("version")
    form = _IDENTIFIERS.get(kind)
    if form is None or not isinstance(identifier, str) or len(identifier) > 214 or form.fullmatch(identifier) is None:
        return None
    if version is not None and (not isinstance(version, str) or VERSION.fullmatch(version) is None):
        return None
    pinned = f"{identifier}@{version}" if version else identifier
    if kind == "oci":
        tagged = ":" in identifier.rpartition("/")[2] or "@" in identifier
        passed = [word for variable in _variables(package) for word in ("-e", variable)]
        return ["docker", "run", "-i", "--rm", *passed, identifier if tagged or not version else f"{identifier}:{version}"]
    return {"npm": ["npx", "-y", pinned], "pypi": ["uvx", pinned], "nuget": ["dnx", pinned, "--yes"]}[kind]


def _arguments(package: Object) -> Iterator[str]:
    """The words after the program. What its user has to choose stands in angle brackets."""
    for argument in _objects(package.get("packageArguments"))[:ARGUMENTS_MAX]:
        value = argument.get("value") or argument.get("default")
        hint = argument.get("valueHint") or argument.get("name") or "value"
        said = _line(value, TITLE_MAX) if isinstance(value, str) else f"<{_line(hint, TITLE_MAX).lstrip('-')}>"
        name = argument.get("name")
        if argument.get("type") == "named" and isinstance(name, str):
            if value is not None or argument.get("isRequired") is True:
                yield f"{_line(name, TITLE_MAX)}={said}"
        elif value is not None or argument.get("isRequired") is True:
            yield said


def _variables(package: Object) -> list[str]:
    """Names of the variables that it needs and that have no value of their own."""
    needed = [
        variable.get("name")
        for variable in _objects(package.get("environmentVariables"))
        if variable.get("isRequired") is True or variable.get("isSecret") is True
    ]
    return [name for name in needed if isinstance(name, str) and _VARIABLE.fullmatch(name)][:ARGUMENTS_MAX]


def _status(answer: Object) -> str | None:
    meta = answer.get("_meta")
    official = meta.get(META) if isinstance(meta, dict) else None
    status = official.get("status") if isinstance(official, dict) else None
    return status if status in {"active", "deprecated", "deleted"} else None


def _objects(value: object) -> list[Object]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _line(value: object, most: int) -> str:
    return _CONTROL.sub(" ", value)[:most].strip() if isinstance(value, str) else ""
