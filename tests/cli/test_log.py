"""`yett log`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.cli.ledger import recorded, usual
from tests.cli.terminal import Terminal
from tests.stores.ledger_cases import DENIED, call
from yett.stores.state import StateStore


def lines(out: str) -> list[Any]:
    return [json.loads(line) for line in out.splitlines()]


def ids(terminal: Terminal, *words: str) -> list[str]:
    return [line["request_id"] for line in lines(terminal.ok("log", "--json", *words).out)]


def test_the_log_is_a_table_with_the_newest_entry_last(terminal: Terminal) -> None:
    recorded(terminal, usual)
    heading, *rows = terminal.ok("log").out.splitlines()
    assert heading.split() == ["TIME", "DECISION", "GRANT", "CALL", "OUTCOME", "WHY"]
    assert [re.sub(r"  +", " | ", row)[17:] for row in rows] == [
        "allow | billing agent | payments: pay | ok 1.2 ms",
        "deny | other | payments: drop | not_listed (default deny)",
        "allow | billing agent | mail: pay | not_sent 0.0 ms",
        "refused | - | payments | token_refused: no such token",
    ]


def test_json_is_one_line_an_entry_with_everything_that_was_recorded(terminal: Terminal) -> None:
    recorded(terminal, usual)
    first, denied, _, refused = lines(terminal.ok("log", "--json").out)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first["time"])
    assert {name: first[name] for name in ("seq", "stream", "grant_id", "session", "server", "method", "target", "policy")} == {
        **{"seq": 1, "stream": "calls", "grant_id": "g1", "session": "s1"},
        **{"server": "payments", "method": "tools/call", "target": "pay", "policy": "payments"},
    }
    assert first["argument_keys"] == ["amount", "currency"]
    assert first["reservations"][0]["counter"] == "n"
    assert (first["outcome"]["result"], first["outcome"]["http_status"], first["outcome"]["latency_us"]) == ("ok", 200, 1_200)
    assert (denied["code"], denied["rule"], denied["outcome"]) == ("not_listed", "(default deny)", None)
    assert (refused["stream"], refused["decision"], refused["code"]) == ("security", "refused", "token_refused")
    assert "rule" not in refused


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--grant", "other"), ["r2"]),
        (("--grant", "g2"), ["r2"]),
        (("--server", "mail"), ["r3"]),
        (("--tool", "drop"), ["r2"]),
        (("--decision", "DENY"), ["r2"]),
        (("--decision", "refused"), ["r4"]),
        (("--code", "not_listed"), ["r2"]),
        (("--stream", "security"), ["r4"]),
        (("--since", "25s"), ["r3", "r4"]),
        (("--since", "2020-01-01"), ["r1", "r2", "r3", "r4"]),
        (("--since", "2020-01-01T00:00:00Z", "--limit", "1"), ["r4"]),
        (("--limit", "0"), []),
    ],
)
def test_filters_keep_only_what_they_name(terminal: Terminal, words: tuple[str, ...], found: list[str]) -> None:
    recorded(terminal, usual)
    assert ids(terminal, *words) == found


def test_an_empty_log_is_said_on_stderr_and_is_no_error(terminal: Terminal) -> None:
    done = terminal.ok("log")
    assert (done.out, done.err) == ("", "nothing has been recorded yet\n")
    recorded(terminal, usual)
    assert terminal.ok("log", "--tool", "none").err == "nothing in the log fits\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--decision", "denied"), "is not one of"),
        (("--since", "yesterday"), "`yesterday` is no moment: write 90s, 10m, 2h, 7d, 2027-01-31 or"),
        (("--limit", "-1"), "is not in the range"),
        (("--stream", "x"), "is not one of"),
    ],
)
def test_a_word_that_makes_no_sense_is_a_usage_error(terminal: Terminal, words: tuple[str, ...], sentence: str) -> None:
    done = terminal.run("log", *words)
    assert done.status == 2
    assert sentence in done.err


def test_names_of_strangers_cannot_act_on_the_terminal(terminal: Terminal) -> None:
    async def nasty(store: StateStore, now_ns: int) -> None:
        store.note(call(DENIED, at_ns=now_ns, target="\x1b[2J\n\x07drop\u202e", grant_label="a\tb"))

    recorded(terminal, nasty)
    out = terminal.ok("log").out
    assert "\\x1b[2J\\x0a\\x07drop\\u202e" in out
    assert not set(out) & {"\x1b", "\x07", "\u202e", "\t"}
    assert lines(terminal.ok("log", "--json").out)[0]["target"] == "\x1b[2J\n\x07drop\u202e"


def test_decisions_are_coloured_where_colour_is_asked_for(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(terminal, usual)
    assert "\x1b[" not in terminal.ok("log").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[31mdeny" in terminal.ok("log").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in terminal.ok("log").out


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["lines", "json"])
def test_following_goes_on_until_it_is_interrupted(terminal: Terminal, words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "yett.cli.main", "log", "--follow", "--limit", "1", "--decision", "deny", *words]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=terminal.directory) as process:
        assert process.stdout is not None
        recorded(terminal, usual)
        assert "drop" in process.stdout.readline()

        async def later(store: StateStore, now_ns: int) -> None:
            await store.admit(call(at_ns=now_ns, target="not this"))
            store.note(call(DENIED, at_ns=now_ns, target="afterwards"))

        recorded(terminal, later)
        line = process.stdout.readline()
        assert "afterwards" in line
        assert bool(words) is line.startswith("{")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
