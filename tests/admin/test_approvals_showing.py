"""Requests as views, whoever looks."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.admin.asking import request
from tests.support.clock import START_NS
from yett.admin.approvals_port import Beside
from yett.admin.approvals_showing import approval_line, approval_view
from yett.admin.approvals_who import Person, local_name, unknown
from yett.admin.permissions import Principal, operator
from yett.approvals.lifecycle import made
from yett.approvals.model import Approval, Asked, State
from yett.approvals.who import Approver

ROOT = operator("local:root", "o")
PERSON = Person(ROOT, Approver("local:root", "root", "admin", "o"), 2, [])


def approval(state: State = State.PENDING, **more: Any) -> Approval:
    return replace(made("ap_1", request(**more), START_NS), state=state)


@pytest.mark.parametrize("state", State)
def test_every_state_says_what_happens_now_and_whether_it_can_be_decided(state: State) -> None:
    view = approval_view(approval(state), PERSON, Beside(), [], "/approvals/ap_1", START_NS)
    assert view.next.endswith(".")
    assert view.state == state.value
    assert view.decidable is state.open
    assert (view.why_not is None) is state.open


def test_a_line_counts_the_people_of_the_rule_that_needs_most() -> None:
    asks = (Asked("/a", 2), Asked("/b", 3))
    line = approval_line(approval(asks=asks), PERSON, START_NS)
    assert (line.missing, line.decidable, line.mine) == (3, True, False)
    assert approval_line(approval(owner="ROOT"), PERSON, START_NS).mine


@pytest.mark.parametrize(("name", "expected"), [("local:ada", "ada"), ("api:ada", "ada"), ("api", "operator")])
def test_whoever_runs_the_installation_is_known_by_the_account(name: str, expected: str) -> None:
    assert local_name(operator(name, "o")) == expected


def test_who_has_no_person_behind_them_looks_and_decides_nothing() -> None:
    nobody = Person(Principal(kind="token", name="t", organisation="o", permissions=ROOT.permissions), None, 2, [])
    assert nobody.sees(approval())
    assert nobody.why_not(approval(), START_NS) is not None
    assert not nobody.sees(approval(organisation="other"))
    assert not nobody.sees(None)
    assert "ap_1" in str(unknown("ap_1"))
