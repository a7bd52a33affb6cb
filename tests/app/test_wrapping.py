"""Entries of clients' files go through Yett, on a real store and with real servers, and come back to the byte."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from tests.app.wrap_home import CLIENT_FILES, SECRET, Home, time_entry
from tests.scan.client_files import Case
from tests.scan.files import SECRETS
from yett.app import wrapping
from yett.app.control import connect
from yett.app.unwrapping import Standing
from yett.app.wrap_plan import State, Unread, entry_argv, planned, project_of, starts_gateway
from yett.errors import OperatorFault
from yett.scan.model import Client, ConfigFile
from yett.settings import read_settings
from yett.stores.commands import read_commands


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in [name for name in os.environ if name.startswith("YETT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Home(tmp_path)


def test_a_real_server_goes_behind_yett_with_a_policy_of_its_own_and_no_secret_stays(home: Home) -> None:
    path = home.cursor(**{"Time Zone": time_entry(disabled=False)})
    before = path.read_bytes()
    (done,) = home.wrap(path, look=True)
    assert done.state is State.WRAPPED
    assert done.prepared is not None
    assert (done.prepared.server, done.prepared.tools, done.prepared.hidden) == ("time-zone", {"Read": 2}, ())
    entry = json.loads(path.read_bytes())["mcpServers"]["Time Zone"]
    assert entry["args"][:3] == ["connect", "time-zone", "--token-file"]
    assert (Path(entry["command"]).name, set(entry)) == ("yett", {"command", "args", "disabled"})
    assert home.holds(SECRET) == []
    token = Path(entry["args"][3])
    assert (token.stat().st_mode & 0o777, token.read_text().startswith("yett_")) == (0o600, True)
    with connect(home.settings) as control:
        (grant,) = control.grants()
        assert (grant.server, grant.policy, grant.label) == ("time-zone", "time-zone", "Cursor time-zone")
        assert set(json.loads(control.policy("time-zone").document)["tools"]) == {"get_current_time", "convert_time"}
    assert [one.standing for one in home.looked] == [Standing.WRAPPED]
    assert [(one.done, one.why) for one in home.unwrap()] == [(True, "")]
    assert path.read_bytes() == before
    with connect(home.settings) as control:
        assert (control.servers(), [grant.status for grant in control.grants()]) == ([], [])
    assert (home.records, read_commands(home.settings.state_dir), token.exists()) == ({}, {}, False)
    assert home.holds(SECRET) == [path]


@pytest.mark.parametrize("case", CLIENT_FILES, ids=lambda case: f"{case.client.value} {Path(case.path).name}")
def test_the_file_of_every_client_is_wrapped_once_and_restored_to_the_byte(home: Home, case: Case) -> None:
    path = home.write(case.path, case.text.encode())
    done = home.wrap(path, case.client)
    assert [one.state for one in done] == [State.WRAPPED] * len(case.servers)
    assert [secret for secret in SECRETS if home.holds(secret)] == []
    once = path.read_bytes()
    assert [one.state for one in home.wrap(path, case.client)] == [State.WRAPPED] * len(case.servers)
    assert path.read_bytes() == once != case.text.encode()
    assert all(one.done for one in home.unwrap())
    assert path.read_bytes() == case.text.encode()


def test_headers_are_sealed_as_the_servers_credential(home: Home) -> None:
    home.wrap(home.cursor(shop={"url": "https://shop.example/sse", "headers": {"X-Key": SECRET, "Accept": "x"}}))
    with connect(home.settings) as control:
        assert (control.server("shop").url, control.server("shop").transport) == ("https://shop.example/sse", "sse")
        assert control.credential("shop").header_names == ["x-key"]


def test_a_server_where_its_client_signed_in_says_what_to_do_next(home: Home) -> None:
    (done,) = home.wrap(home.cursor(shop={"url": "https://shop.example/mcp", "auth": {"CLIENT_ID": "x"}}))
    assert done.prepared is not None
    assert "yett server credential shop --kind authorization_code" in done.prepared.attention[0]


def test_entries_that_say_the_same_share_a_server_and_each_has_a_grant(home: Home) -> None:
    first = home.cursor(time=time_entry())
    second = home.write(
        ".codeium/windsurf/mcp_config.json", {"mcpServers": {"time": time_entry(), "other": time_entry(args=["x"])}}
    )
    home.wrap(first)
    home.wrap(second, Client.WINDSURF)
    assert sorted(record.server for record in home.records.values()) == ["other", "time", "time"]
    with connect(home.settings) as control:
        assert sorted(grant.label for grant in control.grants("time")) == ["Cursor time", "Windsurf time"]
    home.unwrap([one for one in home.looked if one.record.client == "Cursor"])
    with connect(home.settings) as control:
        assert [grant.label for grant in control.grants("time") if grant.status == "live"] == ["Windsurf time"]


def test_another_server_of_the_same_name_gets_a_name_of_its_own(home: Home) -> None:
    home.wrap(home.cursor(time=time_entry()))
    other = home.write(".codeium/windsurf/mcp_config.json", {"mcpServers": {"time": time_entry(args=["other"])}})
    (done,) = home.wrap(other, Client.WINDSURF)
    assert done.prepared is not None
    assert done.prepared.server == "time-windsurf"


def test_a_server_that_is_kept_is_used_again(home: Home) -> None:
    path = home.cursor(time=time_entry())
    before = path.read_bytes()
    home.wrap(path)
    assert [one.why for one in home.unwrap(keep=True)] == ["the server `time` stays"]
    assert path.read_bytes() == before
    (done,) = home.wrap(path)
    assert done.prepared is not None
    assert (done.prepared.server, done.prepared.new_policy) == ("time", False)
    home.unwrap()
    with connect(home.settings) as control:
        assert [server.name for server in control.servers()] == ["time"]


def test_observing_denies_nothing_and_a_policy_that_is_there_may_judge(home: Home) -> None:
    path = home.cursor(time=time_entry())
    home.wrap(path, policy="observe")
    with connect(home.settings) as control:
        assert json.loads(control.policy("time").document)["mode"] == "shadow"
    home.unwrap()
    assert [one.why for one in home.wrap(path, policy="time")] == [""]
    with pytest.raises(Exception, match="no policy"):
        home.wrap(home.cursor(other=time_entry()), policy="none")


def test_only_what_was_wrapped_is_put_back_and_what_others_changed_stays(home: Home) -> None:
    path = home.write(
        ".cursor/mcp.json", b'{\n  // mine\n  "mcpServers": {\n    "a": {"command": "x", "env": {"K": "v"}},\n  },\n}\n'
    )
    home.wrap(path)
    path.write_bytes(path.read_bytes().replace(b"// mine", b"// ours").replace(b"\n  },", b'\n    "b": {"command": "y"},\n  },'))
    assert all(one.done for one in home.unwrap())
    assert path.read_bytes() == (
        b'{\n  // ours\n  "mcpServers": {\n    "a": {"command": "x", "env": {"K": "v"}},\n    "b": {"command": "y"},\n  },\n}\n'
    )


def test_an_entry_that_was_edited_since_is_not_replaced_unless_that_is_said(home: Home) -> None:
    path = home.cursor(a={"command": "x", "disabled": True}, b={"command": "y"})
    before = path.read_bytes()
    home.wrap(path)
    path.write_bytes(path.read_bytes().replace(b'"disabled": true', b'"disabled": false'))
    edited = path.read_bytes()
    assert {one.entry.name: one.state for one in home.wrap(path)} == {"a": State.EDITED, "b": State.WRAPPED}
    assert path.read_bytes() == edited
    done = {one.entry.record.name: one for one in home.unwrap()}
    assert (done["a"].done, done["b"].done) == (False, True)
    assert "was edited since it was wrapped; `yett unwrap --show a`" in done["a"].why
    assert str(path) in done["a"].why
    assert [one.done for one in home.unwrap(force=True)] == [True]
    assert path.read_bytes() == before


def test_a_client_that_writes_its_file_anew_changes_nothing(home: Home) -> None:
    path = home.cursor(a={"command": "x", "env": {"K": "v"}})
    home.wrap(path)
    path.write_text(json.dumps(json.loads(path.read_text())))
    assert [one.standing for one in home.looked] == [Standing.WRAPPED]
    home.unwrap()
    assert json.loads(path.read_text()) == {"mcpServers": {"a": {"command": "x", "env": {"K": "v"}}}}


def test_an_entry_or_a_file_that_is_gone_is_said_to_be_so_and_nothing_is_lost(home: Home) -> None:
    path = home.cursor(a={"command": "x"}, b={"command": "y"})
    home.wrap(path)
    value = json.loads(path.read_text())
    del value["mcpServers"]["a"]
    path.write_text(json.dumps(value))
    assert {one.record.name: one.standing for one in home.looked} == {"a": Standing.GONE, "b": Standing.WRAPPED}
    path.write_text("{")
    assert all("cannot be read" in one.why for one in home.unwrap())
    path.unlink()
    assert all(one.standing is Standing.UNREADABLE for one in home.looked)
    assert len(home.records) == 2


@pytest.mark.parametrize("content", [b'{"mcpServers": {"a": \n{"command": }}}', b"\xff", b'{"mcpServers": 1}'])
def test_a_broken_file_is_named_and_stays(home: Home, content: bytes) -> None:
    path = home.write(".cursor/mcp.json", content)
    found = planned(home.here, ConfigFile(Client.CURSOR, path))
    assert isinstance(found, Unread)
    assert path.read_bytes() == content


def test_what_cannot_be_wrapped_stays_beside_what_can(home: Home) -> None:
    path = home.cursor(
        good={"command": "x"}, asked={"command": "y", "env": {"K": "${input:k}"}}, far={"url": "http://10.0.0.1/mcp"}
    )
    done = {one.entry.name: one for one in home.wrap(path)}
    assert {name: one.state for name, one in done.items()} == {"good": State.WRAPPED, "asked": State.LEFT, "far": State.LEFT}
    assert "asks a person" in done["asked"].why
    assert "egress.allow" in done["far"].why
    value = json.loads(path.read_text())["mcpServers"]
    assert (value["far"], value["asked"]["command"]) == ({"url": "http://10.0.0.1/mcp"}, "y")
    assert [record.name for record in home.records.values()] == ["good"]


def test_what_goes_through_yett_already_is_left_alone(home: Home) -> None:
    path = home.cursor(
        a={"command": "yett", "args": ["run", "--policy", "p.json", "--", "x"]}, b={"url": "http://127.0.0.1:8700/mcp/files"}
    )
    before = path.read_bytes()
    assert [one.state for one in home.wrap(path)] == [State.THROUGH, State.THROUGH]
    assert path.read_bytes() == before


def test_another_yett_is_not_put_behind_this_one(home: Home) -> None:
    (done,) = home.wrap(home.cursor(a={"command": "/elsewhere/yett", "args": ["connect", "files"]}))
    assert (done.state, "not this one" in done.why) == (State.LEFT, True)


def test_a_program_finds_what_it_needs_wherever_the_gateway_is_started(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/opt/tools/bin:/usr/bin")
    home = Home(home.directory, {"PATH": "/opt/tools/bin:/usr/bin"})
    path = home.cursor(a={"command": "x"}, b={"command": "y", "env": {"PATH": "/own"}})
    home.wrap(path)
    commands = read_commands(home.settings.state_dir)
    assert (commands["a"].env, commands["b"].env) == ({"PATH": "/opt/tools/bin:/usr/bin"}, {"PATH": "sealed:"})
    home.unwrap(keep=True)
    monkeypatch.setenv("PATH", "/usr/bin")
    (done, _) = home.wrap(path)
    assert done.prepared is not None
    assert done.prepared.server == "a"


def test_what_is_disabled_is_not_started(home: Home) -> None:
    witness = home.directory / "started"
    code = f"open({str(witness)!r}, 'w')"
    path = home.cursor(a={"command": sys.executable, "args": ["-c", code], "disabled": True})
    assert [one.state for one in home.wrap(path, look=True)] == [State.WRAPPED]
    assert not witness.exists()


def test_files_come_back_even_where_the_store_cannot_be_opened(home: Home) -> None:
    path = home.cursor(a={"command": "x", "env": {"K": SECRET}})
    before = path.read_bytes()
    home.wrap(path)
    database = home.settings.state_dir / "control.db"
    kept = database.read_bytes()
    database.write_bytes(b"no database")
    (done,) = home.unwrap()
    assert (done.done, "run this again" in done.why) == (True, True)
    assert path.read_bytes() == before
    database.write_bytes(kept)
    assert [(one.done, one.why) for one in home.unwrap()] == [(True, "")]
    assert home.records == {}


def test_mode_and_links_of_a_file_stay(home: Home) -> None:
    real = home.write("dotfiles/cursor.json", {"mcpServers": {"a": {"command": "x"}}})
    real.chmod(0o640)
    link = home.directory / ".cursor" / "mcp.json"
    link.parent.mkdir()
    link.symlink_to(real)
    home.wrap(link)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "yett" in real.read_text()
    assert list(real.parent.iterdir()) == [real]
    assert all(one.done for one in home.unwrap())
    assert link.is_symlink()


def test_a_file_with_two_names_is_left_alone(home: Home) -> None:
    path = home.cursor(a={"command": "x"})
    (home.directory / "other.json").hardlink_to(path)
    (done,) = home.wrap(path)
    assert (done.state, "hard links" in done.why) == (State.LEFT, True)


def test_a_file_that_somebody_changes_meanwhile_stays_as_they_left_it_and_the_next_run_finishes(home: Home) -> None:
    code = "import pathlib, sys; file = pathlib.Path(sys.argv[1]); file.write_text('{\\n' + file.read_text()[1:])"
    path = home.cursor(a={"command": sys.executable, "args": ["-c", code, str(home.directory / ".cursor/mcp.json")]})
    (done,) = home.wrap(path, look=True)
    assert (done.state, "changed by somebody else" in done.why) == (State.LEFT, True)
    theirs = path.read_bytes()
    assert theirs.startswith(b"{\n\n")
    assert list(path.parent.iterdir()) == [path]
    assert [one.standing for one in home.looked] == [Standing.RESTORED]
    assert [one.state for one in home.wrap(path)] == [State.WRAPPED]
    with connect(home.settings) as control:
        assert (len(control.servers()), len(control.grants())) == (1, 1)
    home.unwrap()
    assert path.read_bytes() == theirs


def test_what_was_made_for_an_entry_that_is_as_it_was_is_taken_away(home: Home) -> None:
    path = home.cursor(a={"command": "x", "env": {"K": SECRET}})
    before = path.read_bytes()
    home.wrap(path)
    path.write_bytes(before)  # as after a crash between the file and the rest, or by hand
    assert [one.standing for one in home.looked] == [Standing.RESTORED]
    assert [one.done for one in home.unwrap()] == [True]
    assert (path.read_bytes(), home.records) == (before, {})
    with connect(home.settings) as control:
        assert control.servers() == []


def test_an_entry_that_is_another_by_now_gets_another_server(home: Home) -> None:
    path = home.cursor(a={"command": "x"})
    home.wrap(path)
    home.cursor(a={"command": "y"})
    (done,) = home.wrap(path)
    assert done.state is State.WRAPPED
    with connect(home.settings) as control:
        assert len(control.servers()) == len(control.grants()) == 1
    home.unwrap()
    assert json.loads(path.read_text())["mcpServers"]["a"] == {"command": "y"}


def test_a_way_back_that_does_not_lead_back_is_not_taken(home: Home) -> None:
    (entry,) = home.plan(home.cursor(a={"command": "x"}))
    with pytest.raises(OperatorFault, match="could not be put back"):
        wrapping.check_way_back(entry.file, b'{"mcpServers": {"a": {}, "b": {}}}', [(entry.located, "{}")])
    with pytest.raises(OperatorFault, match="could not be put back"):
        wrapping.check_way_back(entry.file, b"{", [(entry.located, "{}")])


def test_a_client_starts_the_gateway_only_where_it_would_be_the_same_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("YETT_", "XDG_"))]:
        monkeypatch.delenv(name)
    config = tmp_path / "yett.toml"
    config.write_text('[state]\ndirectory = "state"\n[data_plane]\nport = 9700\n')
    assert entry_argv(read_settings(config, {}), "a", "1")[1:] == (
        "connect", "a", "--token-file", str(tmp_path / "state/tokens/1"), "--config", str(config), "--start",
    )  # fmt: skip
    other = read_settings(config, {"YETT_DATA_PLANE_PORT": "9800"})
    assert entry_argv(other, "a", "1")[-2:] == ("--url", "http://127.0.0.1:9800")
    monkeypatch.setenv("YETT_MASTER_KEY", "1:x")
    assert not starts_gateway(read_settings(config, {}))


def test_a_project_is_the_folder_around_its_clients_own(home: Home) -> None:
    for path in (".mcp.json", ".cursor/mcp.json", ".kiro/settings/mcp.json", ".junie/mcp/mcp.json", "opencode.json"):
        assert project_of(home.here, Path("/home/me/.hidden/shop") / path) == "/home/me/.hidden/shop"
    own = home.cursor(a={})
    assert project_of(home.here, own) is None
