"""What `yett wrap` says of each entry."""

from __future__ import annotations

from pathlib import Path

from yett.app.wrap_plan import Planned, State
from yett.app.wrap_servers import Prepared
from yett.app.wrapping import Outcome
from yett.cli.wrap_report import NAMED_MAX, outcome_json, remarks
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


def test_what_was_left_says_why() -> None:
    done = outcome(None, "it names two")
    assert (remarks(done), outcome_json(done)["state"], outcome_json(done)["server"]) == (["it names two"], "left as it is", None)
