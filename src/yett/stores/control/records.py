"""What the control plane remembers, as values. Moments are nanoseconds since the epoch, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Who owns servers, policies, grants, members and logs; they share nothing with those of another one."""

    id: str
    name: str
    created_at_ns: int
    stopped_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A configured server. Exactly one of `url` and `command` is set."""

    id: str
    name: str
    """The slug in its address; unique in its organisation."""
    notes: str = ""
    url: str | None = None
    transport: str = "http"
    """What is spoken at `url`: `http` (Streamable HTTP) or `sse` (revision 2024-11-05)."""
    command: str | None = None
    credential: str | None = None
    """`env:NAME` or `file:PATH`: a reference, never the value."""
    credential_header: str = "authorization"
    credential_scheme: str = "Bearer"
    created_at_ns: int
    stopped_at_ns: int | None = None
    program: str | None = None
    """The mark of the program that `command` was when that was last seen (`yett.stores.commands.mark_of`)."""
    moved_at_ns: int | None = None
    """When it last came to be somewhere else: what was approved before was of another server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a server was like when it was last asked."""

    server_id: str
    at_ns: int
    problem: str | None = None
    """Why it could not be asked."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """Of the last time it answered: its name and version, the protocol's revision, its tools as it describes them."""
    classes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Class of each of these tools, and the fingerprint of the definition that was judged, by name."""
    classified_by: str = ""
    """What the classes depend on beside the tools: which classifier it was, and what the server is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookText:
    """The same as it is kept: what it said is JSON text, megabytes of it for some, to be read when no transaction is open."""

    at_ns: int
    problem: str | None
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolClass:
    """The class that an admin gave to a tool."""

    server_id: str
    tool: str
    risk: str
    severity: str | None = None
    """None for the base of the class."""
    reason: str = ""
    set_by: str
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChange:
    """A tool that a look found otherwise than the look before."""

    sequence: int = 0
    """Set by the database; higher for what was noted later."""
    server_id: str
    at_ns: int
    tool: str
    kind: str
    """`added`, `removed` or `changed`."""
    severity: int
    """0 for Low to 3 for Critical."""
    before: str | None
    """Digest of the whole definition; None where there was none."""
    after: str | None
    meanings: tuple[str, ...]
    """Codes of `yett.catalog.drift.MEANINGS`, the gravest first."""
    members: tuple[str, ...]
    """Members of the definition that changed."""
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPin:
    """The definition of a tool that was accepted."""

    server_id: str
    tool: str
    fingerprint: str
    marks: tuple[str, ...]
    """As `yett.catalog.pins` makes them."""
    definition: Mapping[str, Any]
    how: str
    """`first` (seen first), `upgrade`, `accepted` (by a person) or `setting` (by the server's own)."""
    set_by: str
    """Who accepted it; empty for nobody."""
    reason: str = ""
    at_ns: int
    void: bool = False
    """Whether the server has moved since: it is kept to show what changed, and lets nothing through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """How a server is held to its pins."""

    mode: str
    since_ns: int | None = None
    """Since when it has any; None before it told its tools."""
    moved: bool = False
    """Whether it moved, and something that it lists was not accepted since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A named policy. Its texts are its revisions: the published one judges, later ones are drafts."""

    id: str
    name: str
    server_id: str | None = None
    """The one server whose grants may have it; None for any."""
    source: str | None = None
    """The file on the control plane's host that it follows; None for one that was set by command."""
    published: int | None = None
    """The number of the revision that judges; None while there are only drafts."""
    created_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One immutable text of a policy."""

    policy_id: str
    number: int
    """From 1, without gaps."""
    digest: str
    """SHA-256 of `document`, in hex."""
    document: str = ""
    """Canonical JSON; left out, as empty, where a list has no use for it."""
    author: str
    message: str
    created_at_ns: int

    @property
    def name(self) -> str:
        """How the revision is called in logs and replies: `<number>-<first 12 digits of the digest>`."""
        return f"{self.number}-{self.digest[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token's rights; of the token itself only the keyed digest is known."""

    id: str
    server_id: str
    policy_id: str | None = None
    digest: str = field(repr=False)
    previous_digest: str | None = field(default=None, repr=False)
    """Of the token before the last rotation, which stays good until `previous_until_ns`."""
    previous_until_ns: int | None = None
    label: str = ""
    owner: str | None = None
    """As it was written; a member's address where `owner_id` names one."""
    owner_id: str | None = None
    """The user whose grant it is."""
    tags: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    """What it was minted for."""
    created_at_ns: int
    expires_at_ns: int | None = None
    rotated_at_ns: int | None = None
    revoked_at_ns: int | None = None
    stopped_at_ns: int | None = None
    used_at_ns: int | None = None
    """When its token was last good for a request, to the half minute."""

    def is_live(self, now_ns: int) -> bool:
        """Whether the grant's token opens anything; a stopped one is live, and refused with that reason."""
        return self.revoked_at_ns is None and (self.expires_at_ns is None or now_ns < self.expires_at_ns)


@dataclass(frozen=True, slots=True)
class NamedGrant:
    """A grant, and what its server and policy are called."""

    grant: Grant
    server: str
    policy: str | None
    kept: bool = False
    """Whether its token is kept, sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRequest:
    """A grant that somebody asked for, for a while."""

    id: str
    server_id: str
    policy_id: str | None = None
    requester: str
    """As the admin log names them."""
    requester_id: str | None = None
    """The user; None for who runs the installation."""
    label: str = ""
    reason: str
    seconds: int
    """How long the grant is to live."""
    created_at_ns: int
    expires_at_ns: int
    """Until when it may be decided."""
    decision: str | None = None
    """`approved`, `denied` or `withdrawn`; None while it is open."""
    decided_by: str | None = None
    note: str = ""
    """What was said with the decision."""
    decided_at_ns: int | None = None
    grant_id: str | None = None
    collected_at_ns: int | None = None
    """When the requester was shown the token, which was made then."""

    def is_open(self, now_ns: int) -> bool:
        """Whether it may still be decided."""
        return self.decision is None and now_ns < self.expires_at_ns


@dataclass(frozen=True, slots=True)
class NamedRequest:
    """A request, and what its server and policy are called."""

    request: GrantRequest
    server: str
    policy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of the admin log: who changed what. Never holds a token or a secret."""

    sequence: int = 0
    """Goes up; given by the database."""
    at_ns: int
    actor: str
    action: str
    """`<kind>.<past participle>`, as `grant.minted`."""
    subject: str
    """The id of what was changed."""
    name: str
    """What a person calls it."""
    detail: dict[str, str] = field(default_factory=dict)
    before: dict[str, Any] | None = None
    """What it was, as it is shown; None for what is new. Secrets are `***`."""
    after: dict[str, Any] | None = None
    """What it is now; None for what is gone."""
    address: str | None = None
    """Where the request came from, if it came over the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRule:
    """An access token with these claims acts as this grant."""

    claims: Mapping[str, str | int | bool]
    grant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Somebody whose access tokens the data plane takes beside the tokens of grants."""

    id: str
    issuer: str
    """The `iss` of its tokens."""
    audiences: tuple[str, ...] = ()
    """One of which a token must be for; none for the server's own address."""
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    keys_url: str | None = None
    """Where its keys are; None where its metadata says."""
    keys: tuple[Mapping[str, Any], ...] = ()
    """Its public keys (RFC 7517), as they were fetched last."""
    keys_at_ns: int | None = None
    """When they were fetched."""
    problem: str | None = None
    """Why they could not be fetched the last time."""
    rules: tuple[IssuerRule, ...] = ()
    leeway_s: int = 30
    created_at_ns: int


@dataclass(slots=True)
class Touched:
    """What a transaction changed of what data planes know, by id."""

    servers: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    policies: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    """Servers of whose tools any has another class."""
    pins: set[str] = field(default_factory=set)
    """Servers of whose tools any has another pin, or that are held to them otherwise."""
    issuers: bool = False
    """Whether any of them; they are few."""
