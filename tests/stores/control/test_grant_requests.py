"""Requests for grants, as rows; and when grants were used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.support.clock import START_NS, ManualClock
from yett.stores.control.grant_requests import is_open
from yett.stores.control.grants import note_uses
from yett.stores.control.records import Grant, GrantRequest, NamedRequest, Organisation, Server
from yett.stores.control.store import open_control
from yett.stores.control.transaction import Whole

HOUR_NS = 3_600 * 10**9


def request(number: int) -> GrantRequest:
    return GrantRequest(
        id=f"r-{number}",
        server_id="s",
        requester="local:ada",
        reason="an outage",
        seconds=3_600,
        created_at_ns=START_NS + number,
        expires_at_ns=START_NS + number + HOUR_NS,
    )


def prepared(whole: Whole) -> str:
    organisation = whole.organisations()[0].id
    write = whole.of(organisation)
    write.servers.add(Server(id="s", name="files", url="http://127.0.0.1:9/mcp", created_at_ns=START_NS))
    return organisation


def test_requests_are_listed_by_age_and_found_by_id(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    with store.whole() as whole:
        rows = whole.of(prepared(whole)).grant_requests
        for number in (2, 1, 3):
            rows.add(request(number))
        assert rows.find("r-2") == NamedRequest(request(2), "files", None)
        assert rows.find("r-9") is None
        assert [found.request.id for found in rows.listed(limit=2)] == ["r-1", "r-2"]
        assert [found.request.id for found in rows.listed(after=(START_NS + 2, "r-2"))] == ["r-3"]
        assert rows.listed(only=["another"]) == []
    store.close()


def test_a_decided_or_late_request_is_open_no_more(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    with store.whole() as whole:
        rows = whole.of(prepared(whole)).grant_requests
        rows.add(request(1))
        rows.add(request(2))
        assert rows.count_open(None, START_NS) == 2
        assert rows.count_open("somebody", START_NS) == 0
        rows.replace(replace(request(2), decision="denied", decided_by="local:bob", decided_at_ns=START_NS))
        assert [found.request.id for found in rows.listed(is_open(START_NS))] == ["r-1"]
        assert rows.count_open(None, START_NS + 1 + HOUR_NS) == 0
    store.close()


def test_another_organisation_does_not_see_a_request(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    with store.whole() as whole:
        whole.of(prepared(whole)).grant_requests.add(request(1))
        whole.add_organisation(Organisation(id="other", name="other", created_at_ns=START_NS))
        assert whole.of("other").grant_requests.find("r-1") is None
    store.close()


def test_the_latest_use_of_a_grant_is_remembered_and_no_data_plane_is_told(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    with store.whole() as whole:
        write = whole.of(prepared(whole))
        write.grants.add(Grant(id="g-1", server_id="s", digest="1", created_at_ns=START_NS))
        write.touched.grants.clear()
        for at_ns in (5, 7, 6):
            note_uses(whole.connection, {"g-1": at_ns, "g-unknown": at_ns})
        found = write.grants.find("g-1")
        assert found is not None
        assert found.grant.used_at_ns == 7
        assert not write.touched.grants
        note_uses(whole.connection, {})
    store.close()
