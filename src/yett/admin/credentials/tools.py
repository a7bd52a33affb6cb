"""What keeping credentials needs beside the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from yett.admin.desk import Desk
from yett.egress.fetch import Egress
from yett.oauth.client import Identity
from yett.sealing.vault import Vault


@dataclass(frozen=True, slots=True)
class Tools:
    """One for a control plane."""

    desk: Desk
    vault: Vault
    egress: Egress
    page: Callable[[str], str]
    """Where people reach a path of the control plane."""
    metadata_url: str | None
    """Where the client ID metadata document is; None where no authorization server could fetch it."""
    resolve: Callable[[str], str]
    """The secret behind `env:NAME` or `file:/PATH`. Errors: `OperatorFault`."""

    def identity(self) -> Identity:
        """What the gateway publishes about itself."""
        return Identity(self.page("/oauth/callback"), self.metadata_url)

    def now_ns(self) -> int:
        """The moment that a change is recorded with."""
        return self.desk.environment.clock.now_ns()
