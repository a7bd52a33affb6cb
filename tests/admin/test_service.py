"""Status and admin log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.admin.service import Office
from yett.admin.cases import ELSEWHERE
from yett.admin.control import Control
from yett.admin.desk import Applied
from yett.admin.errors import Invalid
from yett.admin.people.service import PeopleService
from yett.admin.people.views import NewOrganisation
from yett.admin.service import Service
from yett.admin.stop_views import StopWanted
from yett.admin.views import DataPlaneView, NewGrant, NewRevision


def test_the_service_is_what_the_command_line_speaks_to(office: Office) -> None:
    control: Control = office.service
    assert control.status().version


def test_status_counts_what_is_live_and_tells_problems(office: Office) -> None:
    office.with_server().service.mint_grant(NewGrant(server="files", label="a"))
    office.service.mint_grant(NewGrant(server="files", label="b"))
    office.service.revoke_grant("b")
    office.service.set_policy("p", NewRevision(document='{"version":"1","default":"deny"}'))
    office.service.desk.report("file", "the file is unreadable")
    status = office.service.status()
    assert (status.servers, status.grants, status.policies) == (1, 1, 1)
    assert status.revision == office.publication.last.revision
    assert status.problems == ["the file is unreadable"]


@pytest.mark.parametrize("organisations", [1, 2])
def test_one_organisation_of_several_is_not_told_what_is_wrong_in_others(office: Office, organisations: int) -> None:
    problem = "policy `payroll` revision 2-x cannot be read"
    service = office.with_server().service
    if organisations == 2:
        PeopleService(service.desk, service.principal).add_organisation(NewOrganisation(name="other"))
    service.desk.report("policy", problem)
    plane = DataPlaneView(pid=1, listening="http://here", revision=1, problems=[problem])
    office.publication.data_planes = lambda: [plane]  # type: ignore[method-assign]  # one is connected
    office.publication.answer = Applied(applied=True, note=problem, of_all=True)
    told = {"operator": problem, "member": problem if organisations == 1 else ELSEWHERE}
    for kind, expected in told.items():
        own = Service(service.desk, replace(service.principal, kind=kind, name=kind))  # type: ignore[arg-type]  # one of them
        status = own.status()
        assert (status.problems, [one.problems for one in status.data_planes]) == ([expected], [[expected]])
        assert own.mint_grant(NewGrant(server="files", label=kind)).note == expected
        assert own.stop(StopWanted(scope="organisation")).note == expected
        own.resume(StopWanted(scope="organisation"))


def test_the_admin_log_is_newest_first_and_bounded(office: Office) -> None:
    office.with_server("one").with_server("two")
    assert [line.name for line in office.service.changes()] == ["two", "one"]
    assert [line.name for line in office.service.changes(1)] == ["two"]
    for limit in (0, 1_001):
        with pytest.raises(Invalid, match="from 1 to 1,000"):
            office.service.changes(limit)
