"""What the use cases ask of whoever keeps credentials alive: the control plane's keeper, or nobody where none runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from yett.admin.errors import Conflict
from yett.oauth.client import Identity
from yett.sealing.rotation import Rotated
from yett.sealing.vault import Vault


@dataclass(frozen=True, slots=True)
class Begun:
    """A connection that a person has to finish."""

    ticket: str
    """Opens the page from which they go, once."""
    issuer: str
    expires_at_ns: int


@dataclass(frozen=True, slots=True)
class Departure:
    """What a person is shown before they go to the authorization server."""

    server: str
    organisation: str
    actor: str
    """Who began it."""
    issuer: str
    scopes: tuple[str, ...]
    url: str
    cookie: str
    """Binds the browser: only it can come back."""


class CredentialKeeper(Protocol):
    """For threads that are not the keeper's loop."""

    @property
    def vault(self) -> Vault:
        """What seals and opens."""
        ...

    @property
    def problem(self) -> str | None:
        """Why nothing opens; None where all is well."""
        ...

    def identity(self) -> Identity:
        """What the gateway publishes about itself."""
        ...

    def page(self, path: str) -> str:
        """Where people reach this path of the control plane."""
        ...

    def changed(self, organisation: str, server_id: str) -> str | None:
        """Hand over what a server has now, or that it has nothing; why that did not work, if so. Takes a bounded time."""
        ...

    def connect(self, organisation: str, server_id: str, actor: str) -> Begun:
        """Find the server's authorization server and begin the round trip. Errors: `UpstreamFault`, `OperatorFault`."""
        ...

    def depart(self, ticket: str) -> Departure:
        """What to show to the holder of a ticket, once. Errors: `OAuthFault`."""
        ...

    def arrive(self, answer: dict[str, str], cookie: str) -> str:
        """Finish the round trip; the name of the server. Errors: `UpstreamFault`, `OperatorFault`."""
        ...

    def rotate(self) -> Rotated:
        """Seal everything with a new master key. Errors: `OperatorFault`."""
        ...


def absent() -> Conflict:
    """What to say where nobody keeps credentials."""
    return Conflict("credentials are kept by the control plane, and none is running; start it with `yett up`")
