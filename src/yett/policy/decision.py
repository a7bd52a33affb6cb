"""What is asked of the engine, and what it answers. Value types only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NamedTuple

from yett.policy.json_value import JsonObject
from yett.quota.charge import Charge


class Surface(StrEnum):
    """The kind of thing a call is about; each has its own keys in a policy."""

    TOOL = "tools"
    RESOURCE = "resources"
    PROMPT = "prompts"


class Call(NamedTuple):
    """One call as the server would see it. For a resource, `name` is the URI and `arguments` is `{"uri": name}`.

    A tuple, for each call makes one, in a quarter of the time that a frozen dataclass takes.
    """

    surface: Surface
    name: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class Grant:
    """The attributes of a grant that conditions may ask about. `owner` None is ABSENT."""

    id: str
    label: str = ""
    owner: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


ArgumentCheck = Callable[[JsonObject], str | None]
"""Says why arguments do not satisfy the tool's input schema, or None if they do. Never raises."""


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """What the gateway knows of the called tool. Meaningless for resources and prompts."""

    known: bool = True
    """Whether the server's list has the tool; True also where no list is at hand (scenario files without `tools`)."""
    changed: bool = False
    """Whether it changed since it was pinned and is not yet re-approved."""
    risk: str | None = None
    """Its catalogue class; None is judged as `Unknown`."""
    check: ArgumentCheck | None = None
    """The compiled input schema; None where the schema is not known or not usable."""
    definition: str | None = None
    """Fingerprint of the definition as the server lists it: what people approve is a call of this very tool."""


class Facts(NamedTuple):
    """Everything beside the call that a decision depends on, but for counters and time."""

    organisation: str
    server_id: str
    server_name: str
    grant: Grant
    session: str | None = None
    """The session's id; None in the stateless revision, where the grant stands for it (`session.id` is then the grant's id)."""
    client_ip: str | None = None
    """None where the gateway cannot determine it: ILL, not ABSENT."""
    tool: ToolFacts = ToolFacts()
    approved: bool = False
    """Whether an approval that fits this exact call is at hand."""


class Effect(Enum):
    """What becomes of the call. The last two are forwarded: a rule in shadow mode would have stopped them."""

    ALLOW = "allow"
    DENY = "deny"
    APPROVAL = "approval"
    WOULD_DENY = "would_deny"
    WOULD_ASK = "would_ask"

    @property
    def forwards(self) -> bool:
        """Whether the call goes on to the server."""
        return self is not Effect.DENY and self is not Effect.APPROVAL


class Code(Enum):
    """Stable reason codes of denials. They appear in replies and in the log, and are never renamed."""

    NO_POLICY = "no_policy"
    HIDDEN = "hidden"
    UNKNOWN_TOOL = "unknown_tool"
    TOOL_CHANGED = "tool_changed"
    NOT_LISTED = "not_listed"
    ARGUMENT_SCHEMA = "argument_schema"
    ARGUMENT_TYPE = "argument_type"
    REQUIRE_FAILED = "require_failed"
    DENY_IF_MATCHED = "deny_if_matched"
    LIMIT_EXCEEDED = "limit_exceeded"
    APPROVAL_REQUIRED = "approval_required"
    APPROVAL_DENIED = "approval_denied"
    """People were asked about this very call a while ago, and said no."""
    APPROVALS_FULL = "approvals_full"
    """People would have to be asked, and too many requests of this grant wait for them already."""
    COUNTER_UNAVAILABLE = "counter_unavailable"
    AUDIT_UNAVAILABLE = "audit_unavailable"
    CREDENTIAL_UNAVAILABLE = "credential_unavailable"
    STOPPED = "stopped"
    """People stopped the grant, its server, its organisation or everything."""
    TOOLS_UNAVAILABLE = "tools_unavailable"
    """The server's tool list could not be read, so the call could not be judged."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One approval that people must give before the call may run."""

    rule: str
    timeout_s: int
    approvers: tuple[str, ...]
    """Member e-mails or roles; empty means any `admin` or `policy_manager`."""
    quorum: int
    message: str | None = None


class Decision(NamedTuple):
    """The answer: the effect, the one reason that settled it, and what must be done before the call may be forwarded.

    A tuple, for each call that is not judged like the one before makes one.
    """

    effect: Effect
    code: Code | None = None
    rule: str | None = None
    message: str | None = None
    """What the client is told, without the `[POLICY DENIED]` prefix; None when nothing denies."""
    retry_after_s: int | None = None
    charges: tuple[Charge, ...] = ()
    """Enforced limits, to be reserved all together before the call is forwarded. Empty unless `effect.forwards`."""
    shadow_charges: tuple[Charge, ...] = ()
    """Limits of rules in shadow mode: counted only if all of them fit, and only for effect ALLOW. Where one does not fit, the
    call is forwarded as WOULD_DENY `limit_exceeded`."""
    asks: tuple[Ask, ...] = ()
    """For APPROVAL: every approval this call needs. For a call that is forwarded with an approval at hand: those it spends."""

    @property
    def rules_asking(self) -> frozenset[str]:
        """The rules of `asks`."""
        return frozenset(ask.rule for ask in self.asks)
