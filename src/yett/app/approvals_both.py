"""Requests of this installation's organisation and of this user's own runs, as one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from yett.admin.approvals_views import (
    ApprovalLine,
    ApprovalState,
    ApprovalView,
    CallApproval,
    CallDenial,
    ExemptionView,
)
from yett.admin.approvals_who import unknown
from yett.admin.checks import NS, duration_ns
from yett.admin.errors import Invalid
from yett.app.approvals_local import LocalApprovals
from yett.app.control import connect, user_name
from yett.settings import Settings
from yett.stores.control.lock import DATABASE_FILE
from yett.stores.state_file import STATE_FILE

if TYPE_CHECKING:
    from yett.admin.control import Control

EXEMPT_NS_MAX: Final = 7 * 86_400 * NS


class BothApprovals:
    """Looks among this user's own first: their ids are nobody else's."""

    def __init__(self, local: LocalApprovals, control: Control | None) -> None:
        self._local = local
        self._control = control

    def lines(self, state: ApprovalState | None = None) -> list[ApprovalLine]:
        """Requests of both, the newest first."""
        found = self._local.lines(state) + ([] if self._control is None else self._control.approvals(state))
        return sorted(found, key=lambda one: one.created_at, reverse=True)

    def open_lines(self) -> list[ApprovalLine]:
        """Those that wait, may run, or run, however many newer ones are over."""
        states: tuple[ApprovalState, ...] = ("pending", "approved", "running")
        return sorted((one for state in states for one in self.lines(state)), key=lambda one: one.created_at, reverse=True)

    def view(self, id: str) -> ApprovalView:
        """One, with everything. Errors: `NotFound`."""
        return self._local.view(id) if self._local.has(id) else self._of(id).approval(id)

    def approve(self, id: str, reason: str, exempt_for: str | None, free: tuple[str, ...]) -> ApprovalView:
        """Say yes. Errors: as `yett.admin.approvals.ApprovalCases.approve_call`."""
        if not self._local.has(id):
            said = CallApproval(reason=reason, exempt_for=exempt_for, free=list(free))
            return self._of(id).approve_call(id, said)
        if free and exempt_for is None:
            raise Invalid("arguments are freed for an exemption only: say for how long, too", pointer="/free")
        exempt_s = None if exempt_for is None else duration_ns("exempt_for", exempt_for, EXEMPT_NS_MAX) // NS
        return self._local.approve(id, reason, exempt_s, free)

    def deny(self, id: str, reason: str) -> ApprovalView:
        """Say no. Errors: as `approve`."""
        if self._local.has(id):
            return self._local.deny(id, reason)
        return self._of(id).deny_call(id, CallDenial(reason=reason))

    def exemptions(self) -> list[ExemptionView]:
        """Calls that are spared now."""
        return self._local.exemptions() + ([] if self._control is None else self._control.exemptions())

    def end_exemption(self, id: str) -> ExemptionView:
        """Be asked again from now on. Errors: `NotFound`."""
        return self._local.end_exemption(id) or self._of(id).end_exemption(id)

    def _of(self, id: str) -> Control:
        if self._control is None:
            raise unknown(id)
        return self._control


@contextmanager
def both_approvals(settings: Settings) -> Iterator[BothApprovals]:
    """The requests of this state directory. Where there never was a control plane, none is made for it."""
    with ExitStack() as stack:
        local = stack.enter_context(LocalApprovals(settings.state_dir / STATE_FILE, user_name(), time.time_ns))
        there = (settings.state_dir / DATABASE_FILE).exists()
        control = stack.enter_context(connect(settings)) if there else None
        yield BothApprovals(local, control)
