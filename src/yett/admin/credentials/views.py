"""What goes in and comes out about servers' credentials. Values go in only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from yett.admin.views import STRICT

CredentialKind = Literal[
    "none", "reference", "headers", "authorization_code", "client_credentials", "token_exchange", "jwt_bearer"
]
CredentialState = Literal["none", "ready", "unconnected", "failing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """How the gateway proves itself to a server. Which fields count depends on `kind`."""

    __pydantic_config__: ClassVar = STRICT
    kind: CredentialKind
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    """`headers`: header fields and their values."""
    reference: str | None = None
    """`reference`: `env:NAME` or `file:/PATH`."""
    header: str = "authorization"
    """The field that carries the value or the token."""
    scheme: str = "Bearer"
    """The word before it; empty for none."""
    issuer: str | None = None
    """The authorization server; needed where a client is given, for the client is shown to no other one."""
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    """PEM, for `private_key_jwt`."""
    algorithm: str = "ES256"
    key_id: str | None = None
    client_auth: Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"] | None = None
    """How the client proves itself at the token endpoint; what the server offers, if left out."""
    scopes: list[str] = field(default_factory=list)
    """What to ask for; what the server wants, if empty."""
    subject_token: str | None = field(default=None, repr=False)
    """`token_exchange`: the token that is exchanged. `jwt_bearer`: the assertion, or what an identity provider gives it for."""
    subject_reference: str | None = None
    """The same as `env:NAME` or `file:/PATH`, read at each exchange."""
    subject_type: str | None = None
    audience: str | None = None
    requested_type: str | None = None
    identity_provider: str | None = None
    """`jwt_bearer`: who exchanges the subject token for the assertion; without, the subject token is the assertion."""
    identity_client_id: str | None = None
    """What the identity provider knows the gateway by."""
    identity_client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialView:
    """A server's credential, without any value."""

    server: str
    kind: CredentialKind
    state: CredentialState
    """`ready`: it is sent. `unconnected`: a person has to connect the server. `failing`: see `problem`."""
    problem: str | None = None
    header_names: list[str] = field(default_factory=list)
    issuer: str | None = None
    client_id: str | None = None
    scopes: list[str] = field(default_factory=list)
    expires_at: str | None = None
    """When the access token ends; it is renewed before."""
    changed_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialChanged:
    """A change, and whether calls are governed by it already."""

    credential: CredentialView
    applied: bool
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectStarted:
    """Where a person goes to connect a server, with one browser, once."""

    url: str
    issuer: str
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsView:
    """How the sealing stands."""

    place: str
    """Where the master key is."""
    version: int | None
    """The version that seals; None where there is no key that can be used."""
    versions: list[int]
    secrets: int
    behind: int
    """Secrets that are sealed with an older version."""
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsRotated:
    """What a rotation came to."""

    version: int
    resealed: int
    retired: list[int]
    finished_earlier: bool
    """Whether an earlier rotation was finished, and no new key made."""
    note: str | None = None
