"""Approvals of `yett run`: no organisation, no members. Whoever has this user's shell decides, and no control plane is needed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final

from yett.admin.approvals_port import ApprovalQuery
from yett.admin.approvals_showing import approval_line, approval_view, exemption_view
from yett.admin.approvals_views import ApprovalLine, ApprovalState, ApprovalView, ExemptionView
from yett.admin.approvals_who import Person, Said, unknown
from yett.admin.errors import Conflict
from yett.admin.permissions import operator
from yett.app.approvals import StateApprovals
from yett.app.policy_file import ORGANISATION
from yett.approvals.model import Approval, State
from yett.approvals.who import ADMIN, Approver

LISTED_MAX: Final = 500


class LocalApprovals(AbstractContextManager["LocalApprovals"]):
    """The requests of this user's own runs. Errors of all methods: `StoreFault`, and `AdminFault` for what cannot be done."""

    def __init__(self, state_db: Path, user: str, now_ns: Callable[[], int]) -> None:
        self._there = state_db.exists()
        self._port = StateApprovals(state_db)
        self._now_ns = now_ns
        name = f"local:{user}"
        principal = operator(name, ORGANISATION)
        self._person = Person(principal, Approver(name, user, ADMIN, ORGANISATION), 1, ())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._port.close()

    def lines(self, state: ApprovalState | None = None) -> list[ApprovalLine]:
        """All requests, or those that stand so; the newest first."""
        query = ApprovalQuery(
            organisation=ORGANISATION, state=None if state is None else State(state), servers=None, after=None, limit=LISTED_MAX
        )
        now_ns = self._now_ns()
        return [approval_line(one, self._person, now_ns) for one in self._port.page(query, now_ns)]

    def has(self, id: str) -> bool:
        """Whether this is one of ours; where nothing was ever judged, none is."""
        return self._there and self._find(id) is not None

    def view(self, id: str) -> ApprovalView:
        """One, with everything."""
        found = self._find(id)
        if found is None:
            raise unknown(id)
        return self._view(found)

    def approve(self, id: str, reason: str = "", exempt_s: int | None = None, free: tuple[str, ...] = ()) -> ApprovalView:
        """Say yes."""
        return self._decide(id, True, reason, exempt_s, free)

    def deny(self, id: str, reason: str) -> ApprovalView:
        """Say no."""
        return self._decide(id, False, reason)

    def exemptions(self) -> list[ExemptionView]:
        """Calls that are spared now."""
        return [exemption_view(one) for one in self._port.exemptions(ORGANISATION, self._now_ns())] if self._there else []

    def end_exemption(self, id: str) -> ExemptionView | None:
        """Be asked again from now on; None where there is no such exemption of ours."""
        if id not in {one.id for one in self.exemptions()}:
            return None
        approver = self._person.approver
        assert approver is not None, "made with one"
        ended = self._port.end_exemption(id, approver.id, approver.name, self._now_ns())
        return None if ended is None else exemption_view(ended)

    def _decide(
        self, id: str, approve: bool, reason: str, exempt_s: int | None = None, free: tuple[str, ...] = ()
    ) -> ApprovalView:
        now_ns = self._now_ns()
        said = Said(approve=approve, at_ns=now_ns, via="cli", reason=reason, exempt_s=exempt_s, free=free)
        after = self._port.vote(id, lambda standing: self._person.vote(standing, said, id), now_ns)
        if not isinstance(after, Approval):
            raise unknown(id) if after is None else Conflict(after.reason)
        return self._view(after)

    def _find(self, id: str) -> Approval | None:
        found = self._port.get(id, self._now_ns())
        return found if self._person.sees(found) else None

    def _view(self, approval: Approval) -> ApprovalView:
        now_ns = self._now_ns()
        spared = [one for one in self._port.exemptions(ORGANISATION, now_ns) if one.approval == approval.id]
        return approval_view(approval, self._person, self._port.beside(approval, now_ns), spared, "", now_ns)
