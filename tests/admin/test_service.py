"""Status and admin log."""

from __future__ import annotations

import pytest

from tests.admin.service import Office
from yett.admin.control import Control
from yett.admin.errors import Invalid
from yett.admin.views import NewGrant, NewRevision


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
    assert (status.servers, status.grants, status.policies, status.revision) == (1, 1, 1, 5)
    assert status.problems == ["the file is unreadable"]


def test_the_admin_log_is_newest_first_and_bounded(office: Office) -> None:
    office.with_server("one").with_server("two")
    assert [line.name for line in office.service.changes()] == ["two", "one"]
    assert [line.name for line in office.service.changes(1)] == ["two"]
    for limit in (0, 1_001):
        with pytest.raises(Invalid, match="from 1 to 1,000"):
            office.service.changes(limit)
