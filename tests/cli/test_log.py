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
from click import unstyle

from tests.cli.ledger import recorded, usual
from tests.cli.terminal import Terminal
from tests.stores.ledger_cases import DENIED, OK, call
from yett.audit.clip import REDACTION
from yett.audit.record import Refused, SecurityRecord
from yett.cli.log import _line
from yett.gateway.feed import SNAPSHOT_FILE, store_snapshot
from yett.gateway.snapshot import GrantEntry, SnapshotData
from yett.policy.decision import Code, Decision, Effect
from yett.stores.state import StateStore
from yett.stores.state_reader import LogFilter, StateReader


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


def test_what_is_no_call_of_a_tool_says_so(terminal: Terminal) -> None:
    async def read(store: StateStore, now_ns: int) -> None:
        store.note(call(DENIED, at_ns=now_ns, method="resources/read", target="file:///etc/passwd", server_name="files"))
        store.note(call(DENIED, at_ns=now_ns, method="prompts/get", target="summary", server_name="files"))

    recorded(terminal, read)
    first, second = terminal.ok("log").out.splitlines()[1:]
    assert "files: resources/read file:///etc/passwd" in first
    assert "files: prompts/get summary" in second
    assert ids(terminal, "--tool", "summary") == ids(terminal)[1:]


async def long(store: StateStore, now_ns: int) -> None:
    """A denied call by a long rule, and one of a program with a long name that went well."""
    rule = "/tools/write_file/require/args.path-path_within"
    denied = Decision(Effect.DENY, Code.REQUIRE_FAILED, rule, "write under your folder only")
    store.note(call(denied, at_ns=now_ns, target="write_file", server_name="notes", grant_label="research agent"))
    program = "npx -y @modelcontextprotocol/server-filesystem"
    done = await store.admit(call(at_ns=now_ns, target="list_directory", server_name=program, grant_label=program))
    assert done.receipt is not None
    store.settle(done.receipt, OK)


@pytest.mark.parametrize("follow", [False, True])
def test_on_a_narrow_terminal_an_entry_is_one_line_and_its_reason_another(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, follow: bool
) -> None:
    path = recorded(terminal, long)
    monkeypatch.setenv("COLUMNS", "80")
    if follow:
        with StateReader(path) as reader:
            shown = [line for entry in reader.entries(LogFilter(), 9) for line in unstyle(_line(entry, narrow=True)).splitlines()]
    else:
        _, *shown = terminal.ok("log").out.splitlines()
    denied, why, allowed = shown
    assert re.fullmatch(r"\d\d-\d\d \d\d:\d\d:\d\d  deny +research agent +notes: write_file", denied)
    assert why == "    require_failed /tools/write_file/require/args.path-path_within"
    assert re.fullmatch(r".{14}  allow +npx -y @model[a-z]*… +list_directory +ok 1\.2 ms", allowed)
    assert max(map(len, shown)) <= 80


async def refused_with_grants(store: StateStore, now_ns: int) -> None:
    for number, grant in enumerate(("g-live", "g-gone", "local:npx server"), 1):
        store.note(SecurityRecord(now_ns, f"r{number}", Refused.UNREADABLE, "the JSON has a duplicate key", "shop", grant))


def test_a_refused_request_names_its_grant_by_its_label_where_that_is_known(terminal: Terminal) -> None:
    path = recorded(terminal, refused_with_grants)
    grant = GrantEntry(organisation="o", id="g-live", digest="", server="s", label="billing agent")
    store_snapshot(path.parent / SNAPSHOT_FILE, SnapshotData(revision=1, origin="o", grants=[grant]))
    labels = [line.get("grant_label") for line in lines(terminal.ok("log", "--json").out)]
    assert labels == ["billing agent", None, "npx server"]
    assert [re.split(r"  +", row)[2] for row in terminal.ok("log").out.splitlines()[1:]] == [
        "billing agent",
        "g-gone",
        "npx server",
    ]
    assert [
        ids(terminal, "--grant", label) for label in ("billing agent", "g-live", "g-gone", "npx server", "local:npx server")
    ] == [*(["r1"], ["r1"], ["r2"], ["r3"], ["r3"])]
    (path.parent / SNAPSHOT_FILE).write_text("{")
    assert ids(terminal, "--grant", "billing agent") == []
    assert "g-live" in terminal.ok("log").out


def test_json_is_one_line_an_entry_with_everything_that_was_recorded(terminal: Terminal) -> None:
    recorded(terminal, usual)
    first, denied, _, refused = lines(terminal.ok("log", "--json").out)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first["time"])
    assert {name: first[name] for name in ("seq", "stream", "grant_id", "session", "server", "method", "target", "policy")} == {
        **{"seq": 1, "stream": "calls", "grant_id": "g1", "session": "s1"},
        **{"server": "payments", "method": "tools/call", "target": "pay", "policy": "payments"},
    }
    assert (first["argument_keys"], first["redaction"]) == (["amount", "currency"], REDACTION)
    assert first["reservations"][0]["counter"] == "n"
    assert (first["outcome"]["result"], first["outcome"]["http_status"], first["outcome"]["latency_us"]) == ("ok", 200, 1_200)
    assert (denied["code"], denied["rule"], denied["outcome"]) == ("not_listed", "(default deny)", None)
    assert (refused["stream"], refused["decision"], refused["code"]) == ("security", "refused", "token_refused")
    assert not {"rule", "redaction"} & refused.keys()


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
