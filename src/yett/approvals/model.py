"""The values of approvals: a request waits for people, an approval is one that they gave, an exemption spares asking again."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from msgspec import Struct

APPROVAL_PREFIX: Final = "ap_"
EXEMPTION_PREFIX: Final = "ex_"


class State(Enum):
    """Where a request stands. Stable: programs read it."""

    PENDING = "pending"
    """People are asked."""
    APPROVED = "approved"
    """The call may run once, until the request expires."""
    RUNNING = "running"
    """The call was let through, and what came of it is not known yet."""
    DONE = "done"
    """It ran."""
    UNKNOWN = "unknown"
    """It was let through, and whether it ran cannot be told. Never tried again by itself."""
    DENIED = "denied"
    """A person said no, or took a yes back."""
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """Nobody needs the answer any more."""

    @property
    def open(self) -> bool:
        """Whether the same call, asked again, comes to this request."""
        return self in {State.PENDING, State.APPROVED}


class Asked(Struct, frozen=True):
    """One rule that asks for people."""

    rule: str
    quorum: int = 1
    """How many different people must say yes."""
    approvers: tuple[str, ...] = ()
    """Member e-mails or roles; empty means any `admin` or `policy_manager`."""
    message: str | None = None


class Charged(Struct, frozen=True):
    """What the call would add to one limit."""

    counter: str
    """`CounterKey.encode()`."""
    rule: str
    amount: str
    maximum: str


class ApprovalRequest(Struct, frozen=True):
    """Everything that an approval is bound to, and what people must see of the call."""

    binding: str
    """Digest of organisation, grant, server, target, its definition, arguments, policy and revision: what an approval fits."""
    organisation: str
    grant_id: str
    grant_label: str
    owner: str | None
    """Who the grant belongs to, and so who asks."""
    server_id: str
    server_name: str
    surface: str
    target: str
    definition: str | None
    """Fingerprint of the tool's definition; None for what has none."""
    risk: str | None
    policy: str | None
    policy_revision: str | None
    asks: tuple[Asked, ...]
    arguments: str
    """JSON, with what the masking rules name as `***`."""
    members: Mapping[str, str]
    """Names of the top-level arguments, each with a keyed digest of its value."""
    arguments_digest: str
    """As the decision log has it."""
    timeout_s: int
    """How long people have."""
    charges: tuple[Charged, ...] = ()
    method: str = ""
    """What asks for it; a prompt may be got or completed, a resource read or subscribed to."""

    @property
    def rules(self) -> frozenset[str]:
        """The rules that ask."""
        return frozenset(ask.rule for ask in self.asks)

    def __repr__(self) -> str:
        """Without arguments, whatever prints it."""
        return f"ApprovalRequest({self.server_name!r}, {self.target!r}, {self.binding!r})"


class Vote(Struct, frozen=True):
    """What one person said."""

    voter: str
    """Id of the member, or `local:<user>` for whoever has the shell of the host."""
    name: str
    """E-mail, or the name of the user: for people."""
    approve: bool
    at_ns: int
    via: str
    """How it came: `cli`, `api`, `page`, `slack`."""
    rules: tuple[str, ...] = ()
    """Of these rules this person is an approver; the vote counts for them."""
    on_behalf: str | None = None
    """Id of the member who delegated it."""
    on_behalf_name: str | None = None
    reason: str | None = None
    exempt_s: int | None = None
    """For how long the same call need not be asked for again, by this vote."""
    free: tuple[str, ...] = ()
    """Arguments that may differ then."""

    @property
    def stands_for(self) -> str:
        """Whose say it is: the voter's own, or that of the member who delegated it."""
        return self.voter if self.on_behalf is None else self.on_behalf


class Approval(Struct, frozen=True, kw_only=True):
    """One request with all that was said about it."""

    id: str
    request: ApprovalRequest
    state: State
    created_ns: int
    expires_ns: int
    votes: tuple[Vote, ...] = ()
    times_asked: int = 1
    """Calls that came to this request while it was open."""
    spent_ns: int | None = None
    call: int | None = None
    """Sequence number of the record of the call that it let through."""
    ended_ns: int | None = None
    note: str | None = None
    """What people should know: why the approved call was refused when it came, or what became of it."""

    def approvers_of(self, rule: str) -> frozenset[str]:
        """The different people whose yes counts for a rule."""
        return frozenset(vote.stands_for for vote in self.votes if vote.approve and rule in vote.rules)

    @property
    def missing(self) -> Mapping[str, int]:
        """Rules that need more people, and how many."""
        short = {ask.rule: ask.quorum - len(self.approvers_of(ask.rule)) for ask in self.request.asks}
        return {rule: count for rule, count in short.items() if count > 0}


class Exemption(Struct, frozen=True, kw_only=True):
    """Calls that need not be asked for until a time: same grant, server, target, definition and arguments, but for freed ones."""

    id: str
    approval: str
    """The request from which it came."""
    organisation: str
    grant_id: str
    grant_label: str
    server_id: str
    server_name: str
    surface: str
    target: str
    definition: str | None
    policy: str | None
    rules: tuple[str, ...]
    asks: tuple[Asked, ...] = ()
    """Whom these rules asked for: if they ask for others now, those have agreed to nothing."""
    method: str = ""
    members: Mapping[str, str]
    """As `ApprovalRequest.members`, without those that are free."""
    free: tuple[str, ...]
    from_ns: int
    until_ns: int
    given_by: tuple[str, ...]
    """Names of the people who said yes."""
    ended_ns: int | None = None
    ended_by: str | None = None


class Ticket(Struct, frozen=True):
    """What the caller is told of a request."""

    id: str
    expires_ns: int
    new: bool = True
    """Whether this call made the request; else it came to one that was open."""


class Delegation(Struct, frozen=True, kw_only=True):
    """A member has another one vote in their place for a while."""

    id: str
    organisation: str
    by: str
    """Id of the member who delegates."""
    by_name: str
    to: str
    """Id of the member who may vote for them."""
    to_name: str
    from_ns: int
    until_ns: int
