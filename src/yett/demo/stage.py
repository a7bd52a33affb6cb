"""What the demonstration stands on: a temporary repository, and a gateway of its own on free ports."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from yett.demo.story import STAGED_FILE
from yett.errors import OperatorFault
from yett.settings import Settings, load_settings

START_S: Final = 30.0
POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Stage:
    """A repository with one commit and one staged file, and a running gateway."""

    repository: Path
    settings: Settings

    @property
    def data_plane(self) -> str:
        """Where agents reach the gateway."""
        return f"http://{self.settings.data_plane.host}:{self.settings.data_plane.port}"

    def has_branch(self, name: str) -> bool:
        """Whether the repository has a branch: what really happened, whatever anybody says."""
        return _git(self.repository, "show-ref", "--quiet", "--verify", f"refs/heads/{name}", check=False) == 0

    def still_staged(self) -> bool:
        """Whether the staged file waits for its commit, untouched."""
        return _git(self.repository, "diff", "--cached", "--quiet", "--", STAGED_FILE, check=False) == 1


@contextmanager
def raised(directory: Path) -> Iterator[Stage]:
    """Build the stage below `directory`, and take the gateway down at the end.

    Errors: `OperatorFault` where git is missing or the gateway does not start.
    """
    repository = _repository(directory / "repository")
    settings = _settings(directory)
    gateway = _start(directory, settings)
    try:
        _wait_until_ready(gateway, settings, directory / "gateway.log")
        yield Stage(repository, settings)
    finally:
        gateway.send_signal(signal.SIGTERM)
        try:
            gateway.wait(15)
        except subprocess.TimeoutExpired:
            gateway.kill()
            gateway.wait()


def _repository(path: Path) -> Path:
    if shutil.which("git") is None:
        raise OperatorFault("the demonstration needs git on this machine; install it and try again")
    path.mkdir()
    _git(path, "init", "--quiet", "--initial-branch=main")
    (path / "README.md").write_text("# A repository with a guest\n", encoding="utf-8")
    _git(path, "add", "README.md")
    _git(path, *_AUTHOR, "commit", "--quiet", "--message", "First commit")
    (path / STAGED_FILE).write_text("Not finished.\n", encoding="utf-8")
    _git(path, "add", STAGED_FILE)
    return path


_AUTHOR: Final = ("-c", "user.name=Demo", "-c", "user.email=demo@example.org")


def _git(repository: Path, *arguments: str, check: bool = True) -> int:
    done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
        ["git", "-C", str(repository), *arguments],  # noqa: S607 - the user's own git
        check=False,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    )
    if check and done.returncode != 0:
        raise OperatorFault(f"git failed: {done.stderr.strip()}")
    return done.returncode


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
