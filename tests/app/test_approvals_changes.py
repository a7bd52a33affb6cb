"""Whoever watches requests asks for what changed, and for nothing where nothing did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.approvals.made import request
from tests.stores.approving import says_yes
from tests.support.clock import ManualClock
from yett.app.approvals_both import BothApprovals
from yett.app.approvals_changes import AT_ONCE, Changes
from yett.app.approvals_local import LocalApprovals
from yett.approvals.model import ApprovalRequest, Ticket
from yett.policy.decision import Code, Decision, Effect
from yett.stores.approval_desk import ApprovalDesk
from yett.stores.state_approvals import Consents
from yett.stores.state_file import open_writer

ASKS = Decision(Effect.APPROVAL, Code.APPROVAL_REQUIRED, "/rule")


@dataclass
class Watched:
    """Requests of this user's runs, and who watches them."""

    path: Path
    clock: ManualClock = field(default_factory=ManualClock)
    opened: int = 0
    """How often the requests themselves were reached."""

    def ask(self, name: str, **members: object) -> str:
        """A call waits; written by the ledger's own code."""
        wanted: ApprovalRequest = request(**{"organisation": "local", "binding": name, **members})
        with ApprovalDesk(self.path) as desk, desk._writing() as consents:
            asked = Consents.ask(consents, wanted, ASKS, self.clock.now_ns())
        assert isinstance(asked, Ticket)
        return asked.id

    def approve(self, id: str) -> None:
        with ApprovalDesk(self.path) as desk:
            desk.vote(id, says_yes(self.clock.now_ns()), self.clock.now_ns())

    @contextmanager
    def both(self) -> Iterator[BothApprovals]:
        self.opened += 1
        with LocalApprovals(self.path, "me", self.clock.now_ns) as local:
            yield BothApprovals(local, None)

    def watcher(self) -> Callable[[], list[tuple[str, str]]]:
        changes = Changes(self.path, self.both, self.clock.now_ns)
        return lambda: [(one.id, one.state) for one in changes.look()]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "state.db")


def test_where_nothing_was_ever_judged_nothing_is_asked(watched: Watched) -> None:
    assert (watched.watcher()(), watched.opened, watched.path.exists()) == ([], 0, False)


def test_a_second_without_news_asks_for_nothing_and_one_with_news_for_that_only(watched: Watched) -> None:
    first, look = watched.ask("a"), watched.watcher()
    assert look() == [(first, "pending")]
    for _ in range(5):
        assert look() == []
    assert watched.opened == 1
    second = watched.ask("b")
    assert look() == [(second, "pending")]
    watched.approve(first)
    assert look() == [(first, "approved")]
    assert (look(), watched.opened) == ([], 3)


def test_what_time_alone_ends_is_told_once(watched: Watched) -> None:
    id, look = watched.ask("a", timeout_s=60), watched.watcher()
    look()
    watched.clock.advance(61)
    assert look() == [(id, "expired")]
    assert (look(), watched.opened) == ([], 2)


def test_many_changes_at_once_are_one_question(watched: Watched) -> None:
    ids, look = [watched.ask("old")], watched.watcher()
    look()
    watched.approve(ids[0])
    ids += [watched.ask(f"a{number}", grant_id=f"g{number}") for number in range(AT_ONCE + 1)]
    assert {id for id, _ in look()} == set(ids)
    assert look() == []


def test_what_somebody_tried_with_another_id_is_no_news(watched: Watched) -> None:
    watched.ask("a")
    look = watched.watcher()
    look()
    connection = open_writer(watched.path)
    connection.execute("INSERT INTO events VALUES (999, 1, 'm', 'approval_refused', '{\"approval\": \"ap_forged\"}')")
    connection.execute("INSERT INTO events VALUES (1000, 1, 'm', 'limits_reset', '{}')")
    connection.close()
    assert (look(), watched.opened) == ([], 1)
