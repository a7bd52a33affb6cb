"""A gateway in the background: one for all clients, whoever comes first."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.ports import free_port
from yett.app import background
from yett.app.background import LOG_FILE, have_gateway, is_ready
from yett.errors import OperatorFault
from yett.settings import Settings, load_settings
from yett.stores.control.lock import is_held

ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "ANY_SECRET": "hidden", "YETT_TOKEN": "hidden"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    config = tmp_path / "yett.toml"
    config.write_text(
        f'[state]\ndirectory = "state"\n[data_plane]\nport = {free_port()}\n[control_plane]\nport = {free_port()}\n'
        "[health]\ninterval_s = 0\n"
    )
    return load_settings(config, {})


def test_the_first_of_several_clients_starts_it_and_the_others_use_it(settings: Settings) -> None:
    found: list[subprocess.Popen[bytes] | None] = []
    clients = [threading.Thread(target=lambda: found.append(have_gateway(settings, ENVIRONMENT))) for _ in range(3)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    (started,) = [process for process in found if process is not None]
    try:
        assert is_ready(settings)
        assert len(found) == 3
        assert b"hidden" not in Path(f"/proc/{started.pid}/environ").read_bytes()
        assert os.getsid(started.pid) == started.pid  # its client's end is not its own
        assert (settings.state_dir / LOG_FILE).stat().st_mode & 0o777 == 0o600
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait()


def test_one_that_does_not_start_says_why_and_is_not_left_behind(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "START_S", 3.0)
    plane = settings.data_plane
    with socket.create_server((plane.host, plane.port)), pytest.raises(OperatorFault, match="run `yett up` to see why"):
        have_gateway(settings, ENVIRONMENT)
    assert not is_held(settings.state_dir)
