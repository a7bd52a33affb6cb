"""People as values: who they are, where they belong, how they come in. Moments are nanoseconds since the epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person, who may belong to several organisations."""

    id: str
    email: str
    """In lower case; nobody else has it."""
    name: str = ""
    password: str | None = field(default=None, repr=False)
    """An Argon2id hash; None for one who signs in otherwise."""
    proven_at_ns: int | None = None
    """Since when it is known that this person reads the mail of that address: a link was followed, or a provider said so."""
    created_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person in an organisation."""

    user_id: str
    role: str
    servers: tuple[str, ...] | None = None
    """Ids of the servers that the role reaches; None for all."""
    created_at_ns: int


@dataclass(frozen=True, slots=True)
class NamedMember:
    """A member, and who that is."""

    member: Member
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Membership:
    """Where a person belongs."""

    organisation_id: str
    organisation: str
    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A place in an organisation that waits for somebody."""

    id: str
    email: str
    role: str
    servers: tuple[str, ...] | None = None
    digest: str = field(repr=False)
    """Of the link."""
    invited_by: str
    created_at_ns: int
    expires_at_ns: int
    used_at_ns: int | None = None
    revoked_at_ns: int | None = None

    def is_open(self, now_ns: int) -> bool:
        """Whether it may still be accepted."""
        return self.used_at_ns is None and self.revoked_at_ns is None and now_ns < self.expires_at_ns


@dataclass(frozen=True, slots=True)
class PlacedInvitation:
    """An invitation, and where it leads."""

    organisation_id: str
    organisation: str
    invitation: Invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser."""

    digest: str = field(repr=False)
    """Of its cookie."""
    user_id: str
    organisation_id: str | None = None
    """Where its person works now."""
    csrf: str = field(repr=False)
    method: str
    """How its person came in: `first`, `invitation`, `mail`, `password`, `provider`."""
    address: str
    agent: str
    created_at_ns: int
    seen_at_ns: int
    """When it was last used, roughly."""
    expires_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInWait:
    """Somebody, or some place, must wait until the next try to sign in."""

    digest: str
    """Of what failures are counted by."""
    failures: int
    at_ns: int
    """When the last one was."""
    until_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that opens something once."""

    digest: str = field(repr=False)
    purpose: str
    """`first` (the first admin), `magic` (a sign-in by mail), `password` (a new password, from the operator)."""
    user_id: str | None = None
    email: str | None = None
    """Whose mail it went to."""
    created_at_ns: int
    expires_at_ns: int
    used_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFlow:
    """A round trip through an identity provider that is not over."""

    digest: str = field(repr=False)
    """Of its `state`."""
    provider: str
    browser: str
    """Digest of the cookie of the browser that began it; no other may end it."""
    next: str
    """Where the person wanted to go."""
    created_at_ns: int
    expires_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A key for programs that use the admin API."""

    id: str
    label: str
    digest: str = field(repr=False)
    scopes: tuple[str, ...]
    servers: tuple[str, ...] | None = None
    maker_id: str | None = None
    """The user who made it: it never may more than that one may. None where the operator did."""
    created_by: str
    created_at_ns: int
    expires_at_ns: int | None = None
    used_at_ns: int | None = None
    revoked_at_ns: int | None = None

    def is_live(self, now_ns: int) -> bool:
        """Whether it opens anything."""
        return self.revoked_at_ns is None and (self.expires_at_ns is None or now_ns < self.expires_at_ns)
