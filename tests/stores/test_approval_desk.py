"""Where people decide: two at once, another process, kill -9 in between, and all of it in the log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from msgspec.structs import replace

from tests.approvals.made import request
from tests.stores.approving import says_yes, vote
from tests.stores.ledger_cases import call, opened, rows
from tests.support.clock import START_NS
from yett.approvals.lifecycle import Refusal, made
from yett.approvals.model import Approval, Delegation, State
from yett.policy.decision import Code, Decision, Effect
from yett.stores.approval_desk import ApprovalDesk
from yett.stores.approval_rows import ApprovalRows
from yett.stores.state_approvals import KEPT_NS, Consents
from yett.stores.state_file import open_writer
from yett.stores.state_reader import LogFilter, StateReader, Stream


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def desk(path: Path) -> Iterator[ApprovalDesk]:
    with ApprovalDesk(path) as desk:
        yield desk


def ask(path: Path, binding: str = "b1", **members: object) -> str:
    """Have a call ask for people; the id of its request."""
    connection = open_writer(path)
    approval = made(f"ap_{binding}", replace(request(), binding=binding, **members), START_NS)
    ApprovalRows(connection).put(approval)
    connection.close()
    return approval.id


def went(after: Approval | Refusal | None) -> Approval:
    assert isinstance(after, Approval), after
    return after


def actions(path: Path) -> list[str | None]:
    with StateReader(path) as reader:
        return [entry.code for entry in reader.entries(LogFilter(stream=Stream.EVENTS), 100)]


def test_two_people_at_once_are_counted_one_after_the_other(path: Path, desk: ApprovalDesk) -> None:
    id, barrier, came = ask(path), Barrier(2), []

    def decide(number: int) -> None:
        with ApprovalDesk(path) as own:
            barrier.wait()
            came.append(own.vote(id, says_yes(START_NS, number), START_NS))

    both = [Thread(target=decide, args=(number,)) for number in (1, 2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(type(one).__name__ for one in came) == ["Approval", "Refusal"], "the second came too late"
    found = desk.get(id, START_NS)
    assert found is not None
    assert (found.state, len(found.votes)) == (State.APPROVED, 1)


def test_a_yes_that_meets_the_end_of_the_time_does_not_count(path: Path, desk: ApprovalDesk) -> None:
    id = ask(path)
    at_its_end = START_NS + request().timeout_s * 1_000_000_000
    assert isinstance(desk.vote(id, says_yes(at_its_end), at_its_end), Refusal)
    desk.pass_time(at_its_end)
    assert actions(path) == ["approval_expired"]
    desk.pass_time(at_its_end)
    assert actions(path) == ["approval_expired"], "it ends once"


def test_what_is_refused_changes_nothing_and_an_unknown_id_is_told_as_such(path: Path, desk: ApprovalDesk) -> None:
    id = ask(path)
    refused = desk.vote(id, lambda _: Refusal("you are not an approver of it"), START_NS)
    assert refused == Refusal("you are not an approver of it")
    assert desk.vote("ap_none", says_yes(START_NS), START_NS) is None
    assert desk.withdraw("ap_none", "why", "m-1", START_NS) is None
    found = desk.get(id, START_NS)
    assert found is not None
    assert (found.state, found.votes, actions(path)) == (State.PENDING, (), [])


def test_an_exemption_is_given_ended_and_both_are_in_the_log(path: Path, desk: ApprovalDesk) -> None:
    went(desk.vote(ask(path), says_yes(START_NS, exempt_s=60, free=("note",)), START_NS))
    [exemption] = desk.exemptions(now_ns=START_NS, organisation="org", policy="p")
    assert desk.exemptions(now_ns=START_NS, organisation="other") == []
    wanted = replace(request(), binding="b9", members={"amount": "da", "note": "else"})
    assert Consents(open_writer(path)).fitting(wanted, START_NS) == exemption.id
    assert desk.end_exemption(exemption.id, "m-2", "bob@example.com", START_NS + 1) is not None
    assert desk.end_exemption(exemption.id, "m-2", "bob@example.com", START_NS + 1) is None
    assert desk.exemptions(now_ns=START_NS + 2) == []
    assert actions(path) == ["approval_given", "exemption_given", "exemption_ended"]


def test_a_yes_that_is_taken_back_spares_nothing_any_more(path: Path, desk: ApprovalDesk) -> None:
    id = ask(path)
    went(desk.vote(id, says_yes(START_NS, exempt_s=60, free=("note",)), START_NS))
    went(desk.vote(id, lambda _: vote(START_NS + 1, 2, approve=False, reason="no"), START_NS + 1))
    assert desk.exemptions(now_ns=START_NS + 2) == []
    assert actions(path) == ["approval_given", "exemption_given", "approval_denied", "exemption_ended"]


def test_no_exemption_spares_the_very_call_on_which_a_person_said_no(path: Path, desk: ApprovalDesk) -> None:
    other = {"members": {"amount": "da", "note": "other"}}
    went(desk.vote(ask(path), says_yes(START_NS, exempt_s=3_600, free=("note",)), START_NS))
    went(desk.vote(ask(path, "b2", **other), lambda _: vote(START_NS, 2, approve=False, reason="no"), START_NS))
    wanted, consents = replace(request(), binding="b2", **other), Consents(open_writer(path))
    assert consents.fitting(wanted, START_NS + 1) is None
    assert consents.fitting(replace(wanted, binding="b3"), START_NS + 1) is not None
    assert consents.fitting(wanted, START_NS + 600 * 1_000_000_000) is not None, "the time of the request is over"


def test_what_ended_long_ago_is_forgotten_with_all_that_was_said_about_it(path: Path, desk: ApprovalDesk) -> None:
    went(desk.vote(ask(path), says_yes(START_NS, exempt_s=60), START_NS))
    went(desk.vote(ask(path, "b2"), lambda _: vote(START_NS, approve=False, reason="no"), START_NS))
    desk.notice("ap_b2", "mail", "asked", tries=1, done=True, now_ns=START_NS)
    people = {"by": "m-1", "by_name": "ann", "to": "m-2", "to_name": "bob"}
    desk.delegate(
        Delegation(id="de_1", organisation="org", from_ns=START_NS, until_ns=START_NS + 60, **people), "m-ann", START_NS
    )
    rows = {"approvals": 2, "exemptions": 1, "delegations": 1, "approval_notices": 1}
    for now_ns, left in ((START_NS, rows), (START_NS + KEPT_NS + 3_600 * 1_000_000_000, dict.fromkeys(rows, 0))):
        desk.pass_time(now_ns)  # what was approved expires first
        desk.pass_time(now_ns)
        connection = open_writer(path)
        assert {name: connection.execute(f"SELECT count(*) FROM {name}").get for name in rows} == left
        connection.close()


def test_no_look_at_requests_reads_the_whole_table(path: Path) -> None:
    connection = open_writer(path)
    sought: list[tuple[str, Any]] = []

    def seen(_: object, sql: str, bindings: Any) -> bool:
        sought.append((sql, bindings))
        return True

    connection.exec_trace = seen
    rows = ApprovalRows(connection)
    rows.open_for(request(), START_NS)
    rows.denied_for(request(), START_NS)
    rows.approved_like("g1", "srv", "pay", "aa")
    rows.pending_of("g1", START_NS)
    rows.overdue(START_NS, 100)
    rows.tellable(START_NS, 100)
    rows.exemption_for(request(), START_NS)
    rows.forget_before(START_NS, 100)
    connection.exec_trace = None
    for sql, bindings in sought:
        if "FROM approvals" in sql or "FROM exemptions WHERE grant" in sql:
            plan = " ".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings))
            assert "SCAN" not in plan, (sql, plan)
    connection.close()


def test_a_request_that_nobody_needs_is_withdrawn_with_the_reason(path: Path, desk: ApprovalDesk) -> None:
    after = went(desk.withdraw(ask(path), "the grant was revoked", "m-1", START_NS))
    assert (after.state, after.note) == (State.WITHDRAWN, "the grant was revoked")
    assert actions(path) == ["approval_withdrawn"]


def test_delegations_hold_for_their_time(desk: ApprovalDesk, path: Path) -> None:
    given = Delegation(
        id="de_1", organisation="org", by="m-1", by_name="ann", to="m-2", to_name="bob", from_ns=START_NS, until_ns=START_NS + 9
    )
    desk.delegate(given, given.by, START_NS)
    assert desk.delegations("org", START_NS) == [given]
    assert desk.delegations("org", START_NS + 9) == desk.delegations("other", START_NS) == []
    desk.delegate(replace(given, until_ns=START_NS + 1), given.to, START_NS + 1)
    assert desk.delegations("org", START_NS + 1) == []
    assert actions(path) == ["delegation_given", "delegation_ended"]


def test_after_a_restore_nothing_holds_that_people_may_have_taken_back_since(path: Path, desk: ApprovalDesk) -> None:
    pending, approved = ask(path), ask(path, "b2")
    went(desk.vote(approved, says_yes(START_NS, exempt_s=600), START_NS))
    denied = ask(path, "b3")
    went(desk.vote(denied, lambda _: vote(START_NS, approve=False, reason="no"), START_NS))
    people = {"by": "m-1", "by_name": "ann", "to": "m-2", "to_name": "bob"}
    desk.delegate(Delegation(id="de_1", organisation="org", from_ns=START_NS, until_ns=START_NS + 60, **people), "m-1", START_NS)
    desk.begin_anew("restored", "yett", START_NS + 1)
    states = [found.state for id in (pending, approved, denied) if (found := desk.get(id, START_NS + 1)) is not None]
    assert states == [State.WITHDRAWN, State.WITHDRAWN, State.DENIED]
    assert (desk.exemptions(now_ns=START_NS + 1), desk.delegations("org", START_NS + 1)) == ([], [])
    assert actions(path)[-4:] == ["approval_withdrawn", "exemption_ended", "approval_withdrawn", "delegation_ended"]


def test_requests_are_listed_newest_first_by_state_and_organisation(path: Path, desk: ApprovalDesk) -> None:
    first, second = ask(path, "b1"), ask(path, "b2", organisation="other")
    assert {one.id for one in desk.listed(now_ns=START_NS)} == {first, second}
    assert [one.id for one in desk.listed(now_ns=START_NS, organisation="org")] == [first]
    went(desk.vote(first, says_yes(START_NS), START_NS))
    assert [one.id for one in desk.listed(now_ns=START_NS, states=(State.PENDING,))] == [second]
    late_ns = START_NS + 10**15
    assert desk.listed(now_ns=late_ns, states=(State.PENDING,)) == [], "as they stand now"


def test_whoever_watches_sees_that_another_has_written(path: Path, desk: ApprovalDesk) -> None:
    id, before = ask(path), desk.version()
    with ApprovalDesk(path) as other:
        other.vote(id, says_yes(START_NS), START_NS)
    assert desk.version() != before


def test_a_notice_is_remembered_whatever_restarts(path: Path, desk: ApprovalDesk) -> None:
    id = ask(path)
    desk.notice(id, "webhook", "asked", tries=1, done=False, now_ns=START_NS)
    desk.notice(id, "webhook", "asked", tries=2, done=True, now_ns=START_NS)
    with ApprovalDesk(path) as other:
        assert other.noticed([id]) == [(id, "webhook", "asked", START_NS, 2, True)]


def test_a_no_is_told_with_its_reason(path: Path, desk: ApprovalDesk) -> None:
    after = went(desk.vote(ask(path), lambda _: vote(START_NS, approve=False, reason="not today"), START_NS))
    assert after.state is State.DENIED
    with StateReader(path) as reader:
        [entry] = reader.entries(LogFilter(stream=Stream.EVENTS), 10)
    assert (entry.more["detail"]["reason"], entry.more["actor"]) == ("not today", "m-1")


DYING = """
import os, signal, sys
from pathlib import Path
from tests.stores.approving import says_yes
from tests.support.clock import START_NS
from yett.stores.approval_desk import ApprovalDesk
desk = ApprovalDesk(Path(sys.argv[1]))
made = says_yes(START_NS)
def die(approval):
    vote = made(approval)
    if sys.argv[3] == "inside":
        os.kill(os.getpid(), signal.SIGKILL)
    return vote
desk.vote(sys.argv[2], die, START_NS)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("when", "state"), [("inside", State.PENDING), ("after", State.APPROVED)])
def test_kill_9_leaves_a_decision_whole_or_none_at_all(path: Path, desk: ApprovalDesk, when: str, state: State) -> None:
    id = ask(path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])}
    root = Path(__file__).parents[2]
    ended = subprocess.run([sys.executable, "-c", DYING, str(path), id, when], cwd=root, env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    found = desk.get(id, START_NS)
    assert found is not None
    assert (found.state, len(found.votes), len(actions(path))) == (state, *((0, 0) if state is State.PENDING else (1, 1)))


@pytest.mark.anyio
async def test_what_is_asked_about_a_task_is_recorded_with_the_task_where_people_are_asked_too(path: Path) -> None:
    async with opened(path) as store:
        asks = Decision(Effect.APPROVAL, Code.APPROVAL_REQUIRED, "/tools/pay/require_approval/always")
        admission = await store.admit(call(asks, asking=request(), task="t-1"))
        assert admission.ticket is not None
    assert rows(path, "SELECT task, consent FROM tasks JOIN consents USING (seq)") == [("t-1", admission.ticket.id)]
