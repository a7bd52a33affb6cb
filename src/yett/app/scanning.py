"""Reading clients' configuration files, and asking servers for their tools where a person consents. Writes one private file."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from msgspec.structs import replace

from yett.app.lookout import ServerLookout
from yett.catalog.definition import DefinitionError, tool_definition
from yett.catalog.model import ToolDefinition
from yett.errors import OperatorFault
from yett.gateway.snapshot import ServerEntry
from yett.private_files import read_private, write_private
from yett.scan.dialects import format_of
from yett.scan.formats import FILE_BYTES_MAX, BadFile, entries_of
from yett.scan.model import Client, ConfigFile, FoundServer, Tools
from yett.scan.places import SKIPPED, client_of, user_files, user_folders
from yett.scan.seen import Remembered, read_memory, written
from yett.scan.servers import found_server, has_variable
from yett.scan.stripping import GONE, carries_more, looks_secret, shown_word
from yett.settings import Command, Settings

MEMORY: Final = "scan.json"
REDACTED_MIN: Final = 4
"""Characters; what is shorter is a word."""
DIRECTORIES_MAX: Final = 50_000
"""Directories of a repository that are looked through."""
_REFERENCES: Final = ("env:", "file:")
_COMMAND: Final = "scanned"
_SPEAKS: Final = "it speaks "
"""How a look begins that found the other transport."""
_ID: Final = "scan"


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that could not be read."""

    file: Path
    message: str


def files_of(path: Path) -> list[ConfigFile]:
    """The configuration files at `path`: that file, or those of the repository that it is. Links are not followed."""
    if path.is_file():
        return [ConfigFile(client_of(path.absolute()) or (Client.CODEX if path.suffix == ".toml" else Client.ANY), path)]
    return list(_below(path))


def _below(top: Path) -> Iterator[ConfigFile]:
    unreadable: list[OSError] = []
    for count, (folder, folders, names) in enumerate(os.walk(top, onerror=unreadable.append)):
        if count > DIRECTORIES_MAX:
            raise OperatorFault(f"`{top}` has more than {DIRECTORIES_MAX:,} directories; scan a part of it")
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            path = Path(folder, name)
            client = client_of(path.absolute())
            if client is not None:
                yield ConfigFile(client, path)
    yield from (ConfigFile(Client.ANY, Path(error.filename)) for error in unreadable)  # reading it will say why


def own_files(environment: Mapping[str, str], platform: str) -> list[ConfigFile]:
    """The configuration files of this user's clients that are there."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or Path.home())
    files = [file for file in user_files(home, environment, platform) if os.path.lexists(file.path)]
    for folder in user_folders(home, environment, platform):
        files += [ConfigFile(folder.client, path) for path in sorted(folder.path.glob(folder.pattern))]
    return files


def servers_of(file: ConfigFile) -> list[FoundServer] | Fault:
    """The servers of a file, or why it cannot be read."""
    try:
        entries = entries_of(_content(file.path), format_of(file.path), file.client)
    except BadFile as error:
        return Fault(file.path, str(error))
    except OSError as error:
        return Fault(file.path, f"it cannot be read: {error.strerror}")
    return [found_server(file, entry) for entry in entries]


def _content(path: Path) -> bytes:
    """Of a plain file only: a pipe would keep us waiting."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadFile("it is no plain file")
        return file.read(FILE_BYTES_MAX + 1)


def ask(settings: Settings, server: FoundServer) -> Tools:
    """The tools as the server tells them itself. A program is started as its client would; an address gets no secret at all."""
    entry = _entry(server)
    if isinstance(entry, str):
        return Tools(None, entry)
    own = settings
    if server.launch.url is None:
        launch = server.launch
        command = Command(argv=launch.argv, env=dict(launch.env), cwd=launch.cwd)
        own = replace(settings, servers=replace(settings.servers, commands={_COMMAND: command}))
    lookout = ServerLookout(own)
    try:
        seen = lookout.look(entry, patient=True)
        if seen.problem is not None and seen.problem.startswith(_SPEAKS):  # entries seldom say which transport it is
            seen = lookout.look(replace(entry, transport="http" if entry.transport == "sse" else "sse"), patient=True)
    finally:
        lookout.close()
    if seen.said is None:
        return Tools(None, f"it did not tell them: {without_secrets(seen.problem or 'no answer', server)}")
    return _told([value for value in seen.said["tools"] if isinstance(value, dict)])


def _entry(server: FoundServer) -> ServerEntry | str:
    launch = server.launch
    if launch.url is not None:
        if (
            carries_more(launch.url)
            or "$" in launch.url
            or any(map(looks_secret, re.split(r"[/#]", launch.url.partition("//")[2])))
        ):
            return "its address holds what is not sent: a user, a query, a variable, or something like a key"
        transport: Literal["http", "sse"] = "sse" if server.transport == "sse" else "http"
        return ServerEntry(id=_ID, organisation=_ID, name=_ID, url=launch.url, transport=transport)
    if not launch.argv:
        return "there is nothing to start"
    if server.file is not None and any(map(has_variable, (*launch.argv, *launch.env.values()))):
        return "its command has a variable that only its client fills in"
    if any(value.startswith(_REFERENCES) for value in launch.env.values()):
        return "its `env` has a value that Yett would take for a reference"
    return ServerEntry(id=_ID, organisation=_ID, name=_ID, command=_COMMAND)


def _told(values: list[dict[str, object]]) -> Tools:
    listed: list[ToolDefinition] = []
    for value in values:
        try:
            listed.append(tool_definition(value))  # type: ignore[arg-type]  # plain JSON of the answer
        except DefinitionError as error:
            return Tools(None, f"it lists something that is no tool: {error}")
    return Tools(tuple(listed), "asked it")


def without_secrets(text: str, server: FoundServer) -> str:
    """What a program or an address says, without what the configuration keeps to itself."""
    launch = server.launch
    kept = {*launch.argv[1:], *launch.env.values(), *(word.partition("=")[2] for word in launch.argv[1:])}
    if launch.url is not None:
        kept.add(launch.url.partition("//")[2].partition("/")[2])
    if launch.argv and shown_word(launch.argv[0]) == GONE:
        kept |= {launch.argv[0], Path(launch.argv[0]).name}
    for secret in sorted(kept, key=len, reverse=True):
        text = text.replace(secret, GONE) if len(secret) >= REDACTED_MIN else text
    return text


def read_seen(settings: Settings) -> dict[str, Remembered]:
    """What was seen last time. Errors: `OperatorFault`."""
    path = settings.state_dir / MEMORY
    memory = read_memory(read_private(path))
    if memory is None:
        raise OperatorFault(f"`{path}` cannot be read as what was seen; remove it to begin anew")
    return memory


def write_seen(settings: Settings, memory: Mapping[str, Remembered]) -> None:
    """Keep what was seen. Errors: `OperatorFault`."""
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorFault(f"cannot make `{settings.state_dir}`: {error.strerror}") from error
    write_private(settings.state_dir / MEMORY, written(memory))
