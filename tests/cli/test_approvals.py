"""`yett approvals`, for calls of `yett run`, without any gateway; and with an organisation's beside them."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.approvals.made import request
from tests.cli.terminal import Terminal
from yett.app import approvals_local
from yett.approvals.lifecycle import made
from yett.approvals.model import ApprovalRequest
from yett.stores.approval_desk import ApprovalDesk
from yett.stores.approval_rows import ApprovalRows
from yett.stores.state_file import open_writer


def ask(terminal: Terminal, number: int = 1, **members: Any) -> str:
    """A call of `yett run` comes that a person must approve; the id of its request."""
    path = terminal.directory / "state" / "state.db"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    wanted: ApprovalRequest = request(**{"organisation": "local", "server_name": "git", "grant_label": "git", **members})
    connection = open_writer(path)
    ApprovalRows(connection).put(made(f"ap_{number:016d}", wanted, time.time_ns()))
    connection.close()
    return f"ap_{number:016d}"


def desk(terminal: Terminal) -> ApprovalDesk:
    return ApprovalDesk(Path(terminal.directory / "state" / "state.db"))


def test_without_anything_to_decide_it_says_so_and_makes_nothing(terminal: Terminal) -> None:
    done = terminal.ok("approvals", "list")
    assert (done.out, done.err.strip()) == ("", "no call waits for a person")
    assert not (terminal.directory / "state" / "state.db").exists()
    assert not (terminal.directory / "state" / "control.db").exists()
    assert terminal.ok("approvals", "list", "--json").json == []
    assert terminal.ok("approvals", "exemptions", "--json").json == []


def test_the_list_has_what_waits_and_show_has_the_whole_call(terminal: Terminal) -> None:
    id = ask(terminal, arguments='{"amount":5,"note":"\\u202egnp.exe"}')
    listed = terminal.ok("approvals", "list").out
    assert [word in listed for word in (id, "pending", "git", "pay", "Financial")] == [True] * 5
    shown = terminal.ok("approvals", "show", id).out
    assert "\\u202egnp.exe" in shown and "\u202e" not in shown, "what would reorder the line is shown as what it is"
    assert '"amount": 5' in shown
    assert "/tools/pay/require_approval/always" in shown
    view = terminal.ok("approvals", "show", id, "--json").json
    assert (view["state"], view["decidable"], view["tool"]) == ("pending", True, "pay")


def test_what_waits_is_listed_however_much_came_after_it(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvals_local, "LISTED_MAX", 2)
    first, approved = ask(terminal, 1), ask(terminal, 2)
    terminal.ok("approvals", "approve", approved)
    for number in (3, 4):
        terminal.ok("approvals", "deny", ask(terminal, number), "--reason", "no")
    assert {one["id"] for one in terminal.ok("approvals", "list", "--json").json} == {approved, first}


def test_a_yes_lets_the_call_run_and_may_spare_the_next_ones(terminal: Terminal) -> None:
    id = ask(terminal)
    said = terminal.ok("approvals", "approve", id, "--exempt-for", "10m", "--free", "note")
    assert "runs once" in said.out
    assert "whatever note is" in said.out
    [exemption] = terminal.ok("approvals", "exemptions", "--json").json
    assert exemption["free"] == ["note"]
    terminal.ok("approvals", "exemptions", "--end", exemption["id"])
    assert terminal.ok("approvals", "exemptions", "--json").json == []
    with desk(terminal) as standing:
        found = standing.get(id, time.time_ns())
    assert found is not None
    assert [vote.voter.startswith("local:") for vote in found.votes] == [True]


def test_what_is_over_is_open_for_no_time(terminal: Terminal) -> None:
    id = ask(terminal)
    terminal.ok("approvals", "deny", id, "--reason", "no")
    assert terminal.ok("approvals", "list", "--all").out.splitlines()[1].endswith(" -")


def test_letters_that_are_taken_for_others_are_marked_and_explained(terminal: Terminal) -> None:
    shown = terminal.ok("approvals", "show", ask(terminal, arguments='{"to":"p\u0430ypal"}')).out
    assert '"to": "p\\u0430ypal"' in shown
    assert "\\u0430 is CYRILLIC SMALL LETTER A" in shown


def test_a_no_needs_a_reason(terminal: Terminal) -> None:
    id = ask(terminal)
    refused = terminal.run("approvals", "deny", id)
    assert (refused.status, "--reason" in refused.err) == (2, True)
    assert "does not run" in terminal.ok("approvals", "deny", id, "--reason", "not on a Friday").out
    assert terminal.ok("approvals", "list", "--json", "--state", "denied").json[0]["id"] == id


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("show", "ap_none"), "there is no request `ap_none`"),
        (("approve", "ap_none"), "there is no request `ap_none`"),
        (("deny", "ap_none", "--reason", "x"), "there is no request `ap_none`"),
        (("approve", "ID", "--free", "note"), "say for how long"),
        (("approve", "ID", "--exempt-for", "soon"), "`soon` is no duration"),
        (("approve", "ID", "--exempt-for", "30d"), "longer than 7 days"),
        (("approve", "ID", "--exempt-for", "1h", "--free", "nothing"), "the call has no argument `nothing`"),
        (("list", "--state", "lost"), "'lost' is not one of"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(terminal: Terminal, words: tuple[str, ...], sentence: str) -> None:
    id = ask(terminal)
    done = terminal.run("approvals", *(id if word == "ID" else word for word in words))
    assert done.status != 0
    assert sentence in done.err
    with desk(terminal) as standing:
        found = standing.get(id, time.time_ns())
    assert found is not None and found.votes == ()


def test_what_is_decided_already_is_said_with_how_it_stands(terminal: Terminal) -> None:
    id = ask(terminal)
    terminal.ok("approvals", "approve", id)
    again = terminal.run("approvals", "approve", id)
    assert (again.status, "approved already" in again.err) == (3, True)


def test_a_look_at_what_waits_exits_with_one(terminal: Terminal) -> None:
    assert terminal.run("approvals", "watch", "--once").status == 0
    id = ask(terminal)
    seen = terminal.run("approvals", "watch", "--once")
    assert (seen.status, id in seen.out) == (1, True)
    line = terminal.run("approvals", "watch", "--once", "--json").json
    assert line["id"] == id


@pytest.mark.parametrize(("answer", "state"), [("a\n", "approved"), ("d\nnot today\n", "denied"), ("l\n", "pending")])
def test_who_watches_is_asked_for_each(terminal: Terminal, answer: str, state: str, typed: Callable[[str], None]) -> None:
    id = ask(terminal)
    typed(answer)
    terminal.run("approvals", "watch", "--once", "--ask")
    with desk(terminal) as standing:
        found = standing.get(id, time.time_ns())
    assert found is not None
    assert found.state.value == state


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What a person types."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_status_says_that_calls_wait(terminal: Terminal) -> None:
    ask(terminal)
    assert "1 for a person; `yett approvals list`" in terminal.run("status").out
