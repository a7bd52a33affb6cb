"""`yett scan`, in a repository and for a user with every client."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Terminal
from tests.scan.files import IN_HOME, IN_REPOSITORY, SECRETS, write
from tests.support.real_server import running_everything
from yett.catalog.model import Severity
from yett.cli.scan_report import STYLES
from yett.scan.model import Advice

PROGRAM = Path(__file__).parents[1] / "support" / "mcp_program.py"
NAMES = ["github", "files", "wrapped", "playwright", "slack", "filesystem", "database", "bridged", "stripe", "local-time", "hook"]


@pytest.fixture
def user(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Someone who has every client, in a repository with servers."""
    home = terminal.directory / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("CODEX_HOME", raising=False)
    write(home, IN_HOME)
    write(terminal.directory / "repository", IN_REPOSITORY)
    return terminal


def configure(terminal: Terminal, **servers: Any) -> Path:
    path = terminal.directory / "repository" / ".mcp.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"mcpServers": servers}))
    return path


def scan(terminal: Terminal, *words: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = terminal.ok("scan", "repository", "--repository-only", "--json", *words).json["servers"]
    return found


def definitions(terminal: Terminal, *tools: tuple[str, str]) -> Path:
    path = terminal.directory / "tools.jsonl"
    path.write_text("".join(json.dumps({"server": server, "name": name}) + "\n" for server, name in tools))
    return path


def test_every_server_of_repository_and_clients_is_found(user: Terminal) -> None:
    found = {one["name"]: one for one in user.ok("scan", "repository", "--json").json["servers"]}
    assert set(found) == {*NAMES, "typo", "sentry", "fetch", "internal tools"}
    assert {one["client"] for one in found.values()} == {
        "Claude Desktop", "Claude Code", "Cursor", "VS Code", "Windsurf", "Codex",
    }  # fmt: skip
    assert [name for name, one in found.items() if one["through_yett"]] == ["files", "wrapped"]
    assert [name for name, one in found.items() if one["identity"]["standing"] == "possible impostor"] == ["typo", "sentry"]
    assert (found["bridged"]["identity"]["name"], found["bridged"]["host"]) == ("linear", "mcp.linear.app")
    assert found["local-time"]["project"] == "/home/me/shop"
    assert found["sentry"]["disabled"]


def test_no_secret_is_shown_or_kept(user: Terminal) -> None:
    tools = definitions(user, ("github", "delete_repository"), ("database", "query"))
    for words in ([], ["--json"], ["--rules", "codex"], ["--rules", "claude-code"], ["--policies", "policies"]):
        done = user.ok("scan", "repository", "--tools", tools, *words)
        assert not [secret for secret in SECRETS if secret in done.out + done.err]
    written = [path for folder in ("state", "policies") for path in (user.directory / folder).rglob("*") if path.is_file()]
    assert user.directory / "state" / "scan.json" in written
    assert not [secret for secret in SECRETS for path in written if secret.encode() in path.read_bytes()]
    assert (user.directory / "state" / "scan.json").stat().st_mode & 0o777 == 0o600


def test_configuration_files_stay_as_they_are(user: Terminal) -> None:
    user.ok("scan", "repository")
    assert all((user.directory / "home" / name).read_text() == text for name, text in IN_HOME.items())
    assert all((user.directory / "repository" / name).read_text() == text for name, text in IN_REPOSITORY.items())


def test_the_table_names_advice_and_reasons(user: Terminal) -> None:
    out = user.ok("scan", "repository").out
    assert "ADVICE" in out
    assert "possible impostor: its host resembles `mcp.sentry.dev` of Sentry" in out
    assert "its calls go through Yett, whose policy judges them" in out


def test_colours_come_where_they_are_asked_for(user: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in user.ok("scan", "repository").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31mask-first" in user.ok("scan", "repository").out


def test_each_advice_and_severity_has_a_colour() -> None:
    assert {advice.value for advice in Advice} | {severity.value for severity in Severity} == set(STYLES)


def test_without_servers_that_is_said(terminal: Terminal) -> None:
    (terminal.directory / "repository").mkdir()
    done = terminal.ok("scan", "repository", "--repository-only")
    assert (done.out, done.err) == ("", "no MCP server is configured here\n")


@pytest.mark.parametrize(
    ("threshold", "status"), [("low", 1), ("MEDIUM", 1), ("High", 1), ("critical", 0), ("severe", 2), ("", 2)]
)  # fmt: skip
def test_the_exit_status_says_whether_the_threshold_was_reached(terminal: Terminal, threshold: str, status: int) -> None:
    configure(terminal, odd={"command": "odd-program"})
    assert terminal.run("scan", "repository", "--repository-only", "--fail-on", threshold).status == status


def test_bad_files_are_named_and_the_others_scanned(user: Terminal) -> None:
    (user.directory / "home" / ".cursor" / "mcp.json").write_text('{"mcpServers": {"a": s3cret')
    (user.directory / "home" / ".codex" / "config.toml").unlink()
    os.mkfifo(user.directory / "home" / ".codex" / "config.toml")
    (user.directory / "repository" / "mcp.json").symlink_to("gone")
    done = user.run("scan", "repository", "--json")
    assert done.status == 3
    assert len(done.json["servers"]) == 12
    assert [Path(one["file"]).name for one in done.json["not_read"]] == ["mcp.json", "mcp.json", "config.toml"]
    assert "it is no JSON (line 1)" in done.err
    assert "it is no plain file" in done.err
    assert "s3cret" not in done.out + done.err
    assert user.run("scan", "repository", "--fail-on", "critical").status == 1
    assert user.run("scan", "nowhere").status == 2


def test_nothing_is_started_or_contacted_without_consent(terminal: Terminal) -> None:
    notes = terminal.directory / "started"
    configure(terminal, small={"command": "touch", "args": [str(notes)]}, remote={"url": "http://127.0.0.1:9/mcp"})
    assert [one["tools"] for one in scan(terminal)] == [None, None]
    assert [one["tools"] for one in scan(terminal, "--contact")] == [None, None]
    assert not notes.exists()
    scan(terminal, "--start")
    assert notes.exists()


def test_a_person_at_a_terminal_is_asked(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(
        terminal, small={"command": sys.executable, "args": [str(PROGRAM), "notes"]}, remote={"url": "http://127.0.0.1:9/mcp"}
    )
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return "start" in text

    monkeypatch.setattr("click.confirm", confirm)
    out = terminal.ok("scan", "repository", "--repository-only").out
    assert len(asked) == 2
    assert "1 Destructive: `drop`" in out
    assert "not asked: --contact asks it" in out


def test_with_consent_a_program_tells_its_tools_and_what_it_says_holds_no_secret(terminal: Terminal) -> None:
    configure(
        terminal,
        small={"command": sys.executable, "args": [str(PROGRAM), "notes"], "env": {"A": "b"}},
        broken={"command": sys.executable, "args": ["-c", "import sys; sys.exit('bad key ' + sys.argv[1])", SECRETS[1]]},
        reference={"command": sys.executable, "env": {"A": "file:/etc/passwd"}},
        variable={"command": sys.executable, "args": ["${INPUT}"]},
    )
    small, broken, reference, variable = scan(terminal, "--start")
    assert [tool["name"] for tool in small["tools"]] == ["echo", "drop", "pid"]
    assert "bad key …" in broken["tools_from"]
    assert SECRETS[1] not in json.dumps(broken)
    assert "reference" in reference["tools_from"]
    assert "variable" in variable["tools_from"]


def test_what_cannot_be_started_or_reached_is_told_without_its_secrets(terminal: Terminal) -> None:
    configure(
        terminal,
        program={"command": f"/opt/{SECRETS[0]}"},
        other={"command": "x", "cwd": "gone"},
        remote={"url": "http://127.0.0.1:9/hook/abcd"},
    )
    done = terminal.ok("scan", "repository", "--repository-only", "--start", "--contact")
    assert "cannot connect" in done.out
    assert not [secret for secret in (SECRETS[0], "abcd") if secret in done.out + done.err]


def test_with_consent_an_address_tells_its_tools_and_gets_no_secret(terminal: Terminal) -> None:
    with running_everything() as url:
        configure(terminal, remote={"url": url}, keyed={"url": f"{url}?key={SECRETS[2]}"})
        remote, keyed = scan(terminal, "--contact")
    assert (remote["tools_from"], bool(remote["tools"]), remote["grade"]) == ("asked it", True, remote["grade"])
    assert keyed["tools"] is None
    assert "what is not sent" in keyed["tools_from"]


def test_changes_since_last_seen_are_told(terminal: Terminal) -> None:
    configure(terminal, notes={"command": "notes-mcp"})
    first = scan(terminal, "--tools", definitions(terminal, ("notes", "get_note"), ("notes", "list_notes")))
    assert first[0]["changes"]["first_seen"]
    assert scan(terminal)[0]["changes"] == {
        "first_seen": False, "added": [], "removed": [], "changed": [], "moved_from": None, "turned": [],
    }  # fmt: skip
    (later,) = scan(terminal, "--tools", definitions(terminal, ("notes", "get_note"), ("notes", "delete_note")))
    assert (later["changes"]["added"], later["changes"]["removed"]) == (["delete_note"], ["list_notes"])
    assert later["advice"] == "ask-first"
    configure(terminal, notes={"command": "other-mcp"})
    assert scan(terminal)[0]["changes"]["moved_from"] == "notes-mcp"


def test_rules_and_policies_are_written_and_never_over_others(terminal: Terminal) -> None:
    configure(terminal, notes={"command": "notes-mcp"})
    tools = definitions(terminal, ("notes", "get_note"), ("notes", "delete_note"))
    words = ("scan", "repository", "--repository-only", "--tools", tools)
    assert terminal.ok(*words, "--rules", "claude-code").json == {"permissions": {"deny": ["mcp__notes__delete_note"]}}
    assert terminal.ok(*words, "--policies", "policies").err == "written: policies/notes.json\n"
    terminal.ok("policy", "check", "policies/notes.json")
    (terminal.directory / "policies" / "notes.json").write_text("mine")
    assert terminal.ok(*words, "--policies", "policies").err == "kept as it is: policies/notes.json\n"
    assert (terminal.directory / "policies" / "notes.json").read_text() == "mine"


def test_tools_of_nobody_are_an_error_where_several_servers_are(terminal: Terminal) -> None:
    configure(terminal, one={"command": "a"}, two={"command": "b"})
    (terminal.directory / "tools.jsonl").write_text('{"name": "x"}\n')
    done = terminal.run("scan", "repository", "--repository-only", "--tools", "tools.jsonl")
    assert (done.status, "names no server" in done.err) == (3, True)


def test_hostile_names_do_nothing_to_the_terminal(terminal: Terminal) -> None:
    configure(terminal, **{"a\x1b[2J\u202e\ud800": {"command": "x\x1b]0;y\x07", "args": ["\x1b[31m"]}})
    done = terminal.ok("scan", "repository", "--repository-only")
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "a\\x1b[2J\\u202e\\udcff" not in done.err
    assert "\x1b" not in terminal.ok("scan", "repository", "--repository-only", "--json").out
