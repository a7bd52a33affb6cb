"""`yett limits`."""

from __future__ import annotations

import re

import pytest

from tests.cli.ledger import many_counters, recorded
from tests.cli.terminal import Terminal
from tests.stores.ledger_cases import allow, call, key, limit
from yett.policy.decision import Effect
from yett.stores.state import StateStore


def test_every_counter_is_shown_with_whose_it_is_and_what_is_used(terminal: Terminal) -> None:
    recorded(terminal, many_counters)
    heading, *rows = terminal.ok("limits", "show").out.splitlines()
    assert heading.split("  ")[0] == "COUNTER"
    cells = [re.split(r"  +", row) for row in rows]
    assert [row[:6] for row in cells] == [
        ["spend", "grant", "billing agent on payments", "month", "90", "100"],
        ["spend", "grant", "other on payments", "month", "10", "100"],
        ["trial (shadow)", "grant", "billing agent on payments", "month", "1", "1"],
        ["talk", "session", "billing agent on payments, session s1", "3600 s", "2", "2"],
        ["load", "server", "payments", "day, sliding", "1", "5"],
        ["all", "organisation", "org", "week", "1", "5"],
    ]
    assert all(re.fullmatch(r"\d\d-\d\d \d\d:\d\d:\d\d", row[6]) for row in cells)
    assert cells[0][7] == "/tools/pay/limits/spend"


def test_on_a_narrow_terminal_the_rule_is_a_line_of_its_own(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(terminal, many_counters)
    monkeypatch.setenv("COLUMNS", "80")
    heading, *lines = terminal.ok("limits", "show").out.splitlines()
    assert heading.split() == ["COUNTER", "SCOPE", "OF", "WINDOW", "USED", "MAX", "FREE", "AGAIN"]
    assert lines[1].strip() == "/tools/pay/limits/spend"
    assert len(lines) == 2 * 6
    assert all(re.search(r" \d+ +\d+ +\d\d-\d\d \d\d:\d\d:\d\d$", line) for line in lines[::2])
    assert max(map(len, [heading, *lines])) <= 80


def test_json_has_amounts_as_text_and_the_share_that_is_used(terminal: Terminal) -> None:
    recorded(terminal, many_counters)
    first = terminal.ok("limits", "show", "--json", "--counter", "spend", "--grant", "g1").json
    assert len(first) == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first[0]["free_again"])
    assert (first[0]["used"], first[0]["max"], first[0]["share"], first[0]["owner"]) == ("90", "100", 0.9, ["org", "srv", "g1"])


def test_filters_narrow_what_is_shown(terminal: Terminal) -> None:
    recorded(terminal, many_counters)

    def shown(*words: str) -> list[tuple[str, str]]:
        return [(line["counter"], line["scope"]) for line in terminal.ok("limits", "show", "--json", *words).json]

    assert shown("--grant", "other") == [("spend", "grant")]
    assert shown("--scope", "server") == [("load", "server")]
    assert shown("--server", "nowhere") == []
    assert len(shown("--server", "srv")) == 5
    assert len(shown("--server", "payments")) == 6


def test_a_counter_that_holds_nothing_is_shown_only_where_all_are_asked_for(terminal: Terminal) -> None:
    recorded(terminal, many_counters)
    terminal.ok("limits", "reset", "all")
    assert "organisation" not in terminal.ok("limits", "show").out
    assert "organisation" in terminal.ok("limits", "show", "--all").out


def test_nothing_recorded_yet_is_no_error(terminal: Terminal) -> None:
    done = terminal.ok("limits", "show")
    assert (done.out, done.err) == ("", "no counter holds anything\n")
    assert terminal.ok("limits", "show", "--json").json == []


def test_a_reset_counter_is_empty_for_the_next_call_and_the_log_says_who_did_it(terminal: Terminal) -> None:
    recorded(terminal, many_counters)
    done = terminal.ok("limits", "reset", "spend", "--grant", "g1")
    assert done.err == "`spend` of grant billing agent on payments is empty; it held 90\n"
    effects = []

    async def again(store: StateStore, now_ns: int) -> None:
        charge = limit(key("spend", "month"), maximum=100, amount=90)
        effects.append((await store.admit(call(allow(charge), at_ns=now_ns))).decision.effect)

    recorded(terminal, again)
    assert effects == [Effect.ALLOW]
    log = terminal.ok("log", "--stream", "events").out
    assert re.search(r"event .* limits_reset by \S+: spend", log)


def test_a_name_that_several_counters_have_must_be_narrowed_or_all_be_meant(terminal: Terminal) -> None:
    recorded(terminal, many_counters)
    done = terminal.run("limits", "reset", "spend")
    assert done.status == 3
    assert "2 counters fit `spend`; say which with --grant, --server or --scope, or --all" in done.err
    assert "spend grant other on payments month" in done.err
    assert len(terminal.ok("limits", "reset", "spend", "--all", "--json").json) == 2
    assert terminal.ok("limits", "show", "--counter", "spend", "--json").json == []


def test_an_unknown_counter_is_named_with_the_nearest_one(terminal: Terminal) -> None:
    assert "no such counter `x`; `yett limits show --all` lists them" in terminal.run("limits", "reset", "x").err
    recorded(terminal, many_counters)
    done = terminal.run("limits", "reset", "spent", "--json")
    assert (done.status, done.error["code"]) == (3, "not_found")
    assert "did you mean `spend`?" in done.error["message"]
