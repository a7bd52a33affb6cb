"""The desk of this machine, as the control plane has it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.admin.asking import asked, request
from tests.stores.approving import says_yes, vote
from tests.stores.ledger_cases import key, rows
from tests.support.clock import START_NS
from yett.admin.approvals_port import ApprovalQuery, ApprovalsPort, Attempt, Beside
from yett.app.approvals import StateApprovals
from yett.approvals.model import Approval, Charged
from yett.errors import StoreFault


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[StateApprovals]:
    desk = StateApprovals(tmp_path / "state.db")
    yield desk
    desk.close()


def test_where_nothing_was_ever_asked_there_is_nothing_and_no_file_is_made_for_looking(desk: StateApprovals) -> None:
    port: ApprovalsPort = desk
    assert port.page(ApprovalQuery(organisation="o", limit=1), START_NS) == []
    assert port.open_of("o", START_NS) == []
    assert port.exemptions("o", START_NS) == []
    assert port.delegations("o", START_NS) == []
    assert port.get("ap_x", START_NS, "o") is None
    assert not desk.path.exists()


def test_any_number_of_threads_may_come_and_one_vote_decides(desk: StateApprovals) -> None:
    id = asked(desk.path, START_NS, request()).id
    with ThreadPoolExecutor(8) as pool:
        after = list(pool.map(lambda number: desk.vote(id, says_yes(START_NS, number % 3 + 1), START_NS), range(24)))
    assert len([one for one in after if isinstance(one, Approval)]) == 1


def test_what_a_judge_raises_comes_through_and_nothing_is_written(desk: StateApprovals) -> None:
    id = asked(desk.path, START_NS, request()).id

    def refuse(_: Approval) -> None:
        raise KeyError("not them")

    with pytest.raises(KeyError):
        desk.vote(id, refuse, START_NS)  # type: ignore[arg-type]  # it never returns
    found = desk.get(id, START_NS)
    assert found is not None and found.votes == ()
    assert isinstance(desk.vote(id, lambda _: vote(START_NS, rules=tuple(request().rules)), START_NS), Approval)


def test_limits_are_shown_in_plain_digits(desk: StateApprovals) -> None:
    charge = Charged(key("euros").encode(), "/l", "1E+2", "2500.50")
    beside = desk.beside(asked(desk.path, START_NS, request(charges=(charge,))), START_NS)
    shown = beside.limits[0]
    assert (shown.amount, shown.used, shown.maximum, shown.remaining, shown.fits) == ("100", "0", "2500.50", "2400.50", True)
    assert (shown.counter, shown.window, beside.call, beside.history) == ("euros", "day", None, [])
    assert Beside().limits == []


def test_after_a_fault_of_the_file_the_next_one_sits_down_anew(desk: StateApprovals) -> None:
    desk.path.write_bytes(b"this is no database at all, but long enough to be one" * 100)
    desk.path.chmod(0o600)
    with pytest.raises(StoreFault):
        desk.get("ap_x", START_NS)
    desk.path.unlink()
    assert desk.get("ap_x", START_NS) is None


def test_an_attempt_is_written_as_an_event(desk: StateApprovals) -> None:
    asked(desk.path, START_NS, request())
    desk.refused(Attempt(at_ns=START_NS, actor="m-1", organisation="o", act="approve", approval="ap_x", why="no"))
    assert rows(desk.path, "SELECT actor, action FROM events") == [("m-1", "approval_refused")]
