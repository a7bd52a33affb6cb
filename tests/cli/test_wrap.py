"""`yett wrap` as a person or a script meets it, where no control plane runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.clients import SECRET, put, wrap
from tests.cli.terminal import Terminal
from yett.cli.wrap_files import records_for


def test_a_dry_run_shows_what_would_change_without_secrets_and_changes_nothing(terminal: Terminal, cursor: Path) -> None:
    before = cursor.read_bytes()
    done = terminal.ok("wrap", "cursor", "--dry-run")
    assert '- "args": ["-y", "files-mcp@1.0.0", "/srv"]' in done.out
    assert '- "env": {"API_KEY": "…"}' in done.out
    assert "asked: left as it is: its client asks a person" in done.out
    assert SECRET not in done.out
    first, second = terminal.ok("wrap", "--all", "--dry-run", "--json").json["entries"]
    assert (first["state"], second["state"], second["difference"]) == ("ready", "left as it is", [])
    assert cursor.read_bytes() == before
    assert not (terminal.directory / "state" / "wrapped.json").exists()


def test_wrapping_says_what_became_of_each_entry_and_what_to_do_next(terminal: Terminal, cursor: Path) -> None:
    done = wrap(terminal, "--all")
    assert done.status == 1  # one stays
    assert "wrapped" in done.out
    assert "files: its tools are not known yet: `yett server look files` asks it" in done.out
    assert "asked: its client asks a person" in done.out
    assert "no gateway is running: start it with `yett up`" in done.err
    assert SECRET not in done.out + done.err + cursor.read_text()
    assert wrap(terminal, "cursor", "--only", "files").status == 0


def test_wrapping_as_json(terminal: Terminal, cursor: Path) -> None:
    done = wrap(terminal, "cursor", "--only", "files", "--json")
    (entry,) = done.json["entries"]
    assert (entry["state"], entry["server"], entry["policy"], entry["tools"]) == ("wrapped", "files", "files", None)
    policy = terminal.ok("policy", "show", "files", "--json").json
    assert policy["document"]["hide"] == [{"risk": "Destructive"}]


def test_the_status_says_how_each_entry_stands(terminal: Terminal, cursor: Path) -> None:
    assert "yett wrap --all" in terminal.ok("wrap", "--status").err
    wrap(terminal, cursor)
    assert terminal.ok("wrap", "--status", "--json").json[0]["state"] == "wrapped"
    cursor.write_text(cursor.read_text().replace('"connect"', '"connect", "--url", "x"'))
    done = terminal.run("wrap", "--status")
    assert (done.status, "edited since it was wrapped" in done.out) == (1, True)
    assert "edited since it was wrapped" in wrap(terminal, "--all").out


def test_nothing_is_done_unasked(terminal: Terminal, cursor: Path) -> None:
    before = cursor.read_bytes()
    for words in (("wrap", "--all"), ("wrap", "cursor", "--json")):
        done = terminal.run(*words)
        assert (done.status, "--yes" in done.err) == (2, True)
    assert cursor.read_bytes() == before
    wrap(terminal, "--all")
    assert "--yes" in terminal.run("unwrap", "--all").err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("wrap",), "a client, a file, or `--all`"),
        (("unwrap",), "a client, a file, `--only NAME`, or `--all`"),
        (("wrap", "emacs"), "neither a file nor a client; clients are amazon-q, claude-code"),
        (("wrap", "windsurf"), "indsurf has no configuration here"),
        (("wrap", "cursor", "--only", "none", "--yes"), "no entry `none`"),
        (("wrap", "cursor", "--policy", "none", "--yes", "--no-look"), "no policy"),
        (("unwrap", "/none", "--yes"), "nothing of `/none` goes through Yett"),
        (("unwrap", "--show", "none"), "no entry `none` goes through Yett"),
    ],
)
def test_what_is_not_there_is_said(terminal: Terminal, cursor: Path, words: tuple[str, ...], message: str) -> None:
    before = cursor.read_bytes()
    done = terminal.run(*words)
    assert (done.status != 0, message in done.err) == (True, True), done.err
    assert cursor.read_bytes() == before


def test_no_word_of_the_folder_where_it_runs_is_taken(terminal: Terminal, cursor: Path) -> None:
    (terminal.directory / "yett.toml").write_text('[data_plane]\nhost = "evil.example"\nnonsense = true\n')
    assert wrap(terminal, "--all", "--only", "files").status == 0
    assert "evil" not in cursor.read_text()
    assert terminal.ok("unwrap", "--all", "--yes").err == "restart the clients\n"


def test_a_file_that_is_broken_is_named_with_its_line_and_the_others_go_on(terminal: Terminal, home: Path, cursor: Path) -> None:
    broken = home / ".codex" / "config.toml"
    broken.parent.mkdir()
    broken.write_text("model = 1\n[mcp_servers.a\n")
    done = wrap(terminal, "--all")
    assert (done.status, "config.toml: it is no TOML (line 2)" in done.err) == (3, True)
    assert "nothing in it was changed" in done.err
    assert "yett" in cursor.read_text()
    assert broken.read_text() == "model = 1\n[mcp_servers.a\n"


def test_records_are_chosen_by_client_file_and_name() -> None:
    assert records_for({}, (), ()) == {}


def test_a_file_of_a_project_is_wrapped_by_its_path(terminal: Terminal, home: Path) -> None:
    path = put(home / "shop" / ".mcp.json", local={"command": "./server", "args": ["${VAR:-x}"]})
    assert wrap(terminal, "shop/.mcp.json").status == 0
    command = json.loads((home / "state" / "commands.json").read_text())["local"]
    assert (command["argv"], command["cwd"]) == ([str(home / "shop" / "server"), "sealed:"], str(home / "shop"))
    assert terminal.ok("unwrap", path, "--yes").out.startswith("local (Claude Code)")
