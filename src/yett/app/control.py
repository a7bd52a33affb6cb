"""The control plane from the outside: over HTTP where one runs, else the same use cases here, on the store itself."""

from __future__ import annotations

import getpass
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from yett.admin.client import RemoteControl
from yett.admin.control import Control
from yett.admin.remote import NotReached
from yett.app.address import admin_token, read_address
from yett.errors import OperatorFault
from yett.settings import Settings
from yett.stores.control.lock import ControlBusy, is_held

if TYPE_CHECKING:
    from yett.admin.service import Service

PATIENCE_S: Final = 8.0
"""How long to wait for a control plane that is starting, or for another command to finish."""
PAUSE_S: Final = 0.1


@contextmanager
def connect(settings: Settings) -> Iterator[Control]:
    """The control plane: the running one if somebody has the store, else the store itself for as long as the block lasts.

    Errors: `OperatorFault`, naming the process that has the store and does not answer.
    """
    control = _remote(settings) or _wait(settings)
    try:
        yield control
    finally:
        if not isinstance(control, RemoteControl):
            control.desk.close()


def _wait(settings: Settings) -> RemoteControl | Service:
    """Whatever comes first: the store is free, or its holder answers."""
    # SQLAlchemy costs half a second, which a command pays only where no control plane runs.
    from yett.app.desk import open_alone  # noqa: PLC0415 - as said above

    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return open_alone(settings, f"local:{user_name()}")
        except ControlBusy as error:
            remote = _remote(settings)
            if remote is not None:
                return remote
            if time.monotonic() > deadline:
                raise OperatorFault(f"{error}; it does not answer there") from error
            time.sleep(PAUSE_S)


def _remote(settings: Settings) -> RemoteControl | None:
    """A client of the running control plane; None if none runs, or none that answers yet."""
    address = read_address(settings.state_dir)
    if address is None or not is_held(settings.state_dir):
        return None
    remote = RemoteControl(
        address.host, address.port, admin_token(settings.state_dir), user_name(), certificate=address.certificate
    )
    try:
        remote.status()
    except NotReached:
        return None
    return remote


def user_name() -> str:
    """Who runs this, as the system says; for the admin log."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return re.sub(r"[^A-Za-z0-9._@-]", "_", name)[:64]
