"""Finding the control plane, or being it."""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from yett.admin.service import Service
from yett.admin.views import NewServer
from yett.app.address import Address, admin_token, read_address, url_of, write_address
from yett.app.control import connect, user_name
from yett.app.desk import base_url, open_alone
from yett.errors import OperatorFault
from yett.gateway.feed import load_snapshot
from yett.settings import Settings, load_settings
from yett.stores.control.lock import take_lock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "yett.toml").write_text("")
    return load_settings(tmp_path / "yett.toml", {"YETT_STATE_DIRECTORY": str(tmp_path / "state")})


def test_a_command_beside_a_control_plane_loads_neither_a_database_nor_a_server() -> None:
    code = "import sys, yett.app.control; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & {"sqlalchemy", "fastapi", "starlette", "aiohttp", "pydantic", "jinja2"}


def test_where_nothing_runs_the_command_is_the_control_plane_itself(settings: Settings) -> None:
    with connect(settings) as control:
        assert isinstance(control, Service)
        changed = control.add_server(NewServer(name="files", url="http://127.0.0.1:9/mcp"))
        assert not changed.applied
        assert changed.note == "no control plane is running; the change counts as soon as the gateway runs"
        assert control.changes()[0].actor == f"local:{user_name()}"
    snapshot = load_snapshot(settings.state_dir / "snapshot.json")
    assert snapshot is not None
    assert [server.name for server in snapshot.servers] == ["files"]
    with connect(settings) as control:
        assert [server.name for server in control.servers()] == ["files"]


def test_a_dead_control_planes_address_leads_nobody_astray(settings: Settings) -> None:
    write_address(settings.state_dir, Address(pid=1, host="127.0.0.1", port=9))
    with connect(settings) as control:
        assert isinstance(control, Service)
    assert read_address(settings.state_dir) is None


def test_whoever_listens_at_a_dead_control_planes_address_is_not_told_the_token(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.setblocking(False)
        write_address(settings.state_dir, Address(pid=1, host="127.0.0.1", port=stranger.getsockname()[1]))
        with connect(settings) as control:
            assert isinstance(control, Service)
        with pytest.raises(BlockingIOError):
            stranger.accept()


def test_a_holder_that_does_not_answer_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    unanswered = r"process \d+ has the control database .* it does not answer there"
    monkeypatch.setattr("yett.app.control.PATIENCE_S", 0.0)
    with take_lock(settings.state_dir), pytest.raises(OperatorFault, match=unanswered), connect(settings):
        pass


def test_an_error_inside_the_block_gives_the_store_back(settings: Settings) -> None:
    with pytest.raises(KeyError), connect(settings):
        raise KeyError
    open_alone(settings, "x").desk.close()


def test_the_admin_token_is_made_once_for_its_owner_alone(settings: Settings) -> None:
    token = admin_token(settings.state_dir)
    assert admin_token(settings.state_dir) == token
    assert len(token) >= 43
    assert stat.S_IMODE((settings.state_dir / "admin.token").stat().st_mode) == 0o600


def test_a_short_admin_token_is_refused(settings: Settings) -> None:
    path = settings.state_dir / "admin.token"
    path.write_text("short")
    path.chmod(0o600)
    with pytest.raises(OperatorFault, match="holds no admin token"):
        admin_token(settings.state_dir)


def test_an_unreadable_address_is_named(settings: Settings) -> None:
    path = settings.state_dir / "control.json"
    path.write_text("{")
    path.chmod(0o600)
    with pytest.raises(OperatorFault, match=r"control\.json` is unreadable"):
        read_address(settings.state_dir)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::", "http://[::1]:1"),
        ("::1", "http://[::1]:1"),
        ("gate.example", "http://gate.example:1"),
    ],
)
def test_a_listener_is_reached_at_its_host_or_here(host: str, url: str) -> None:
    assert url_of(host, 1) == url


def test_what_the_settings_say_of_the_public_address_wins(tmp_path: Path) -> None:
    settings = load_settings(
        None, {"YETT_STATE_DIRECTORY": str(tmp_path / "state"), "YETT_DATA_PLANE_PUBLIC_URL": "https://gate.example/"}
    )
    assert base_url(settings, []) == "https://gate.example"
