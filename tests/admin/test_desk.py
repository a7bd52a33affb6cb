"""One place for changes: order, problems, and the data planes' answer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.admin.service import Office
from yett.admin.desk import Applied
from yett.admin.views import NewGrant, NewServer
from yett.gateway.snapshot import SnapshotDelta


def test_snapshots_leave_in_the_order_of_their_numbers_whoever_makes_them(office: Office) -> None:
    office.with_server()
    before = len(office.publication.snapshots)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: office.service.mint_grant(NewGrant(server="files", label=f"g{number}")), range(40)))
    assert [snapshot.revision for snapshot in office.publication.snapshots] == list(range(1, before + 41))
    counts = [len(snapshot.grants) for snapshot in office.publication.snapshots]
    assert counts == [0, *range(41)], "the server, its first look, the grants"


def test_nobody_else_changes_anything_before_a_snapshot_has_left(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, locked = office.service.desk, []
    offer = office.publication.offer

    def watched(delta: SnapshotDelta) -> Callable[[], Applied]:
        locked.append(desk._lock.locked())
        answer = offer(delta)

        def unlocked() -> Applied:
            locked.append(desk._lock.locked())
            return answer()

        return unlocked

    monkeypatch.setattr(office.publication, "offer", watched)
    office.with_server()
    assert locked == [True, False] * len(office.publication.snapshots), "held while it leaves, free while the answer is awaited"


def test_an_answer_that_did_not_come_is_told_and_the_change_stands(office: Office) -> None:
    office.publication.answer = Applied(applied=False, note="the data plane did not answer")
    changed = office.service.add_server(NewServer(name="files", url="http://127.0.0.1:9/mcp"))
    assert (changed.applied, changed.note) == (False, "the data plane did not answer")
    assert office.service.servers() == [changed.server]


def test_a_problem_is_news_once_and_travels_with_the_next_snapshot(office: Office) -> None:
    desk = office.service.desk
    assert desk.report("a", "the file `a` is gone")
    assert not desk.report("a", "the file `a` is gone")
    desk.spread()
    assert office.publication.last.problems == ["the file `a` is gone"]
    assert desk.report("a", None)
    assert not desk.report("a", None)
    desk.spread()
    assert office.publication.last.problems == []
