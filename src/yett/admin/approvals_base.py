"""What the use cases about approvals share: who keeps requests, who asks, and what is refused and written down."""

from __future__ import annotations

from typing import Final

from yett.admin.approvals_port import ApprovalsPort, Attempt
from yett.admin.approvals_who import OPERATOR, Person, local_name, person_of
from yett.admin.cases import Cases
from yett.admin.checks import check_text
from yett.admin.errors import Conflict, Invalid
from yett.stores.control.records import Change

REASON_MAX: Final = 1_000
"""Characters."""


class ApprovalBase(Cases):
    """The base of the use cases about approvals."""

    __slots__ = ()

    @property
    def approvals_port(self) -> ApprovalsPort:
        """Who keeps requests. Errors: `Conflict` where nobody does."""
        port = self.desk.environment.approvals
        if port is None:
            raise Conflict("no requests for approval are kept here")
        return port

    def approving_person(self) -> Person:
        """Who asks, as they are now."""
        delegations = self.approvals_port.delegations(self.principal.organisation, self.now_ns())
        return self.read(lambda read: person_of(read, self.principal, delegations))

    def approving_actor(self) -> tuple[str, str]:
        """Id and name of who acts, as the decision log has them."""
        if self.principal.kind == OPERATOR:
            name = local_name(self.principal)
            return f"local:{name}", name
        return self.principal.user_id or self.principal.name, self.principal.name

    def note_refused_approval(self, act: str, id: str, why: str) -> None:
        """Have an attempt be seen. It is noted alike whether there is such a request or not."""
        attempt = Attempt(
            at_ns=self.now_ns(),
            actor=self.approving_actor()[0],
            organisation=self.principal.organisation,
            act=act,
            approval=id,
            why=why,
        )
        self.approvals_port.refused(attempt)

    def note_approval(self, action: str, subject: tuple[str, str], at_ns: int, **detail: str) -> None:
        """Write a line of the admin log about something that was done at the desk of approvals, at the moment that its event has:
        by that, `yett.admin.approvals_mending` sees which line is missing after a crash."""
        change = Change(
            at_ns=at_ns,
            actor=self.principal.name,
            action=action,
            subject=subject[0],
            name=subject[1],
            detail={key: value for key, value in detail.items() if value},
            address=self.principal.address,
        )
        self.desk.write(lambda whole: whole.of(self.principal.organisation).log.add(change))


def checked_reason(text: str) -> str:
    """`text`, if it is one line of a sane length."""
    if len(text) > REASON_MAX:
        raise Invalid(f"the reason is longer than {REASON_MAX:,} characters", pointer="/reason")
    for start in range(0, len(text), 256):
        check_text("the reason", text[start : start + 256], "/reason")
    return text.strip()
