"""Puts the control plane's use cases on their store, for the process that serves them and for a command that works alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from yett.admin.credentials.alone import Alone
from yett.admin.desk import Applied, Desk, Environment, Publication
from yett.admin.permissions import operator
from yett.admin.references import References
from yett.admin.service import Service
from yett.admin.views import DataPlaneView
from yett.app.address import forget_address, scheme_of, url_of
from yett.app.approvals import StateApprovals
from yett.app.clock import SystemClock
from yett.app.lookout import ServerLookout
from yett.app.registry import registry_of
from yett.app.upstreams import commands_of
from yett.errors import OperatorFault, StoreFault
from yett.gateway.snapshot import SnapshotData, SnapshotDelta
from yett.gateway.snapshot_file import SNAPSHOT_FILE, SnapshotFile
from yett.gateway.tokens import token_key
from yett.sealing.host_file import HostSecrets
from yett.sealing.keys import key_source
from yett.sealing.vault import Vault
from yett.settings import Settings
from yett.stores.catalogue_index import FILE as CATALOGUE_FILE
from yett.stores.catalogue_index import CatalogueIndex
from yett.stores.commands import mark_of, read_commands
from yett.stores.control.store import open_control
from yett.stores.state_file import STATE_FILE
from yett.stores.state_reader import StateReader

CALLS_LOOKED_AT: Final = 50_000
"""The newest records of the decision log, in which a call to a server is looked for: the log has no index by server."""


class FilePublication:
    """Implements `yett.admin.desk.Publication` where no control plane runs: a data plane without one watches the file."""

    def __init__(self, path: Path) -> None:
        self._file = SnapshotFile(path)
        with suppress(OperatorFault):  # then nothing is known, and the whole is written anew
            self._file.resume()

    def begin(self, full: SnapshotData) -> Callable[[], Applied]:
        return self._kept(lambda: self._file.begin(full))

    def offer(self, delta: SnapshotDelta) -> Callable[[], Applied]:
        return self._kept(lambda: self._file.append(delta))

    def known(self) -> tuple[str, int] | None:
        return self._file.known()

    def _kept(self, keep: Callable[[], None]) -> Callable[[], Applied]:
        try:
            keep()
            if self._file.grown:
                self._file.fold()
            note = "no control plane is running; the change counts as soon as the gateway runs"
        except OperatorFault as error:
            note = f"{error}; the change counts when the control plane starts"
        return lambda: Applied(applied=False, note=note)

    def data_planes(self) -> list[DataPlaneView]:
        return []


def open_desk(settings: Settings, publication: Publication, port: int | None = None) -> Desk:
    """Have the store, until `close`. `port` is where people are served, if they are. Errors: `ControlBusy`, `OperatorFault`."""
    clock, pages = SystemClock(), people_url(settings, port)

    def commands() -> Collection[str]:
        return {*read_commands(settings.state_dir), *settings.servers.commands}

    def program(name: str) -> tuple[str, ...]:
        found = commands_of(settings).get(name)
        return () if found is None else found.argv

    def endpoint(server: str) -> str:
        return f"{base_url(settings, publication.data_planes())}/mcp/{server}"

    environment = Environment(
        clock=clock,
        token_key=token_key(settings.state_dir),
        commands=commands,
        endpoint=endpoint,
        lookout=ServerLookout(settings),
        references=References(settings.state_dir, settings.servers.credentials),
        registry=registry_of(settings),
        called=lambda server: was_called(settings.state_dir, server),
        reveal=settings.grants.reveal,
        vault=Vault(key_source(settings.secrets.master_key, settings.state_dir, os.environ)),
        page=lambda path: f"{pages}{path}",
        host_secrets=HostSecrets(settings.state_dir),
        mark=lambda name: program_mark(settings, name),
        program=program,
        approvals=StateApprovals(settings.state_dir / STATE_FILE),
        index=CatalogueIndex(settings.state_dir / CATALOGUE_FILE),
    )
    return Desk(open_control(settings.state_dir, clock), publication, environment)


def program_mark(settings: Settings, name: str) -> str | None:
    """By which the listed program of this name is known again. Errors: `OperatorFault` for a list that cannot be read."""
    found = commands_of(settings).get(name)
    return None if found is None else mark_of(found)


def was_called(state_dir: Path, server: str) -> bool:
    """Whether the newest part of the decision log has a call to the server of this id."""
    path = state_dir / STATE_FILE
    try:
        if not path.exists():
            return False
        with StateReader(path) as reader:
            floor = reader.newest() - CALLS_LOOKED_AT
            return bool(reader.rows("SELECT 1 FROM calls WHERE seq > ? AND server_id = ? LIMIT 1", (floor, server)))
    except StoreFault:  # the data plane says so itself
        return False


def people_url(settings: Settings, port: int | None = None) -> str:
    """Where people reach the control plane: as the settings say, else at its own address."""
    own = settings.control_plane
    if own.public_url is not None:
        return own.public_url.rstrip("/")
    return url_of(own.host, own.port if port is None else port, scheme_of(settings))


def base_url(settings: Settings, data_planes: Collection[DataPlaneView]) -> str:
    """Where clients reach the gate: as the settings say, else as the data plane says, else where it would listen."""
    if settings.data_plane.public_url is not None:
        return settings.data_plane.public_url.rstrip("/")
    said = next((one.listening for one in data_planes if one.listening), "")
    return said or url_of(settings.data_plane.host, settings.data_plane.port, scheme_of(settings))


def open_alone(settings: Settings, actor: str) -> Service:
    """The use cases on the store itself, for a command where no control plane runs. Close its desk afterwards.

    A control plane that was killed may have left its address behind; nobody is to be sent there any more.
    """
    publication = FilePublication(settings.state_dir / SNAPSHOT_FILE)
    desk = open_desk(settings, publication)
    forget_address(settings.state_dir)
    desk.credentials = Alone(desk, Vault(key_source(settings.secrets.master_key, settings.state_dir, os.environ)))
    if publication.known() != desk.look(lambda whole: (whole.origin(), whole.revision())):
        desk.begin()  # what is on disk is not what the store holds, so that changes of it could not be followed
    return Service(desk, operator(actor, desk.first_organisation()))
