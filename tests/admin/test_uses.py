"""What data planes report of the use of grants."""

from __future__ import annotations

import logging

import pytest

from tests.admin.service import Office
from yett.admin.uses import AT_ONCE_MAX, Uses
from yett.admin.views import NewGrant


def test_what_is_reported_is_noted_and_nobody_is_told(office: Office) -> None:
    grants = [office.with_server().service.mint_grant(NewGrant(server="files")).grant.id, *map(str, range(AT_ONCE_MAX))]
    uses, before = Uses(), len(office.publication.snapshots)
    uses({grants[0]: office.clock.now_ns()})
    assert office.service.grant(grants[0]).used_at is None
    uses.desk = office.service.desk
    uses({**dict.fromkeys(grants[1:], 1), grants[0]: office.clock.now_ns()})
    assert office.service.grant(grants[0]).used_at == "2026-01-01T00:00:00Z"
    assert len(office.publication.snapshots) == before


def test_a_store_that_fails_is_told_in_the_log(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    uses = Uses()
    uses.desk = office.service.desk
    office.service.desk.write(lambda whole: whole.connection.exec_driver_sql("ALTER TABLE grants RENAME TO gone"))
    with caplog.at_level(logging.WARNING):
        uses({"g": 1})
    assert "when grants were last used was not noted" in caplog.text
    office.service.desk.write(lambda whole: whole.connection.exec_driver_sql("ALTER TABLE gone RENAME TO grants"))
