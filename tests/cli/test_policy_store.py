"""`yett policy set|list|show`."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest

from tests.cli.terminal import Terminal

DENY = {"version": "1", "default": "deny"}


def write(terminal: Terminal, name: str, text: str) -> None:
    (terminal.directory / name).write_text(text)


def test_a_policy_is_published_listed_and_shown(terminal: Terminal) -> None:
    write(terminal, "p.json", json.dumps(DENY))
    done = terminal.ok("policy", "set", "strict", "p.json", "-m", "to begin with")
    assert done.out.startswith("the policy `strict` is published, revision 1-")
    assert "note: no grant has it yet" in done.err
    assert "says the same already, revision 1-" in terminal.ok("policy", "set", "strict", "p.json").out
    assert "to begin with" in terminal.ok("policy", "list").out
    assert json.loads(terminal.ok("policy", "show", "strict").out) == DENY
    assert terminal.ok("policy", "list", "--json").json[0]["message"] == "to begin with"


def test_revisions_are_kept_and_shown(terminal: Terminal) -> None:
    for default in ("deny", "allow"):
        write(terminal, "p.json", json.dumps({**DENY, "default": default}))
        terminal.ok("policy", "set", "strict", "p.json", "-m", default)
    assert json.loads(terminal.ok("policy", "show", "strict", "--revision", "1").out)["default"] == "deny"
    history = terminal.ok("policy", "show", "strict", "--history").out
    assert history.index("allow") < history.index("deny")
    shown = terminal.ok("policy", "show", "strict", "--json").json
    assert (shown["document"]["default"], len(shown["revisions"])) == ("allow", 2)
    assert terminal.run("policy", "show", "strict", "--revision", "3").status == 3
    assert terminal.run("policy", "show", "strict", "--revision", "0").status == 2


def test_a_policy_is_attached_while_it_is_published(terminal: Terminal) -> None:
    write(terminal, "p.json", json.dumps(DENY))
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    terminal.ok("grant", "mint", "--server", "shop", "--label", "ci")
    assert "it judges the calls of g-" in terminal.ok("policy", "set", "strict", "p.json", "--grant", "ci").out
    assert terminal.ok("grant", "show", "ci", "--json").json["policy"] == "strict"


def test_yaml_is_told_by_the_name_or_by_the_option(terminal: Terminal) -> None:
    for name, words in (("p.yaml", []), ("p.txt", ["--yaml"])):
        write(terminal, name, "version: '1'\ndefault: deny\n")
        terminal.ok("policy", "set", "strict", name, *words)
    write(terminal, "p.txt", "version: '1'\ndefault: deny\n")
    assert terminal.run("policy", "set", "strict", "p.txt").status == 1


def test_standard_input_is_a_file_too(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(json.dumps(DENY).encode())))
    terminal.ok("policy", "set", "strict", "-")
    assert json.loads(terminal.ok("policy", "show", "strict").out) == DENY


def test_every_error_of_a_bad_policy_is_a_line_with_its_place(terminal: Terminal) -> None:
    write(terminal, "p.json", '{"version":"1","defualt":"deny"}')
    done = terminal.run("policy", "set", "strict", "p.json")
    assert done.status == 1
    first, *lines = done.err.splitlines()
    assert first == "error: the policy `strict` has 2 errors"
    assert "  /defualt: unknown key `defualt` (did you mean `default`?)" in lines
    assert len(lines) == 2
    as_json = terminal.run("policy", "set", "strict", "p.json", "--json")
    assert {detail["pointer"] for detail in as_json.error["details"]} == {"/default", "/defualt"}
    assert terminal.ok("policy", "list", "--json").json == []


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [(None, 3, "cannot read `p.json`: No such file"), (b"\xff", 1, "is not UTF-8 text"), (b"", 1, "has 1 error")],
)
def test_a_file_that_is_no_policy_is_told(terminal: Terminal, content: bytes | None, status: int, message: str) -> None:
    if content is not None:
        (terminal.directory / "p.json").write_bytes(content)
    done = terminal.run("policy", "set", "strict", "p.json")
    assert done.status == status
    assert message in done.err


def test_a_file_one_byte_too_long_is_refused(terminal: Terminal) -> None:
    text = json.dumps(DENY)
    write(terminal, "p.json", text + " " * (256 * 1024 - len(text)))
    terminal.ok("policy", "set", "strict", "p.json")
    write(terminal, "p.json", text + " " * (256 * 1024 - len(text) + 1))
    assert "larger than 262144 bytes" in terminal.run("policy", "set", "strict", "p.json").err
