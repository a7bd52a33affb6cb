"""`yett doctor`."""

from __future__ import annotations

import json
import socket

import pytest

from tests.cli.terminal import Terminal


def findings(terminal: Terminal) -> dict[str, list[tuple[str, str]]]:
    """Levels and messages by check."""
    found: dict[str, list[tuple[str, str]]] = {}
    for finding in json.loads(terminal.run("doctor", "--json").out):
        found.setdefault(finding["check"], []).append((finding["level"], finding["message"]))
    return found


@pytest.fixture
def quiet(terminal: Terminal) -> Terminal:
    """An installation on ports that are surely free."""
    (terminal.directory / "yett.toml").write_text("[data_plane]\nport = 0\n[control_plane]\nport = 0\n")
    return terminal


def test_a_new_installation_is_well_and_stays_untouched(quiet: Terminal) -> None:
    done = quiet.ok("doctor")
    assert "ok    settings" in done.out
    assert "warn  gateway           no control plane is running" in done.out
    assert "→ start it with `yett up`" in done.out
    assert not (quiet.directory / "state").exists()


def test_a_used_installation_is_well(quiet: Terminal) -> None:
    quiet.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    found = findings(quiet)
    assert {level for lines in found.values() for level, _ in lines} == {"ok", "warn"}
    assert found["control.db"][0][1].startswith("sound, ")
    ((level, said),) = found["snapshot"]
    assert (level, said.endswith(": 1 servers, 0 grants")) == ("ok", True)


def test_what_fails_is_status_1_with_its_remedy(quiet: Terminal) -> None:
    quiet.ok("server", "list")
    (quiet.directory / "state" / "token.key").chmod(0o644)
    done = quiet.run("doctor")
    assert done.status == 1
    assert "fail  state directory   others may use" in done.out
    assert f"→ run `chmod 600 {quiet.directory}/state/token.key`" in done.out
    assert "fail  keys" in done.out


def test_bad_settings_are_a_finding_of_their_own(quiet: Terminal) -> None:
    (quiet.directory / "yett.toml").write_text("[data_plane]\nprot = 1\n")
    assert findings(quiet) == {
        "settings": [("fail", f"{quiet.directory}/yett.toml: unknown key `prot` in `[data_plane]`, did you mean `port`?")]
    }


@pytest.mark.parametrize("name", ["control.db", "state.db"])
def test_a_damaged_database_is_named(quiet: Terminal, name: str) -> None:
    quiet.ok("server", "list")
    for path in (quiet.directory / "state").glob(f"{name}*"):
        path.unlink()
    (quiet.directory / "state" / name).write_bytes(b"this was a database once, and long enough to be one" * 100)
    (quiet.directory / "state" / name).chmod(0o600)
    ((level, message),) = findings(quiet)[name]
    assert level == "fail"
    assert name in message


def test_an_open_state_directory_is_named(quiet: Terminal) -> None:
    (quiet.directory / "state").mkdir()
    (quiet.directory / "state").chmod(0o755)
    assert findings(quiet)["state directory"][0][0] == "warn"
    (quiet.directory / "state").chmod(0o775)
    assert findings(quiet)["state directory"][0][0] == "fail"


def test_a_taken_port_is_named_with_its_setting(quiet: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (quiet.directory / "yett.toml").write_text(f"[data_plane]\nport = {port}\n[control_plane]\nport = 0\n")
        done = quiet.run("doctor")
    assert done.status == 1
    assert f"cannot listen at 127.0.0.1:{port}: Address already in use" in done.out
    assert "set `data_plane.port`" in done.out


def test_a_bad_policy_file_is_named(quiet: Terminal) -> None:
    with (quiet.directory / "yett.toml").open("a") as file:
        file.write('[policies]\nstrict = "p.json"\nfine = "f.json"\n')
    (quiet.directory / "p.json").write_text("{}")
    (quiet.directory / "f.json").write_text('{"version":"1","default":"deny"}')
    strict, fine = findings(quiet)["policy files"]
    assert strict[0] == "fail"
    assert "`strict` from " in strict[1]
    assert fine == ("ok", f"`fine` from `{quiet.directory}/f.json`")
