"""Looks over an installation: what is fine, what is odd, what is broken, and what to do about it. Changes nothing."""

from __future__ import annotations

import http.client
import json
import os
import platform
import shutil
import socket
import sqlite3
import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import apsw

from yett import __version__
from yett.admin.client import RemoteControl
from yett.admin.remote import NotReached, connection_to
from yett.admin.views import ServerView, StatusView
from yett.app.address import Address, admin_token, own_certificate, reachable, read_address
from yett.app.upstreams import commands_of
from yett.errors import OperatorFault, YettError
from yett.gateway.feed import SNAPSHOT_FILE, load_snapshot
from yett.gateway.tokens import KEY_FILE, token_key
from yett.policy.document import looks_like_yaml, read_policy
from yett.settings import Settings
from yett.stores.control.lock import is_held
from yett.stores.control.store import check_integrity
from yett.stores.state_file import open_reader
from yett.upstreams.credentials import Credentials

SQLITE_FIXED: Final = (3, 51, 3)
"""The first release without the bug that could damage a database with several writers."""
FREE_BYTES_MIN: Final = 200 * 1024 * 1024
CONNECT_S: Final = 3.0
STATE_FILE: Final = "state.db"


class Level(Enum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    level: Level
    message: str
    remedy: str | None = None


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, as they are made. A check that cannot be made is a failure of its own."""
    checks: list[tuple[str, Callable[[Settings], Iterator[Finding]]]] = [
        ("versions", _versions),
        ("state directory", _state_directory),
        ("keys", _keys),
        ("control.db", _control_database),
        ("state.db", _state_database),
        ("policy files", _policy_files),
        ("gateway", _gateway),
    ]
    for name, check in checks:
        try:
            yield from check(settings)
        except (YettError, OSError) as error:
            yield Finding(name, Level.FAIL, str(error))


def _versions(_: Settings) -> Iterator[Finding]:
    yield Finding("versions", Level.OK, f"Yett {__version__}, Python {platform.python_version()}, {platform.system()}")
    bundled = apsw.sqlite_lib_version()
    fixed = tuple(int(part) for part in bundled.split(".")[:3]) >= SQLITE_FIXED
    told = f"SQLite {bundled} for calls, {sqlite3.sqlite_version} for the control plane, which is its only writer"
    remedy = None if fixed else "upgrade apsw: this SQLite may damage a database that several processes write"
    yield Finding("versions", Level.OK if fixed else Level.WARN, told, remedy)


def _state_directory(settings: Settings) -> Iterator[Finding]:
    directory = settings.state_dir
    if not directory.exists():
        yield Finding("state directory", Level.OK, f"`{directory}` does not exist yet; the first command makes it")
        return
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & 0o077:
        level = Level.FAIL if mode & 0o022 else Level.WARN
        yield Finding(
            "state directory", level, f"others may look into `{directory}` (mode {mode:04o})", f"run `chmod 700 {directory}`"
        )
    elif not os.access(directory, os.W_OK | os.X_OK):
        yield Finding("state directory", Level.FAIL, f"`{directory}` cannot be written", "check its owner and mode")
    else:
        yield Finding("state directory", Level.OK, f"`{directory}`, mode {mode:04o}")
    free = shutil.disk_usage(directory).free
    if free < FREE_BYTES_MIN:
        yield Finding(
            "state directory", Level.WARN, f"{free // 2**20:,} MiB are free there", "make room: a full disk denies every call"
        )
    for path in sorted(directory.iterdir()):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_file() and mode & 0o077:
            yield Finding("state directory", Level.FAIL, f"others may use `{path}` (mode {mode:04o})", f"run `chmod 600 {path}`")


def _keys(settings: Settings) -> Iterator[Finding]:
    """Only what exists is judged: a look must not make keys."""
    made = [(KEY_FILE, token_key), ("admin.token", admin_token)]
    present = [(name, read) for name, read in made if (settings.state_dir / name).exists()]
    for _, read in present:
        read(settings.state_dir)
    names = ", ".join(name for name, _ in present)
    yield Finding("keys", Level.OK, names or "none yet; the first use makes them")
    tls_key = settings.tls.key
    if tls_key is not None and Path(tls_key).stat().st_mode & 0o007:
        yield Finding("keys", Level.WARN, f"others may use `{tls_key}`, the key of TLS", f"run `chmod o= {tls_key}`")
    commands = commands_of(settings)
    if commands:
        yield Finding("commands", Level.OK, f"{len(commands)} on the host's list: {', '.join(sorted(commands))}")


def _control_database(settings: Settings) -> Iterator[Finding]:
    path = settings.state_dir / "control.db"
    if not path.exists():
        yield Finding("control.db", Level.OK, "none yet; the first server, policy or grant makes it")
        return
    found = check_integrity(settings.state_dir)
    if found:
        yield Finding(
            "control.db", Level.FAIL, f"damaged: {'; '.join(found)}", "restore a backup, or move it away and start anew"
        )
    else:
        yield Finding("control.db", Level.OK, f"sound, {path.stat().st_size // 1024:,} KiB")


def _state_database(settings: Settings) -> Iterator[Finding]:
    path = settings.state_dir / STATE_FILE
    if not path.exists():
        yield Finding("state.db", Level.OK, "none yet; the first call makes it")
        return
    with closing(open_reader(path)) as connection:
        try:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(10)") if row[0] != "ok"]
        except apsw.Error as error:
            found = [str(error)]
    if found:
        yield Finding(
            "state.db",
            Level.FAIL,
            f"damaged: {'; '.join(found)}",
            "stop the gateway and restore a backup; calls are denied meanwhile",
        )
    else:
        yield Finding("state.db", Level.OK, f"sound, {path.stat().st_size // 1024:,} KiB")


def _policy_files(settings: Settings) -> Iterator[Finding]:
    for name, path in settings.policies.items():
        try:
            read_policy(path.read_bytes(), yaml=looks_like_yaml(path.name))
        except (YettError, OSError) as error:
            yield Finding("policy files", Level.FAIL, f"`{name}` from `{path}`: {error}", f"run `yett policy check {path}`")
        else:
            yield Finding("policy files", Level.OK, f"`{name}` from `{path}`")


def _gateway(settings: Settings) -> Iterator[Finding]:
    """Whether it runs, and what it says of itself; where it does not, whether it could listen."""
    address = read_address(settings.state_dir) if settings.state_dir.exists() else None
    if address is None or not is_held(settings.state_dir):
        yield Finding("gateway", Level.WARN, "no control plane is running", "start it with `yett up`")
        yield from _ports(settings)
        yield from _last_snapshot(settings)
        return
    control = RemoteControl(address.host, address.port, admin_token(settings.state_dir), certificate=address.certificate)
    try:
        status = control.status()
    except NotReached as error:
        yield Finding("gateway", Level.FAIL, str(error), "restart it; if it was started just now, look again")
        return
    yield from _running(settings, address, status)
    for server in control.servers():
        yield _server(settings, server)


def _running(settings: Settings, address: Address, status: StatusView) -> Iterator[Finding]:
    yield Finding(
        "control plane", Level.OK, f"process {address.pid} at {address.host}:{address.port}, revision {status.revision}"
    )
    if status.version != __version__:
        yield Finding("control plane", Level.WARN, f"it is Yett {status.version}, this is {__version__}", "restart the gateway")
    if not status.data_planes:
        yield Finding("data plane", Level.FAIL, "none is connected to the control plane", "look at the output of `yett up`")
    for plane in status.data_planes:
        behind = plane.revision < status.revision
        told = f"process {plane.pid} at {plane.listening}, revision {plane.revision}"
        yield Finding("data plane", Level.WARN if behind else Level.OK, told, "it is behind; look again" if behind else None)
        yield _readiness(settings, plane.listening)
        for problem in plane.problems:
            yield Finding("data plane", Level.FAIL, problem)
    for problem in status.problems:
        yield Finding("configuration", Level.FAIL, problem)


def _readiness(settings: Settings, listening: str) -> Finding:
    """What the data plane says at `/readyz`."""
    parts = urlsplit(listening)
    certificate = own_certificate(settings) if parts.scheme == "https" else None
    connection = connection_to(reachable(parts.hostname or ""), parts.port or 0, certificate, timeout_s=CONNECT_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = json.loads(answer.read(100_000))
        problems = "; ".join(said.get("problems", []))
    except ssl.SSLCertVerificationError as error:
        told = f"{listening} does not show the certificate of `tls.certificate`, or it is not valid: {error.verify_message}"
        return Finding("data plane", Level.FAIL, told, "correct the files; the gateway looks at them each second")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Finding(
            "data plane", Level.FAIL, f"{listening}/readyz does not answer: {error}", "look at the output of `yett up`"
        )
    finally:
        connection.close()
    if answer.status == 200:
        level = Level.WARN if problems else Level.OK
        return Finding("data plane", level, f"ready; but {problems}" if problems else "ready")
    return Finding(
        "data plane", Level.FAIL, f"not ready: {problems or answer.status}", "every call is denied until that is mended"
    )


def _ports(settings: Settings) -> Iterator[Finding]:
    for section, plane in (("data_plane", settings.data_plane), ("control_plane", settings.control_plane)):
        if plane.port == 0:
            continue
        try:
            socket.create_server(
                (plane.host, plane.port), family=socket.AF_INET6 if ":" in plane.host else socket.AF_INET
            ).close()
        except OSError as error:
            told = f"cannot listen at {plane.host}:{plane.port}: {error.strerror}"
            yield Finding("ports", Level.FAIL, told, f"stop who has it, or set `{section}.port`")
        else:
            yield Finding("ports", Level.OK, f"{plane.host}:{plane.port} is free for the {section.replace('_', ' ')}")


def _last_snapshot(settings: Settings) -> Iterator[Finding]:
    snapshot = load_snapshot(settings.state_dir / SNAPSHOT_FILE)
    if snapshot is not None:
        yield Finding(
            "snapshot", Level.OK, f"revision {snapshot.revision}: {len(snapshot.servers)} servers, {len(snapshot.grants)} grants"
        )


def _server(settings: Settings, server: ServerView) -> Finding:
    """Whether the server could be reached from here. Nothing is started and nothing is asked."""
    name = f"server {server.name}"
    try:
        if server.credential is not None:
            Credentials().resolve(server.credential)
    except OperatorFault as error:
        return Finding(name, Level.WARN, f"{error} (from this shell)", "the gateway needs it in its own environment")
    if server.url is not None:
        return _reached(name, server.url)
    command = commands_of(settings).get(server.command or "")
    if command is None:
        return Finding(
            name, Level.FAIL, f"the host lists no command `{server.command}`", f"yett server add {server.name} -- PROGRAM ARG…"
        )
    program = command.argv[0]
    if shutil.which(program, path=command.env.get("PATH")) is None and not Path(program).exists():
        return Finding(name, Level.WARN, f"`{program}` is not found from this shell", "install it, or give its whole path")
    return Finding(name, Level.OK, f"command {' '.join(command.argv)}")


def _reached(name: str, url: str) -> Finding:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_S).close()
    except OSError as error:
        return Finding(name, Level.FAIL, f"{url} cannot be reached: {error}", "start it, or correct its url")
    return Finding(name, Level.OK, f"{url} can be reached")
