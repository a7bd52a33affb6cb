"""`yett policy explain`: the question, the steps, the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from yett.cli.main import main
from yett.cli.policy_explain import explain

POLICY = {
    "version": "1",
    "default": "deny",
    "tools": {
        "pay": {
            "deny_if": [{"path": "args.amount", "op": "gt", "value": 100}],
            "limits": [{"counter": "spend", "window": "day", "max": 100, "increment_from": "args.amount"}],
            "require_approval": [
                {"path": "args.amount", "op": "gt", "value": 50, "approvers": ["boss@x.example"], "timeout": "90s"}
            ],
        },
        "who": {
            "require": [
                {"path": "grant.owner", "op": "eq", "value": "ann"},
                {"path": "grant.tags.team", "op": "eq", "value": "ops"},
                {"path": "client.ip", "op": "cidr_in", "value": ["10.0.0.0/8"]},
                {"path": "now.hour", "op": "eq", "value": 9},
                {"path": "server.name", "op": "eq", "value": "bank"},
                {"path": "session.id", "op": "eq", "value": "s7"},
                {"path": "grant.label", "op": "eq", "value": "bot"},
                {"path": "tool.risk", "op": "eq", "value": "Read"},
            ]
        },
        "checked": {"validate_arguments": True},
    },
    "resources": {"x://*": {}},
    "prompts": {"greet": {"require": [{"path": "args.lang", "op": "eq", "value": "en"}]}},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "p.json").write_text(json.dumps(POLICY))
    return tmp_path


def ask(*arguments: str) -> int:
    return main(["policy", "explain", "p.json", *arguments])


def pay(amount: object, *more: str) -> int:
    return ask("--tool", "pay", "--arguments", json.dumps({"amount": amount}), "--at", "2026-01-01T00:00:00Z", *more)


def test_a_denied_call_shows_the_steps_up_to_the_denial(capsys: pytest.CaptureFixture[str]) -> None:
    assert pay(500) == 4
    assert capsys.readouterr().out == (
        " 2  passes  hide\n"
        " 3  passes  known\n"
        " 4  passes  listed  a rule or the default admits it\n"
        " 7  denies  /tools/pay/deny_if/args.amount-gt\n"
        "            TRUE    args.amount gt 100  ← 500\n"
        "\n"
        "deny  deny_if_matched  by /tools/pay/deny_if/args.amount-gt\n"
        "  calls with `args.amount gt 100` are denied\n"
    )


def test_an_allowed_call_shows_what_it_would_charge(capsys: pytest.CaptureFixture[str]) -> None:
    assert pay(5, "--used", "spend=90.5") == 0
    said = capsys.readouterr().out
    assert "10  passes  /tools/pay/limits/spend  adds 5 to 90.5; at most 100\n" in said
    assert said.endswith("\nallow\n")


def test_a_call_that_people_must_approve_names_them_and_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert pay(60) == 4
    said = capsys.readouterr().out
    assert "approval  approval_required" in said
    assert "1 of: boss@x.example; within 90 s" in said
    assert pay(60, "--approved") == 0


def test_a_limit_that_is_used_up_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert pay(5, "--used", "spend=96") == 4
    assert "retry after 86400 s" in capsys.readouterr().out


def test_everything_that_conditions_ask_about_can_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--owner", "ann", "--tag", "team=ops", "--client-ip", "10.1.1.1", "--at", "2026-01-01T09:30:00Z"]
    more = ["--server", "bank", "--session", "s7", "--grant", "g", "--label", "bot", "--risk", "Read"]
    assert ask("--tool", "who", *given, *more) == 0
    assert ask("--call", '{"name": "who"}', *given[2:], *more) == 4
    assert "ABSENT" in capsys.readouterr().out


def test_tools_give_schemas_and_say_what_is_unknown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "t.json").write_text('{"tools": [{"name": "checked", "inputSchema": {"required": ["a"]}}]}')
    assert ask("--tool", "checked", "--tools", "t.json", "--arguments", '{"a": 1}') == 0
    assert ask("--tool", "checked", "--tools", "t.json") == 4
    assert ask("--tool", "pay", "--tools", "t.json") == 4
    assert ask("--tool", "checked", "--changed") == 4
    said = capsys.readouterr().out
    assert [code in said for code in ("argument_schema", "unknown_tool", "tool_changed")] == [True, True, True]


def test_resources_and_prompts_are_explained_too() -> None:
    assert ask("--resource", "x://1") == 0
    assert ask("--resource", "y://1") == 4
    assert ask("--prompt", "greet", "--arguments", '{"lang": "en"}') == 0
    assert ask("--prompt", "greet", "--arguments", '{"lang": "fr"}') == 4


def test_values_can_be_masked(capsys: pytest.CaptureFixture[str]) -> None:
    pay(500, "--mask")
    said = capsys.readouterr().out
    assert "← <number>" in said
    assert "500" not in said


def test_steps_are_given_to_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert pay(500, "--json") == 4
    answer: Any = json.loads(capsys.readouterr().out)
    assert (answer["decision"], answer["code"]) == ("deny", "deny_if_matched")
    last = answer["steps"][-1]
    assert (last["step"], last["came"]) == (7, "denies")
    assert last["conditions"] == [{"depth": 0, "condition": "args.amount gt 100", "outcome": "TRUE", "values": "500"}]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name one of"),
        (["--tool", "a", "--resource", "x://1"], "name one of"),
        (["--tool", "a", "--arguments", "{"], "not readable as JSON"),
        (["--tool", "a", "--arguments", "[]"], "takes a JSON object"),
        (["--call", '{"name": 5}'], "--call"),
        (["--call", '{"name": "a", "args": {}}'], "--call"),
        (["--tool", "a", "--tag", "team"], "takes KEY=VALUE"),
        (["--tool", "a", "--at", "noon"], "is no moment"),
        (["--tool", "a", "--risk", "read"], "did you mean `Read`"),
        (["--tool", "pay", "--used", "spent=1"], "counters are: `spend`"),
        (["--tool", "pay", "--used", "spend=-1"], "is no amount"),
        (["--tool", "pay", "--used", "spend=NaN"], "is no amount"),
    ],
    ids=str,
)
def test_a_question_that_cannot_be_understood_is_a_usage_error(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(*arguments) == 2
    assert words in capsys.readouterr().err


def test_a_policy_with_errors_is_not_explained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "p.json").write_text('{"version": "1"}')
    assert ask("--tool", "a") == 3
    assert "/default: `default` is missing" in capsys.readouterr().err


def test_colours_are_used_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    pay(500)
    assert "\x1b[31m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    pay(500)
    assert "\x1b" not in capsys.readouterr().out
    assert explain.name == "explain"
