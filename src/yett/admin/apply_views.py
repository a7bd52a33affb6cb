"""What goes in and out of policy as code: documents, and what they change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from yett.admin.pin_views import Mode
from yett.admin.views import STRICT

Kind = Literal["server", "policy", "grant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerDocument:
    """How a server is to be. As in adding one, with how it is held to its pins."""

    __pydantic_config__: ClassVar = STRICT
    kind: Literal["server"]
    name: str
    notes: str = ""
    url: str | None = None
    transport: Literal["http", "sse"] = "http"
    command: str | None = None
    credential: str | None = None
    credential_header: str = "authorization"
    credential_scheme: str = "Bearer"
    pins: Mode = "strict"
    """How strictly it is held to what was accepted of its tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDocument:
    """How a policy is to be: this text judges."""

    __pydantic_config__: ClassVar = STRICT
    kind: Literal["policy"]
    name: str
    server: str | None = None
    """The one server whose grants may have it; null for any."""
    document: str
    """JSON text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantDocument:
    """How a grant is to be. Its label names it: on its server, no other live grant has the same."""

    __pydantic_config__: ClassVar = STRICT
    kind: Literal["grant"]
    server: str
    label: str
    policy: str | None = None
    owner: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    expires: str | None = None
    """A day or a moment. Not a duration: that would be another one at each look."""


Document = ServerDocument | PolicyDocument | GrantDocument
BY_KIND: dict[str, type[ServerDocument] | type[PolicyDocument] | type[GrantDocument]] = {
    "server": ServerDocument,
    "policy": PolicyDocument,
    "grant": GrantDocument,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyWanted:
    """What things are to be like."""

    __pydantic_config__: ClassVar = STRICT
    documents: list[Document]
    prune: bool = False
    """Whether to remove what no document names. Otherwise it is only told."""
    dry_run: bool = False
    """Whether only to tell what would change."""
    plan: str | None = None
    """The digest of the plan that was agreed to: refused if things would change otherwise by now."""
    message: str = ""
    """For the revisions and the admin log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that changes, or would."""

    action: Literal["create", "update", "remove", "unmanaged"]
    """`unmanaged`: no document names it, and it stays."""
    kind: Kind
    name: str
    """A grant's is `server/label`, or its id where it has no label."""
    before: dict[str, Any] = field(default_factory=dict)
    """What differs, as it is."""
    after: dict[str, Any] = field(default_factory=dict)
    """What differs, as it is to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MintedToken:
    grant: str
    """`server/label`."""
    id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    steps: list[Step]
    unchanged: int
    """How many documents say what is so already."""
    plan: str
    """The digest of the steps, to agree to."""
    done: bool
    """False for a dry run."""
    tokens: list[MintedToken]
    """Of the grants that were created: the only time that they are shown."""
    applied: bool
    note: str | None = None
    remarks: list[str] = field(default_factory=list)
    """Sentences about new servers that did not tell their tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    documents: list[Document]
    left_out: list[str]
    """Sentences about what no document can say, such as grants without a label."""
