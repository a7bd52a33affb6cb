"""A gateway in the background, for clients that find none: one for all of them, whoever comes first."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Final

from yett.admin.remote import connection_to
from yett.app.address import own_certificate, reachable, read_address
from yett.errors import OperatorFault
from yett.private_files import read_private, write_private
from yett.sealing.host_file import locked
from yett.settings import Settings
from yett.stores.control.lock import is_held
from yett.upstreams.child import INHERITED

LOCK: Final = "start.lock"
LOG_FILE: Final = "up.log"
START_S: Final = 30.0
"""How long a gateway may take until it answers."""
PAUSE_S: Final = 0.1
ASK_S: Final = 2.0
TAIL_BYTES: Final = 2_000
_OWN: Final = ("XDG_", "YETT_")
_TOKENS: Final = frozenset({"YETT_TOKEN"})


def have_gateway(settings: Settings, environment: Mapping[str, str]) -> subprocess.Popen[bytes] | None:
    """Have a gateway answer on this host; the process, if it had to be started. Errors: `OperatorFault`, with its last words."""
    with locked(settings.state_dir / LOCK):  # held while one starts, so that the others wait for it
        if is_ready(settings):
            return None
        started = None if is_held(settings.state_dir) else _start(settings, environment)
        _wait(settings, started)
        return started


def is_ready(settings: Settings) -> bool:
    """Whether the data plane of these settings judges calls."""
    plane = settings.data_plane
    try:
        connection = connection_to(reachable(plane.host), plane.port, own_certificate(settings), timeout_s=ASK_S)
        with closing(connection):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def _start(settings: Settings, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """`yett up`, with nothing of its client's but what any program gets; it outlives the client."""
    config = [] if settings.config_path is None else ["--config", str(settings.config_path)]
    kept = {name: text for name, text in environment.items() if name in INHERITED or name.startswith(_OWN)}
    log = settings.state_dir / LOG_FILE
    write_private(log, b"")
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-m", "yett.cli.main", "up", *config],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=settings.state_dir,
            env={name: text for name, text in kept.items() if name not in _TOKENS},
        )  # fmt: skip


def _wait(settings: Settings, started: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + START_S
    while not (is_ready(settings) and _has_control_plane(settings)):
        ended = started is not None and started.poll() is not None
        if ended or time.monotonic() > deadline:
            if started is not None:
                started.terminate()  # nobody would know of it
                started.wait()
            raise OperatorFault(f"the gateway does not start: {_last_words(settings)}; run `yett up` to see why")
        time.sleep(PAUSE_S)


def _has_control_plane(settings: Settings) -> bool:
    """Whether somebody hands credentials over, too."""
    return read_address(settings.state_dir) is not None and is_held(settings.state_dir)


def _last_words(settings: Settings) -> str:
    content = read_private(settings.state_dir / LOG_FILE) or b""
    lines = content[-TAIL_BYTES:].decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"it did not answer within {START_S:g} s")
