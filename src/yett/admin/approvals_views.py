"""What goes in and out about calls that people must approve. All text of callers and servers in it is inert."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from yett.admin.exemption_views import ExemptionView as ExemptionView
from yett.admin.views import STRICT

ApprovalState = Literal["pending", "approved", "running", "done", "unknown", "denied", "expired", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallApproval:
    """A person says yes to one call."""

    __pydantic_config__: ClassVar = STRICT
    reason: str = ""
    exempt_for: str | None = None
    """For how long the same call need not be asked for again (`1h`); left out, it is asked for each time."""
    free: list[str] = field(default_factory=list)
    """Names of top-level arguments that may differ then; all others must be what they are now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDenial:
    """A person says no to one call, or takes a yes back."""

    __pydantic_config__: ClassVar = STRICT
    reason: str
    """Why; it must not be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWithdrawal:
    """Nobody needs the answer any more."""

    __pydantic_config__: ClassVar = STRICT
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelegation:
    """Another member who may decide in one's place for a while."""

    __pydantic_config__: ClassVar = STRICT
    to: str
    """A member's address or id."""
    duration: str
    """For how long, from now on: `8h`, `14d`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalLine:
    """A request as one line of a list."""

    id: str
    state: ApprovalState
    server: str
    surface: str
    """`tools`, `resources` or `prompts`."""
    tool: str
    """Its name, the resource's URI, or the prompt's name."""
    risk: str | None
    grant: str
    """Id."""
    grant_label: str
    owner: str | None
    """Whose the grant is, and so who asks."""
    mine: bool
    """Whether that is whoever looks."""
    decidable: bool
    """Whether whoever looks may say yes or no now."""
    missing: int
    """How many more people must say yes, at least."""
    created_at: str
    expires_at: str
    ended_at: str | None
    times_asked: int
    """Calls that came to this request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPage:
    items: list[ApprovalLine]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskView:
    """One rule that asks."""

    rule: str
    message: str | None
    quorum: int
    approvers: list[str]
    """Addresses of members, or roles; empty for any admin or policy manager."""
    approved_by: list[str]
    missing: int
    """How many more people must say yes for this rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteView:
    name: str
    approve: bool
    at: str
    via: str
    on_behalf: str | None
    """Who delegated it."""
    reason: str | None
    rules: list[str]
    exempt_for_s: int | None
    free: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    """One limit that the call counts against, as it stands now."""

    rule: str
    counter: str
    window: str
    amount: str
    """What the call would add."""
    used: str
    maximum: str
    remaining: str
    """What would be left after this call; `0` also where it does not fit."""
    fits: bool
    """Whether the call would be let through by this limit now. A call that ran has been counted already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """A call of the decision log."""

    seq: int
    at: str
    decision: str
    code: str | None
    rule: str | None
    message: str | None
    result: str | None
    """What came of it; null where it was not forwarded, or nothing is known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """A request with everything that is known of it."""

    id: str
    state: ApprovalState
    page: str
    """Where people decide in a browser."""
    next: str
    """What happens now, in one sentence."""
    server: str
    server_id: str
    surface: str
    tool: str
    risk: str | None
    definition: str | None
    """Fingerprint of the tool's definition that the approval is bound to."""
    grant: str
    grant_label: str
    owner: str | None
    mine: bool
    decidable: bool
    why_not: str | None
    """Why whoever looks may not decide; null where they may."""
    policy: str | None
    policy_revision: str | None
    asks: list[AskView]
    arguments: str
    """JSON, one member a line, in full; masked ones are `***`, and what does not show itself is written as `\\uXXXX`."""
    marks: list[str]
    """What is written as `\\uXXXX` in them, in the name of the tool, or in that of the grant, each with its name: characters that
    people would not see, or take for others."""
    names: list[str]
    """Top-level arguments, which an exemption may free."""
    arguments_digest: str
    """As the decision log has it."""
    votes: list[VoteView]
    limits: list[LimitView]
    history: list[PastCall]
    """The last calls of this grant with this tool, the newest first."""
    created_at: str
    expires_at: str
    """Until when it can be decided and, once approved, used."""
    ended_at: str | None
    times_asked: int
    note: str | None
    """What people should know: why the approved call was refused when it came, or what became of it."""
    call: PastCall | None
    """The call that it let through."""
    exemptions: list[ExemptionView]
    """Those that came of it and hold now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationView:
    id: str
    by: str
    """Who delegates."""
    to: str
    """Who may decide in their place."""
    since: str
    until: str
