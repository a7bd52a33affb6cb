"""Routes to servers' credentials, and to what seals them."""

from __future__ import annotations

from typing import Final

from yett.admin.credentials.views import (
    ConnectStarted,
    CredentialChanged,
    CredentialView,
    NewCredential,
    SecretsRotated,
    SecretsView,
)
from yett.admin.routes.asked import Asked, router

ROUTER: Final = router("credentials")


@ROUTER.get("/servers/{server}/credential")
def show_credential(service: Asked, server: str) -> CredentialView:
    """How the gateway proves itself to a server: kind, state, names. Never a value."""
    return service.credential(server)


@ROUTER.put("/servers/{server}/credential")
def set_credential(service: Asked, server: str, new: NewCredential) -> CredentialChanged:
    """Have the gateway prove itself so. Values go in only."""
    return service.set_credential(server, new)


@ROUTER.post("/servers/{server}/connect")
def connect_server(service: Asked, server: str) -> ConnectStarted:
    """Begin to connect a server to its authorization server. The answer says where a person goes, once, with one browser."""
    return service.connect(server)


@ROUTER.get("/secrets")
def show_secrets(service: Asked) -> SecretsView:
    """The master key's versions, and what is sealed. Only for who runs the installation."""
    return service.secrets()


@ROUTER.post("/secrets/rotate")
def rotate_secrets(service: Asked) -> SecretsRotated:
    """Seal everything with a new master key."""
    return service.rotate_secrets()
