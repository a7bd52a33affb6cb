"""What `yett wrap` says of each entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from yett.app.wrap_plan import Planned, State
from yett.app.wrap_servers import Prepared
from yett.app.wrapping import Outcome
from yett.cli.context import CliContext
from yett.cli.wrap_report import NAMED_MAX, outcome_json, print_outcomes, remarks
from yett.scan.model import Client, ConfigFile
from yett.wrap.located import read_file


def outcome(prepared: Prepared | None, why: str = "") -> Outcome:
    file = read_file(ConfigFile(Client.CURSOR, Path("/home/me/.cursor/mcp.json")), b'{"mcpServers": {"a": {"command": "x"}}}')
    state = State.LEFT if prepared is None else State.WRAPPED
    return Outcome(Planned("1", file, file.located[0], state), state, prepared, why)


def test_hidden_tools_are_named_as_far_as_a_line_holds() -> None:
    hidden = tuple(f"drop_{number}" for number in range(NAMED_MAX + 2))
    done = outcome(Prepared("a", "g-1", "a", True, {"Destructive": 10}, hidden, ("look here",)))
    assert remarks(done) == [
        f"hidden, since they remove or end something: {', '.join(hidden[:NAMED_MAX])} and 2 more",
        "look here",
    ]
    assert outcome_json(done)["hidden"] == list(hidden)


def test_a_policy_that_was_there_is_told() -> None:
    assert remarks(outcome(Prepared("a", "g-1", "mine", False, None, (), ()))) == [
        "the policy `mine` was there already, and judges"
    ]


def test_what_is_true_of_a_server_is_told_once_however_many_entries_share_it(capsys: pytest.CaptureFixture[str]) -> None:
    first = outcome(Prepared("a", "g-1", "a", True, None, (), ("its tools are not known yet",)))
    second = outcome(Prepared("a", "g-2", "a", False, None, (), ("its tools are not known yet",)))
    other = outcome(Prepared("b", "g-3", "mine", False, None, (), ()))
    print_outcomes(CliContext(environment={"YETT_STATE_DIRECTORY": "/nowhere"}), [first, second, other])
    out = capsys.readouterr().out
    assert out.count("its tools are not known yet") == 1
    assert "the policy `a` was there already" not in out
    assert out.count("the policy `mine` was there already, and judges") == 1


def test_what_was_left_says_why() -> None:
    done = outcome(None, "it names two")
    assert (remarks(done), outcome_json(done)["state"], outcome_json(done)["server"]) == (["it names two"], "left as it is", None)
