"""What the control plane asks of whoever keeps requests for approval, as a port. `app` hands in the desk of this machine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from yett.approvals.lifecycle import Refusal
from yett.approvals.model import Approval, Delegation, Exemption, State, Vote

MakeVote: TypeAlias = Callable[[Approval], Vote | Refusal]
"""Judges who votes by the request as it stands. What it raises comes through, and nothing is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalQuery:
    """Which requests are wanted, the newest first."""

    organisation: str
    limit: int
    state: State | None = None
    servers: Collection[str] | None = None
    """Ids of the servers within reach; None for all."""
    after: tuple[int, str] | None = None
    """When the last one of the page before was made, and its id."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A call of the decision log."""

    seq: int
    at_ns: int
    decision: str
    code: str | None
    rule: str | None
    message: str | None
    result: str | None


@dataclass(frozen=True, slots=True)
class LimitNow:
    """A limit that a call counts against, as it stands now."""

    rule: str
    counter: str
    window: str
    amount: str
    maximum: str
    used: str
    remaining: str
    fits: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """What people see beside a request."""

    limits: list[LimitNow] = field(default_factory=list)
    history: list[Logged] = field(default_factory=list)
    call: Logged | None = None
    """The call that it let through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Something that somebody tried and may not."""

    at_ns: int
    actor: str
    organisation: str
    act: str
    """`show`, `approve`, `deny`, `withdraw`."""
    approval: str
    """The id that was named, whatever it is."""
    why: str


@dataclass(frozen=True, slots=True)
class LoggedStep:
    """Something that a person did, as the decision log has it."""

    at_ns: int
    actor: str
    """Id of a member, or `local:NAME`."""
    action: str
    detail: Mapping[str, Any]


STEPS: Final = frozenset(
    {
        *("approval_voted", "approval_given", "approval_denied", "approval_withdrawn"),
        *("exemption_ended", "delegation_given", "delegation_ended"),
    }
)
"""Events of the decision log that the admin log tells of, too."""


class ApprovalsPort(Protocol):
    """Requests, exemptions and delegations of all organisations. Blocks for a bounded time; for any number of threads.

    Each act is one transaction with its events in the decision log. Errors: `StoreFault`.
    """

    def page(self, query: ApprovalQuery, now_ns: int) -> list[Approval]:
        """Some requests, as they stand now."""
        ...

    def get(self, id: str, now_ns: int, organisation: str | None = None) -> Approval | None:
        """The request of this id as it stands now, of this organisation or of any.

        Within an organisation, another's request is looked up by the same work as one that is not there.
        """
        ...

    def open_of(self, organisation: str, now_ns: int) -> list[Approval]:
        """Requests that wait for people, or whose call may still come."""
        ...

    def beside(self, approval: Approval, now_ns: int) -> Beside:
        """What people should know before they decide."""
        ...

    def vote(self, id: str, make: MakeVote, now_ns: int) -> Approval | Refusal | None:
        """Have a person say yes or no; the request afterwards, why not, or None where there is no such request."""
        ...

    def withdraw(self, id: str, why: str, actor: str, now_ns: int) -> Approval | Refusal | None:
        """End a request whose answer nobody needs; as `vote`."""
        ...

    def exemptions(self, organisation: str, now_ns: int, policy: str | None = None) -> list[Exemption]:
        """Those that hold now."""
        ...

    def end_exemption(self, id: str, actor: str, actor_name: str, now_ns: int) -> Exemption | None:
        """Have people be asked again; None where there is no such exemption, or it has ended."""
        ...

    def delegations(self, organisation: str, now_ns: int) -> list[Delegation]:
        """Those that hold now, or will."""
        ...

    def delegate(self, delegation: Delegation, actor: str, now_ns: int) -> None:
        """Write a delegation; one whose end has come ends it. `actor` is who does so."""
        ...

    def steps_since(self, at_ns: int) -> list[LoggedStep]:
        """What people have done since then, by the decision log: `STEPS`, the oldest first."""
        ...

    def close(self) -> None:
        """Leave the desk."""
        ...

    def refused(self, attempt: Attempt) -> None:
        """Have it be seen in the decision log, unless the same one tries too often."""
        ...
