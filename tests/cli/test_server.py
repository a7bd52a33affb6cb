"""`yett server`."""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing
from typing import Any

import pytest

from tests.cli.terminal import Terminal
from tests.support.sse_2024_server import serving_sse
from yett.admin.outside import Seen
from yett.stores.commands import Command, add_command, read_commands

URL = "http://127.0.0.1:9/mcp"


def test_a_server_at_a_url_is_added_shown_listed_and_removed(terminal: Terminal) -> None:
    done = terminal.ok("server", "add", "shop", "--url", URL, "--credential", "env:SHOP", "--credential-header", "x-key")
    assert done.out == "the server `shop` is added\n"
    unset, *_ = done.err.splitlines()[::-1]
    assert done.err.startswith("note: no control plane is running; the change counts as soon as the gateway runs\n")
    assert unset.startswith("note: the server did not tell its tools: the credential `env:SHOP` is not set")
    assert "shop  http://127.0.0.1:9/mcp  0" in terminal.ok("server", "list").out
    shown = terminal.ok("server", "show", "shop")
    assert "env:SHOP as `x-key` Bearer" in shown.out
    assert shown.out == "\n".join(line.rstrip() for line in shown.out.splitlines()) + "\n"
    assert terminal.ok("server", "show", "shop", "--json").json["credential"] == "env:SHOP"
    assert terminal.ok("server", "remove", "shop").out == "the server `shop` is removed\n"
    assert terminal.ok("server", "list").err == "no servers yet; add one with `yett server add`\n"


def test_a_program_goes_on_the_hosts_list_and_its_name_into_the_store(terminal: Terminal) -> None:
    terminal.ok(
        "server", "add", "clock", "--env", "TZ=UTC", "--env", "EMPTY=", "--cwd", "/", "--", sys.executable, "-m", "clock", "--x"
    )
    command = read_commands(terminal.directory / "state")["clock"]
    assert command.argv == (sys.executable, "-m", "clock", "--x")
    assert (command.env, command.cwd) == ({"TZ": "UTC", "EMPTY": ""}, "/")
    shown = terminal.ok("server", "show", "clock", "--json").json
    assert (shown["command"], shown["url"]) == ("clock", None)
    terminal.ok("server", "remove", "clock")
    assert read_commands(terminal.directory / "state") == {}


def test_a_program_with_a_path_is_kept_with_its_whole_path(terminal: Terminal) -> None:
    done = terminal.ok("server", "add", "own", "--", "./serve.sh")
    assert read_commands(terminal.directory / "state")["own"].argv == (str(terminal.directory / "serve.sh"),)
    assert f"note: there is no `{terminal.directory}/serve.sh` yet" in done.err


def test_a_program_that_is_not_on_the_path_is_remarked(terminal: Terminal) -> None:
    assert "note: `no-such-program` is not on the PATH here" in terminal.ok("server", "add", "x", "--", "no-such-program").err


def test_a_refused_server_leaves_the_hosts_list_as_it_was(terminal: Terminal) -> None:
    terminal.ok("server", "add", "clock", "--", "/bin/true")
    assert terminal.run("server", "add", "clock", "--", "/bin/false").status == 3
    assert read_commands(terminal.directory / "state")["clock"].argv == ("/bin/true",)
    assert terminal.run("server", "add", "Bad Name", "--", "/bin/true").status == 2
    assert list(read_commands(terminal.directory / "state")) == ["clock"]


def test_a_store_that_fails_leaves_the_program_that_was_on_the_hosts_list(terminal: Terminal) -> None:
    terminal.ok("server", "list")
    state = terminal.directory / "state"
    add_command(state, "clock", Command(argv=("/bin/true",)))
    full = "CREATE TRIGGER full BEFORE INSERT ON servers BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"
    with closing(sqlite3.connect(state / "control.db")) as store:
        store.execute(full)
        done = terminal.run("server", "add", "clock", "--", "/bin/false")
        assert (done.status, "the disk is full; make room" in done.err) == (3, True)
        assert read_commands(state)["clock"].argv == ("/bin/true",)
        store.execute("DROP TRIGGER full")
    terminal.ok("server", "add", "clock", "--", "/bin/false")
    assert read_commands(state)["clock"].argv == ("/bin/false",)


def test_a_credential_for_a_program_is_refused_and_the_hosts_list_stays_as_it_was(terminal: Terminal) -> None:
    done = terminal.run("server", "add", "clock", "--credential", "env:KEY", "--", "/bin/true")
    assert (done.status, "a command gets its secrets from its environment" in done.err) == (2, True)
    assert read_commands(terminal.directory / "state") == {}


def test_a_program_of_the_configuration_file_is_taken_by_its_name(terminal: Terminal) -> None:
    (terminal.directory / "yett.toml").write_text('[servers.commands.notes]\nargv = ["notes-server"]\n')
    terminal.ok("server", "add", "files", "--command", "notes")
    assert terminal.ok("server", "show", "files", "--json").json["command"] == "notes"
    done = terminal.run("server", "add", "notes", "--", "/bin/true")
    assert done.status == 3
    assert "the configuration file lists a command `notes` already; use `--command notes`" in done.err


def test_a_program_that_two_servers_use_stays_until_the_last_one_goes(terminal: Terminal) -> None:
    terminal.ok("server", "add", "one", "--", "/bin/true")
    terminal.ok("server", "add", "two", "--command", "one")
    terminal.ok("server", "remove", "one")
    assert list(read_commands(terminal.directory / "state")) == ["one"]
    terminal.ok("server", "remove", "two")
    assert read_commands(terminal.directory / "state") == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x"], "say where the server is"),
        (["x", "--url", URL, "--command", "y"], "say where the server is"),
        (["x", "--url", URL, "--", "y"], "say where the server is"),
        (["x", "--"], "say where the server is"),
        (["x", "--transport", "sse", "--", "y"], "--transport goes with --url"),
        (["x", "--url", URL, "--transport", "pipe"], "'pipe' is not one of 'http', 'sse'"),
        (["x", "--url", URL, "--env", "A=b"], "--env and --cwd go with a program"),
        (["x", "--env", "novalue", "--", "y"], "`novalue` is no variable: write NAME=VALUE"),
        (["x", "--command", "unlisted"], "the host lists no command `unlisted`"),
        (["x", "--url", "ftp://x"], "is no address of a server"),
        (["x", "--url", URL, "--credential", "hunter2"], "the credential is no reference"),
        (["x", "y"], "unexpected extra argument"),
    ],
)
def test_what_cannot_be_added_is_told_with_status_2(terminal: Terminal, words: list[str], message: str) -> None:
    done = terminal.run("server", "add", *words)
    assert done.status == 2
    assert message in done.err
    assert terminal.ok("server", "list", "--json").json == []


def test_a_server_with_live_grants_stays_unless_they_go_too(terminal: Terminal) -> None:
    terminal.ok("server", "add", "shop", "--url", URL)
    terminal.ok("grant", "mint", "--server", "shop")
    assert terminal.run("server", "remove", "shop").status == 3
    terminal.ok("server", "remove", "shop", "--with-grants")


TOOLS: list[dict[str, Any]] = [
    {
        "name": "now",
        "description": "What time it is.\nMore.",
        "inputSchema": {"properties": {"tz": {}, "f": {}}, "required": ["tz"]},
    },
    {"name": "evil\x1b[2J\u202e", "description": "x" * 100, "inputSchema": []},
    {"name": None, "inputSchema": {"properties": [], "required": {}}},
]


def test_tools_are_listed_without_what_a_terminal_would_act_upon(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal.ok("server", "add", "clock", "--url", URL)
    monkeypatch.setattr("yett.app.lookout.ServerLookout.look", lambda *_, **__: Seen({"tools": TOOLS}, None))
    out = terminal.ok("server", "tools", "clock").out
    assert re.search(r"^now +tz, f\? +What time it is\.$", out, re.MULTILINE)
    assert "evil\\x1b[2J\\u202e" in out
    assert "\x1b" not in out
    assert "x" * 79 + "…" in out
    as_json = terminal.ok("server", "tools", "clock", "--json")
    assert as_json.json == TOOLS
    assert "\u202e" not in as_json.out


def test_tools_of_a_server_that_is_not_there_are_an_error(terminal: Terminal) -> None:
    terminal.ok("server", "add", "gone", "--url", URL)
    done = terminal.run("server", "tools", "gone")
    assert done.status == 3
    assert done.err.startswith("error: server `gone` did not tell its tools: ")
    assert done.err.count("\n") == 1


def test_adding_a_url_of_the_old_transport_without_saying_so_is_remarked(terminal: Terminal) -> None:
    with serving_sse() as server:
        done = terminal.ok("server", "add", "old", "--url", server.url)
        assert "note: the server did not tell its tools: it speaks the event stream of 2024-11-05" in done.err
        assert "it speaks the event stream" in terminal.ok("server", "show", "old").out
        assert "speaks" not in terminal.ok("server", "edit", "old", "--transport", "sse").err
        assert [tool["name"] for tool in terminal.ok("server", "tools", "old", "--kept", "--json").json] == ["echo"]
        assert "speaks" not in terminal.ok("server", "add", "old2", "--url", server.url, "--transport", "sse").err
        assert f"old2  {server.url} (sse)" in terminal.ok("server", "list").out
    assert terminal.ok("server", "show", "old2", "--json").json["transport"] == "sse"
