"""What goes in and out about issuers of access tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from yett.admin.views import STRICT

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRuleView:
    """An access token with these claims acts as this grant."""

    __pydantic_config__: ClassVar = STRICT
    claims: dict[str, str | int | bool] = field(default_factory=dict)
    """By name or dotted path. All must be so; a list must hold it, `scope` have it as a word. Empty fits every token."""
    grant: str
    """Id or label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssuer:
    """Somebody whose access tokens are taken beside the tokens of grants."""

    __pydantic_config__: ClassVar = STRICT
    issuer: str
    """The `iss` of its tokens, a https URL."""
    audiences: list[str] = field(default_factory=list)
    """One of which a token must be for; none for the server's own address at the gate."""
    algorithms: list[Algorithm] = field(default_factory=lambda: ["RS256", "ES256"])
    keys_url: str | None = None
    """Where its keys are; by default where its metadata says."""
    rules: list[IssuerRuleView] = field(default_factory=list)
    """The first one that fits, for a grant of the server that is called, counts."""
    leeway_s: int = 30
    """By how many seconds clocks may differ, 300 at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerView:
    id: str
    issuer: str
    audiences: list[str]
    algorithms: list[str]
    keys_url: str | None
    keys: list[str]
    """Names of the keys that are known."""
    keys_at: str | None
    """When they were fetched; null if they never were."""
    problem: str | None
    """Why they could not be fetched the last time."""
    rules: list[IssuerRuleView]
    """Those that lead to grants within reach."""
    leeway_s: int
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerChanged:
    issuer: IssuerView
    applied: bool
    note: str | None = None
