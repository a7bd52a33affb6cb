"""What the demonstration stands on: a server for image notes with a folder of its own, and a gateway on free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from yett.errors import OperatorFault
from yett.settings import Settings, load_settings

START_S: Final = 30.0
POLL_S: Final = 0.05
EXTRA: Final = "the demonstration needs the extra `demo`: pip install 'yett[demo]'"


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder in which the server keeps its notes, and a running gateway."""

    notes: Path
    settings: Settings

    @property
    def data_plane(self) -> str:
        """Where agents reach the gateway."""
        return f"http://{self.settings.data_plane.host}:{self.settings.data_plane.port}"

    @property
    def server(self) -> tuple[str, ...]:
        """The command of the server that stands behind the gate."""
        return (sys.executable, "-m", "redbook_mcp.main")

    @property
    def server_environment(self) -> Mapping[str, str]:
        """Where the server keeps its notes. It draws locally, whatever the user has set up for image models."""
        return {"DATA_DIR": str(self.notes), "REDBOOK_PROVIDER": "local"}


def require_server() -> None:
    """Errors: `OperatorFault` where the server of the demonstration is not installed."""
    if find_spec("redbook_mcp") is None:
        raise OperatorFault(EXTRA)


@contextmanager
def raised(directory: Path) -> Iterator[Stage]:
    """Build the stage below `directory`, and take the gateway down at the end.

    Errors: `OperatorFault` where the gateway does not start.
    """
    notes = directory / "notes"
    notes.mkdir()
    settings = _settings(directory)
    gateway = _start(directory, settings)
    try:
        _wait_until_ready(gateway, settings, directory / "gateway.log")
        yield Stage(notes, settings)
    finally:
        gateway.send_signal(signal.SIGTERM)
        try:
            gateway.wait(15)
        except subprocess.TimeoutExpired:
            gateway.kill()
            gateway.wait()


def _settings(directory: Path) -> Settings:
    config = directory / "yett.toml"
    ports = _free_ports(2)
    config.write_text(
        f'[state]\ndirectory = "{directory / "state"}"\n\n'
        f"[data_plane]\nport = {ports[0]}\n\n[control_plane]\nport = {ports[1]}\n",
        encoding="utf-8",
    )
    return load_settings(config, {})


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def _start(directory: Path, settings: Settings) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YETT_")}
    with (directory / "gateway.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "yett.cli.main", "--config", str(settings.config_path), "up"],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches it through us, after the curtain
        )


def _wait_until_ready(gateway: subprocess.Popen[bytes], settings: Settings, log: Path) -> None:
    deadline = time.monotonic() + START_S
    planes = (settings.data_plane, settings.control_plane)
    while not all(_answers(plane.host, plane.port) for plane in planes):
        if gateway.poll() is not None or time.monotonic() > deadline:
            raise OperatorFault(f"the gateway did not start: {_last_line(log)}")
        time.sleep(POLL_S)


def _answers(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
