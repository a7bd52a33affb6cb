"""What `yett wrap` finds in clients' files, and what it would do about each entry. Only reads."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from yett.app.address import scheme_of, url_of
from yett.app.client_files import read_client_file, real_path
from yett.app.own_program import NAME, own_names, own_program
from yett.scan.document import BadFile
from yett.scan.governing import is_governed
from yett.scan.model import Client, ConfigFile
from yett.scan.servers import found_server
from yett.sealing.keys import KEY_VARIABLE
from yett.settings import Settings, read_settings
from yett.stores.wrapped import Wrapped
from yett.wrap.launching import Address, Program, launch_of
from yett.wrap.located import Located, ReadFile, read_file, text_digest
from yett.wrap.naming import entry_id
from yett.wrap.variables import Surroundings, Unwrappable

TOKENS: Final = "tokens"
TEXT_BYTES_MAX: Final = 200 * 1024
"""Of an entry, which is sealed whole."""
_PROGRAMS: Final = frozenset({"connect", "run"})
_PLACES: Final = ("XDG_CONFIG_HOME", "XDG_STATE_HOME")
"""Variables that say where a user's files are; programs with windows often lack them."""
_INNER: Final = frozenset({"settings", "mcp", "mcpServers"})
"""Folders within the one that a client has in a project."""


class State(StrEnum):
    """How an entry stands."""

    READY = "ready"
    WRAPPED = "wrapped"
    THROUGH = "through Yett already"
    EDITED = "edited since it was wrapped"
    LEFT = "left as it is"


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry, and what may become of it."""

    id: str
    file: ReadFile
    located: Located
    state: State
    why: str = ""
    launch: Program | Address | None = None
    record: Wrapped | None = None

    @property
    def client(self) -> Client:
        """Whose entry it is."""
        return self.file.file.client

    @property
    def name(self) -> str:
        """What the client calls it."""
        return self.located.name

    @property
    def disabled(self) -> bool:
        """Whether its client does not start it."""
        value = self.located.entry.value
        return value.get("disabled") is True or value.get("enabled") is False


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that cannot be read."""

    file: ConfigFile
    why: str


@dataclass(frozen=True, slots=True)
class Here:
    """What is known about this installation and whoever runs it."""

    settings: Settings
    environment: Mapping[str, str]
    records: Mapping[str, Wrapped]
    own: Collection[Path]
    """The files of this user, which are for no project."""

    @property
    def home(self) -> str:
        """The user's folder."""
        return self.environment.get("HOME") or str(Path.home())


def planned(here: Here, file: ConfigFile) -> list[Planned] | Unread:
    """The entries of a file, or why it cannot be read."""
    try:
        read = read_file(file, read_client_file(file.path))
    except BadFile as error:
        return Unread(file, str(error))
    except OSError as error:
        return Unread(file, f"it cannot be read: {error.strerror}")
    return [_planned(here, read, located) for located in read.located]


def _planned(here: Here, read: ReadFile, located: Located) -> Planned:
    id = entry_id(str(real_path(read.file.path)), located.entry.at)
    record = here.records.get(id)
    if located.problem is not None:
        return Planned(id, read, located, State.LEFT, located.problem, record=record)
    if record is not None and text_digest(read.region(located)) == record.text:
        return Planned(id, read, located, State.WRAPPED, record=record)
    other = _yett_of(here, read, located)
    if other is not None and record is None:
        return Planned(id, read, located, *other)
    if other is not None:
        return Planned(id, read, located, State.EDITED, record=record)
    if len(read.region(located).encode()) > TEXT_BYTES_MAX:
        return Planned(id, read, located, State.LEFT, f"it is longer than {TEXT_BYTES_MAX:,} bytes", record=record)
    try:
        launch = launch_of(read.file.client, located.entry.value, _around(here, read, located))
    except Unwrappable as reason:
        return Planned(id, read, located, State.LEFT, str(reason), record=record)
    return Planned(id, read, located, State.READY, launch=launch, record=record)


def _yett_of(here: Here, read: ReadFile, located: Located) -> tuple[State, str] | None:
    """How an entry stands that leads to a Yett by itself."""
    found = found_server(read.file, located.entry)
    if is_governed(found, [_base(here.settings)], own_names()):
        return State.THROUGH, ""
    argv = found.launch.argv
    if len(argv) > 1 and Path(argv[0]).name == NAME and argv[1] in _PROGRAMS:
        return State.LEFT, "it starts a Yett that is not this one; `unwrap` it there, or write its server into the entry"
    return None


def _around(here: Here, read: ReadFile, located: Located) -> Surroundings:
    project = located.entry.scope or project_of(here, read.file.path)
    return Surroundings(home=here.home, project=project, environment=here.environment, read=_text)


def project_of(here: Here, path: Path) -> str | None:
    """The folder that a file of a repository is for; None for a file of the user."""
    if path in here.own:
        return None
    folder = path.absolute().parent
    if folder.name in _INNER and folder.parent.name.startswith("."):
        folder = folder.parent
    return str(folder.parent if folder.name.startswith(".") else folder)


def _text(path: str) -> str | None:
    try:
        return read_client_file(Path(path)).decode()
    except (OSError, BadFile, UnicodeDecodeError):
        return None


def entry_argv(settings: Settings, server: str, id: str) -> tuple[str, ...]:
    """What a client starts in the place of its server. Errors: `OperatorFault`.

    It also starts the gateway where none runs, unless that is governed by variables of this shell, which the client has not.
    """
    words = [own_program(), "connect", server, "--token-file", str(token_file(settings, id))]
    if settings.config_path is not None:
        words += ["--config", str(settings.config_path)]
    if starts_gateway(settings):
        words.append("--start")
    else:
        words += ["--url", _base(settings)]
    return tuple(words)


def starts_gateway(settings: Settings) -> bool:
    """Whether clients can start the gateway: a process without the variables of this shell would have the same settings."""
    if os.environ.get(KEY_VARIABLE) or (settings.config_path is None and any(os.environ.get(name) for name in _PLACES)):
        return False
    return read_settings(settings.config_path, {}, local=False) == settings


def _base(settings: Settings) -> str:
    return url_of(settings.data_plane.host, settings.data_plane.port, scheme_of(settings))


def token_file(settings: Settings, id: str) -> Path:
    """Where the token of an entry's grant is."""
    return settings.state_dir / TOKENS / id
