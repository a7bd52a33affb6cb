"""Credentials where no control plane runs: a command may seal them, and the control plane hands them over when it starts."""

from __future__ import annotations

from yett.admin.credentials.port import Begun, Departure, absent
from yett.admin.desk import Desk
from yett.oauth.client import Identity
from yett.sealing.rotation import Rotated
from yett.sealing.vault import Vault, problem_of


class Alone:
    """Implements `yett.admin.credentials.port.CredentialKeeper`. Whatever needs a control plane is refused."""

    def __init__(self, desk: Desk, vault: Vault) -> None:
        self._desk = desk
        self._vault = vault
        self._problem: str | None = None
        self._looked = False

    @property
    def vault(self) -> Vault:
        """What seals. A master key is made where there is none; where it is another one, nothing is sealed with it."""
        self._look()
        return self._vault

    @property
    def problem(self) -> str | None:
        return self._look()

    def _look(self) -> str | None:
        if not self._looked:
            self._problem, self._looked = problem_of(self._vault, self._desk.sealed_secrets), True
        return self._problem

    def identity(self) -> Identity:
        raise absent()

    def page(self, path: str) -> str:
        return self._desk.environment.page(path)

    def changed(self, organisation: str, server_id: str) -> str | None:
        """Nobody has to be told: the desk says that the change counts when the gateway runs."""
        return None

    def connect(self, organisation: str, server_id: str, actor: str) -> Begun:
        raise absent()

    def depart(self, ticket: str) -> Departure:
        raise absent()

    def arrive(self, answer: dict[str, str], cookie: str) -> str:
        raise absent()

    def rotate(self) -> Rotated:
        raise absent()
