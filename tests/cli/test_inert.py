"""What strangers wrote does not act on the terminal, whichever command prints it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Final

import pytest

from tests.cli.ledger import many_counters, recorded
from tests.cli.terminal import Done, Terminal
from tests.cli.test_status import answering
from tests.stores.ledger_cases import allow, call, key, limit
from yett.policy.document import read_policy, read_yaml
from yett.policy.parse import parse_policy
from yett.stores.state import StateStore

MARKS: Final = "\u202e\u2066\x9b\x7f"
POLICY: Final = {
    "version": "1",
    "default": "deny",
    "description": f"é{MARKS}",
    "tools": {f"a{MARKS}*": {}, f"a{MARKS}**": {}},
}


def is_inert(text: str) -> bool:
    return not set(text) & {*MARKS, "\x1b", "\x07"}


def written(terminal: Terminal, name: str = f"p{MARKS}.json", policy: object = POLICY) -> str:
    (terminal.directory / name).write_text(json.dumps(policy, ensure_ascii=False))
    return name


@pytest.mark.parametrize(
    "words", ["check", "fmt", "fmt --check", "lint", "lint --json", "lint --format sarif", "lint --format github"]
)
def test_commands_on_policy_files(terminal: Terminal, words: str) -> None:
    done = terminal.run("policy", *words.split(), written(terminal))
    assert done.status in {0, 1}
    assert "\\x9b" in done.out or "\\u009b" in done.out
    assert is_inert(done.out + done.err)


def test_a_policy_in_canonical_form_means_the_same(terminal: Terminal) -> None:
    out = terminal.ok("policy", "fmt", written(terminal)).out
    assert "é" in out
    assert read_policy(out.encode()) == parse_policy(json.loads(json.dumps(POLICY)))


def test_a_policy_in_yaml_is_printed_with_its_marks_escaped_and_means_the_same(terminal: Terminal) -> None:
    text = 'version: "1"\ndefault: deny\ndescription: é\u202e\ntools: {\u2066a: {}}\n'
    (terminal.directory / "p.yaml").write_text(f"# by \u202eeda\n{text}")
    out = terminal.ok("policy", "fmt", "p.yaml").out
    assert out.startswith("# by \\u202eeda\n")
    assert is_inert(out)
    assert parse_policy(read_yaml(out.encode())) == parse_policy(read_yaml(text.encode()))


def test_a_policy_that_was_published(terminal: Terminal) -> None:
    terminal.ok("policy", "set", "p", written(terminal))
    shown = terminal.ok("policy", "show", "p")
    assert is_inert(shown.out)
    assert json.loads(shown.out)["description"] == POLICY["description"]


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "ready\x1b[2J", "revision": 1},
        {"status": "ready", "revision": "1\x1b[2J"},
        {"status": "ready", "revision": 1, "problems": ["\x1b[2J"]},
    ],
)
def test_whatever_answers_at_the_port(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, answer: dict[str, object]) -> None:
    with answering(200, json.dumps(answer).encode(), monkeypatch):
        done = terminal.run("status")
    assert is_inert(done.out)
    assert ("another program answers there" in done.out) is (done.status == 1)


def test_a_counter_that_is_emptied(terminal: Terminal) -> None:
    async def one(store: StateStore, now_ns: int) -> None:
        await store.admit(call(allow(limit(key(f"n{MARKS}"))), at_ns=now_ns))

    recorded(terminal, one)
    done = terminal.ok("limits", "reset", f"n{MARKS}")
    assert "is empty; it held 1" in done.err
    assert is_inert(done.err)


# --- words that are no text ---------------------------------------------------------------------------------------------------

NO_TEXT: Final = "a\udcff"
"""What Python makes of the bytes `a\\xff` on the command line."""


@pytest.mark.parametrize(
    "words",
    [
        *(["log", option, NO_TEXT] for option in ("--grant", "--server", "--tool", "--code")),
        ["limits", "show", "--counter", NO_TEXT],
        ["limits", "reset", NO_TEXT],
        ["server", "show", NO_TEXT],
        ["server", "add", "a", "--url", NO_TEXT],
        ["server", "add", "a", "--", "true", NO_TEXT],
        ["server", "add", "a", "--env", f"A={NO_TEXT}", "--", "true"],
        ["grant", "show", NO_TEXT],
        ["grant", "mint", "--server", "a", "--label", NO_TEXT],
        ["policy", "show", NO_TEXT],
        ["policy", "set", NO_TEXT, "p.json"],
        ["policy", "explain", "p.json", "--tool", NO_TEXT],
        ["connect", "a", "--token", NO_TEXT],
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_a_word_that_is_not_utf8_is_wrong_use(terminal: Terminal, words: list[str]) -> None:
    recorded(terminal, many_counters)
    done = terminal.run(*words)
    assert (done.status, done.out) == (2, "")
    assert "\\udcff` is not UTF-8" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda terminal: terminal.run("policy", "check", NO_TEXT),
        lambda terminal: terminal.run("policy", "check", NO_TEXT, "--json"),
        lambda terminal: terminal.run("--config", NO_TEXT, "server", "list"),
        lambda terminal: terminal.run(NO_TEXT),
        lambda terminal: terminal.run("log", "--decision", NO_TEXT),
        lambda terminal: terminal.run("log", "--since", NO_TEXT, "--json"),
    ],
)
def test_a_file_or_a_choice_that_is_not_utf8_is_told_in_one_line(terminal: Terminal, ask: Callable[[Terminal], Done]) -> None:
    done = ask(terminal)
    assert done.status in {2, 3}
    assert "\\udcff" in done.err
    assert done.err.count("\n") == 1


def test_a_file_may_have_any_name(terminal: Terminal) -> None:
    written(terminal, NO_TEXT)
    assert terminal.ok("policy", "check", NO_TEXT).out.startswith("a\\udcff: ok")
    assert terminal.ok("policy", "check", NO_TEXT, "--json").json["files"][0]["path"] == NO_TEXT


def test_a_program_behind_run_takes_any_bytes(terminal: Terminal) -> None:
    name = written(terminal, "p.json")
    seen = terminal.directory / "seen"
    program = f"import os, sys; open({str(seen)!r}, 'wb').write(os.fsencode(sys.argv[1]))"
    started = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}\n'
    command = [sys.executable, "-m", "yett.cli.main", "run", "--policy", name, "--", sys.executable, "-c", program, NO_TEXT]
    subprocess.run(command, input=started.encode(), capture_output=True, check=True, timeout=30)
    assert seen.read_bytes() == b"a\xff"
