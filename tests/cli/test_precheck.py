"""`yett precheck`: by name, package and address; with rules, a memory, and an exit status for scripts."""

from __future__ import annotations

import json
import socket
import sys

import pytest

from tests.cli.terminal import Terminal

TOOLS = '{"name": "get_order", "description": "Look at an order."}\n'
DELETE = '{"name": "delete_order", "description": "Delete an order."}\n'


@pytest.mark.parametrize(
    ("server", "verdict", "status", "verification"),
    [
        ("redbook", "connect-with-rule", 1, "well-known"),
        ("https://mcp.stripe.com", "connect-with-rule", 1, "official"),
        ("npm:mcp-server-time", "ask-first", 4, "impostor"),
        ("https://mcp.stirpe.com/", "ask-first", 4, "impostor"),
        ("npm:nobody-knows-this-one", "ask-first", 4, "unknown"),
    ],
)
def test_each_server_gets_a_verdict(terminal: Terminal, server: str, verdict: str, status: int, verification: str) -> None:
    done = terminal.run("precheck", server, "--json")
    assert (done.status, done.json["verdict"]) == (status, verdict), done.err
    assert done.json["facts"]["identity"]["verification"] == verification
    assert done.json["reasons"]
    plain = terminal.run("precheck", server)
    assert plain.status == status
    assert verdict in plain.out


@pytest.mark.parametrize("server", ["time", "mcp-server-time", "pypi:mcp-server-time"])
def test_a_package_of_the_catalogue_is_known_by_its_tools(terminal: Terminal, server: str) -> None:
    facts = terminal.run("precheck", server, "--json").json["facts"]
    assert (facts["identity"]["verification"], facts["grade"]["letter"]) == ("official", "A")
    assert facts["freshness"]["source"].startswith("the catalogue that comes with Yett")
    assert facts["freshness"]["seen_on"]


def test_asking_makes_no_installation_and_asks_nobody(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("subprocess.Popen", refuse)
    terminal.run("precheck", "https://mcp.stripe.com")
    terminal.run("precheck", "npm:a-server")
    assert {path.name for path in (terminal.directory / "state").iterdir()} == {"precheck.json"}


def test_tools_of_a_file_are_judged_and_compared_with_last_time(terminal: Terminal) -> None:
    file = terminal.directory / "tools.jsonl"
    file.write_text(TOOLS)
    first = terminal.run("precheck", "time", "--tools", file, "--json")
    assert (first.status, first.json["facts"]["changes"]["last_seen"]) == (0, None)
    file.write_text(TOOLS + DELETE)
    then = terminal.run("precheck", "time", "--tools", file, "--json")
    changes = then.json["facts"]["changes"]
    assert (then.status, then.json["verdict"]) == (4, "ask-first"), "a dangerous tool is new"
    assert (changes["added"], changes["grade"]) == (["delete_order"], ["A", "D"])
    assert changes["last_seen"] is not None
    again = terminal.run("precheck", "time", "--tools", file, "--json")
    assert (again.status, again.json["facts"]["changes"]["added"]) == (1, [])


def test_rules_are_printed_for_each_client_under_the_name_it_has_there(terminal: Terminal) -> None:
    file = terminal.directory / "tools.jsonl"
    file.write_text(TOOLS + DELETE)
    claude = terminal.run("precheck", "time", "--tools", file, "--rules", "claude-code", "--as", "clock")
    assert json.loads(claude.out) == {"permissions": {"deny": ["mcp__clock__delete_order"]}}
    codex = terminal.run("precheck", "time", "--tools", file, "--rules", "codex")
    assert codex.out == '[mcp_servers.mcp-server-time]\ndisabled_tools = ["delete_order"]\n'.replace("mcp-server-time", "time")


def test_a_server_of_this_installation_is_known_by_its_record(terminal: Terminal) -> None:
    terminal.ok("server", "add", "clock", "--", sys.executable, "-m", "mcp_server_time")
    terminal.ok("catalog", "set-class", "clock", "get_current_time", "Destructive")
    found = terminal.run("precheck", "clock", "--json").json
    assert found["slug"] == "clock"
    assert found["facts"]["freshness"]["source"] == "the server `clock` of this installation"
    assert found["facts"]["capabilities"]["dangerous"] == ["get_current_time"], "an admin's word counts"
    assert found["facts"]["changes"]["lately"]


def test_a_package_is_started_only_with_consent(terminal: Terminal) -> None:
    assert (
        terminal.run("precheck", "https://127.0.0.1:9/mcp", "--contact", "--json").json["facts"]["capabilities"]["tools"] is None
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("a b",), "holds a blank"),
        (("ftp://host/",), "no scheme of a server"),
        (("npm:../x",), "no name of a package"),
        (("",), "1 to 2,000 characters"),
    ],
)
def test_what_names_no_server_is_told(terminal: Terminal, words: tuple[str, ...], message: str) -> None:
    done = terminal.run("precheck", *words, "--json")
    assert (done.status, done.error["code"]) == (2, "not_named")
    assert message in done.error["message"]


def test_a_memory_that_cannot_be_read_is_named(terminal: Terminal) -> None:
    terminal.run("precheck", "time")
    (terminal.directory / "state" / "precheck.json").write_text("{")
    done = terminal.run("precheck", "time")
    assert (done.status, "remove it to begin anew" in done.err) == (3, True)


def test_tools_of_several_servers_are_refused(terminal: Terminal) -> None:
    file = terminal.directory / "tools.jsonl"
    file.write_text('{"name": "a", "server": "x"}\n{"name": "b", "server": "y"}\n')
    done = terminal.run("precheck", "time", "--tools", file)
    assert (done.status, "tools of 2 servers" in done.err) == (3, True)
