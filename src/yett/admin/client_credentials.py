"""Servers' credentials and the master key, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict

from yett.admin.credentials.views import (
    ConnectStarted,
    CredentialChanged,
    CredentialView,
    NewCredential,
    SecretsRotated,
    SecretsView,
)
from yett.admin.remote import Remote, step


class RemoteCredentials(Remote):
    """The credentials' part of `yett.admin.control.Control`."""

    __slots__ = ()

    def credential(self, server: str) -> CredentialView:
        return self.get(f"/servers/{step(server)}/credential", CredentialView)

    def set_credential(self, server: str, new: NewCredential) -> CredentialChanged:
        return self.send("PUT", f"/servers/{step(server)}/credential", CredentialChanged, asdict(new))

    def connect(self, server: str) -> ConnectStarted:
        return self.send("POST", f"/servers/{step(server)}/connect", ConnectStarted)

    def secrets(self) -> SecretsView:
        return self.get("/secrets", SecretsView)

    def rotate_secrets(self) -> SecretsRotated:
        return self.send("POST", "/secrets/rotate", SecretsRotated)
