"""What the control plane tells the data plane: entries as values, the whole of them, and how one state differs from the next.

Everything is found by its id. A name is unique within its organisation only.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

_UNTIL: Final = "until "


def until_mark(until_ns: int, issuer: str) -> str:
    """What stands, in the place of a grant's own digest, for an access token of this issuer (id) that is over at `until_ns`."""
    return f"{_UNTIL}{until_ns} {issuer}"


def issuer_of(mark: str) -> str | None:
    """The id of the issuer whose access token a mark stands for; None for a digest."""
    return mark.rpartition(" ")[2] if mark.startswith(_UNTIL) else None


EVERYTHING: Final = "*"
"""Among the organisations that are stopped: all of them."""


class ServerEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, cache_hash=True):
    """A configured server."""

    id: str
    organisation: str
    """Id of the organisation whose server it is."""
    name: str
    """The slug in `/mcp/{server}`, unique in its organisation; `id` works there too."""
    url: str | None = None
    """HTTP endpoint; None for a stdio server."""
    transport: Literal["http", "sse"] = "http"
    """What is spoken at `url`: Streamable HTTP, or the two endpoints of revision 2024-11-05."""
    command: str | None = None
    """Name of a command that the host lists (configuration file or `yett server add`); None for an HTTP server."""
    program: str | None = None
    """The mark of the program that `command` was when the control plane last saw it: no other one is started. None: any."""
    credential: str | None = None
    """`env:NAME` or `file:PATH`; resolved after the decision, never stored."""
    credential_header: str = "authorization"
    credential_scheme: str = "Bearer"
    """Put before the value, with a blank; empty for none."""
    sealed: Literal["headers", "oauth"] | None = None
    """Which sealed credential it has; that itself comes apart, over `yett.gateway.credential_feed`."""
    stopped: bool = False
    """Whether people stopped it: nothing is forwarded to it."""

    @property
    def one_to_one(self) -> bool:
        """Whether each handshake session has a channel to the server of its own: a child process, or an event stream of 2024."""
        return self.url is None or self.transport == "sse"


class ToolClass(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The catalogue's class of a tool."""

    risk: Literal["Read", "Write", "Execute", "Destructive", "Financial"]
    definition: str | None = None
    """The `fingerprint` of the definition that was judged, and none else has the class; None where people said so of the name."""


class ClassesEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The classes of a server's tools. Apart from the server: whatever they are, the way to it stays as it is."""

    server: str
    """`ServerEntry.id`."""
    tools: dict[str, ToolClass] = {}
    """By name; none at all where nothing is known any more."""


class PinsEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tools of a server as they were accepted."""

    server: str
    """`ServerEntry.id`."""
    tools: dict[str, str] | None = None
    """What the definition of each is compared by, by its name: `yett.catalog.pins`, with blanks between. A tool that is not among
    them is new, and one that is not as it is here has changed. None: whatever the server lists counts."""


class GrantEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grant as the data plane needs it; the token itself is not known here."""

    id: str
    organisation: str
    """Id of the organisation; its counters are kept under this."""
    digest: str
    """Hex of the keyed digest of the token."""
    previous_digest: str | None = None
    """That of the token before it was rotated."""
    previous_until_ns: int | None = None
    """When the token before ceases to be good; None: it ceased."""
    server: str
    """`ServerEntry.id`."""
    label: str = ""
    owner: str | None = None
    tags: dict[str, str] = {}
    expires_at_ns: int | None = None
    policy: str | None = None
    """`PolicyEntry.id`; None denies everything."""
    stopped: bool = False
    """Whether people stopped it: its token is known, and nothing is forwarded."""

    def until_ns(self, digest: str) -> int | None:
        """When the token of this digest ceases to be good for this grant; None for never, 0 for a token that is none of its.

        For what stands for an access token (`until_mark`): when that is over.
        """
        if digest == self.digest:
            return self.expires_at_ns
        if digest.startswith(_UNTIL):
            return min(int(digest.split(" ")[1]), self.expires_at_ns or 2**63)
        if digest != self.previous_digest:
            return 0
        overlap_ns = self.previous_until_ns or 0
        return overlap_ns if self.expires_at_ns is None else min(overlap_ns, self.expires_at_ns)


class PolicyEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published policy revision."""

    id: str
    organisation: str
    name: str
    """For people: the decision log and what is reported."""
    revision: str
    """`<number>-<first 12 hex digits of the document's digest>`."""
    document: str
    """The policy, canonical JSON text."""


class RuleEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An access token with these claims acts as this grant."""

    claims: dict[str, str | int | bool]
    """By name or dotted path; all must be so, or be a list that holds it. Empty fits every token."""
    grant: str
    """`GrantEntry.id`."""


class IssuerEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody whose access tokens are taken beside the tokens of grants."""

    id: str
    organisation: str
    issuer: str
    """The `iss` of its tokens."""
    audiences: list[str] = []
    """One of which a token must be for; the server's own address where there are none."""
    algorithms: list[str]
    keys: list[dict[str, Any]] = []
    """JSON Web Keys, public ones."""
    rules: list[RuleEntry] = []
    """The first one that fits counts."""
    leeway_s: int = 30
    """By how much clocks may differ."""


class SnapshotData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything at one moment."""

    revision: int
    """Counts the changes of one database."""
    origin: str
    """Id of the database: one that is made anew, or restored, counts under another."""
    servers: list[ServerEntry] = []
    grants: list[GrantEntry] = []
    policies: list[PolicyEntry] = []
    issuers: list[IssuerEntry] = []
    classes: list[ClassesEntry] = []
    pins: list[PinsEntry] = []
    """Of the servers whose tools are held to them."""
    stopped: list[str] = []
    """Ids of the organisations that people stopped; `EVERYTHING` for all."""
    problems: list[str] = []
    """Sentences about what is not as the operator wrote it (an unreadable policy file whose last good revision stays)."""


class SnapshotDelta(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the state of `revision` differs from that of `previous`: what is new or another now, and ids of what is gone."""

    origin: str
    revision: int
    previous: int | None
    """The revision that this applies to, and no other; None: to nothing at all, so that this is the whole."""
    servers: list[ServerEntry] = []
    servers_gone: list[str] = []
    grants: list[GrantEntry] = []
    grants_gone: list[str] = []
    policies: list[PolicyEntry] = []
    policies_gone: list[str] = []
    issuers: list[IssuerEntry] | None = None
    """All that there are now; None where they are as before."""
    classes: list[ClassesEntry] = []
    """Those of servers of which any is another now. They go with their server."""
    pins: list[PinsEntry] = []
    """As `classes`."""
    stopped: list[str] = []
    """As in `SnapshotData`: always the present list, not what changed of it."""
    problems: list[str] = []
    """As in `SnapshotData`: always the present list."""
