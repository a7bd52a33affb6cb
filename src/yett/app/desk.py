"""Puts the control plane's use cases on their store, for the process that serves them and for a command that works alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from yett.admin.desk import Applied, Desk, Environment, Publication
from yett.admin.permissions import operator
from yett.admin.service import Service
from yett.admin.views import DataPlaneView
from yett.app.address import forget_address, scheme_of, url_of
from yett.app.clock import SystemClock
from yett.errors import OperatorFault
from yett.gateway.snapshot import SnapshotData, SnapshotDelta
from yett.gateway.snapshot_file import SNAPSHOT_FILE, SnapshotFile
from yett.gateway.tokens import token_key
from yett.settings import Settings
from yett.stores.commands import read_commands
from yett.stores.control.store import open_control


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


def open_desk(settings: Settings, publication: Publication) -> Desk:
    """Have the store, until `close`. Errors: `ControlBusy`, `OperatorFault`."""
    clock = SystemClock()

    def commands() -> Collection[str]:
        return {*read_commands(settings.state_dir), *settings.servers.commands}

    def endpoint(server: str) -> str:
        return f"{base_url(settings, publication.data_planes())}/mcp/{server}"

    environment = Environment(clock=clock, token_key=token_key(settings.state_dir), commands=commands, endpoint=endpoint)
    return Desk(open_control(settings.state_dir, clock), publication, environment)


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
    if publication.known() != desk.look(lambda whole: (whole.origin(), whole.revision())):
        desk.begin()  # what is on disk is not what the store holds, so that changes of it could not be followed
    return Service(desk, operator(actor, desk.first_organisation()))
