"""What goes in and out of the use cases about servers, beside adding and showing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from yett.admin.views import STRICT, HealthView


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChanges:
    """What is to become of a server. What is null, or left out, stays as it is."""

    __pydantic_config__: ClassVar = STRICT
    name: str | None = None
    """Clients reach it under the new one; the address by id stays."""
    notes: str | None = None
    url: str | None = None
    """At another origin the server gets no credential that was meant for this one: it has to be given again."""
    transport: Literal["http", "sse"] | None = None
    command: str | None = None
    """Another program that the host lists, in place of the present one."""
    credential: str | None = None
    """`env:NAME` or `file:/PATH`; empty for none."""
    credential_header: str | None = None
    credential_scheme: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolView:
    """A tool as its server describes it: nothing of it is checked, and anything may be in it."""

    name: str
    title: str | None
    description: str
    definition: dict[str, Any]
    """All that the server says of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolList:
    """What a server said of itself when it last answered."""

    server: str
    health: HealthView | None
    """How the last look at it went; null if there was none. Where that found a problem, the rest is of the look before."""
    name: str | None
    """What it calls itself."""
    version: str | None
    protocol: str | None
    """The revision of MCP that it settled on."""
    tools: list[ToolView]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of setting a server up."""

    step: Literal["added", "reachable", "credential", "policy", "grant", "first_call"]
    done: bool
    next: str | None
    """What to do; null where it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepList:
    server: str
    items: list[StepView]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandList:
    """Names of the programs that the host allows as servers."""

    items: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownServer:
    """A well-known server. One at a `url`, or a program that has to be put on the host's list first."""

    name: str
    title: str
    url: str | None = None
    transport: Literal["http", "sse", "stdio"]
    command: str | None = None
    """What to run on the gateway's host to add it."""
    auth: Literal["none", "oauth", "token", "oauth_or_token"]
    """What it asks of clients: nothing, OAuth, a token in a header, or either. A program gets tokens by variables."""
    homepage: str
    notes: str = ""
    catalog: str | None = None
    """Where the control plane shows what the tools of a published server of this name can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownList:
    as_of: str
    """The day on which the list was made; servers may have moved since."""
    items: list[KnownServer]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryServer:
    """An entry of an MCP registry. Everything in it is its publisher's word."""

    name: str
    title: str | None
    description: str
    version: str
    status: str | None
    """`active`, `deprecated` or `deleted`, where the registry says so."""
    website: str | None
    """Shown, never fetched; null unless it is plain http(s)."""
    url: str | None
    """Where it serves, if it can be imported."""
    transport: Literal["http", "sse"] | None
    command: str | None
    """What to run on the gateway's host to add it, where it is a program only."""
    problem: str | None
    """Why it can be neither imported nor run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryPage:
    items: list[RegistryServer]
    next: str | None
    """For `cursor` of the next page; null on the last one."""
    left_out: int = 0
    """Entries that do not read as the registry's API says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An entry of the registry that is to become a server here."""

    __pydantic_config__: ClassVar = STRICT
    name: str
    """As the registry has it: `io.github.somebody/weather`."""
    version: str = "latest"
    slug: str | None = None
    """What it is to be called here; by default the last part of its name."""
