"""The use cases, asked of a running control plane over its admin API."""

from __future__ import annotations

from dataclasses import asdict

from yett.admin.client_apply import RemoteApply
from yett.admin.client_approvals import RemoteApprovals
from yett.admin.client_catalogue import RemoteCatalogue
from yett.admin.client_credentials import RemoteCredentials
from yett.admin.client_drift import RemoteDrift
from yett.admin.client_grants import RemoteGrants
from yett.admin.client_issuers import RemoteIssuers
from yett.admin.client_pins import RemotePins
from yett.admin.client_policies import RemotePolicies
from yett.admin.client_registry import RemoteRegistry
from yett.admin.client_servers import LOOK_S, RemoteServers
from yett.admin.client_stop import RemoteStops
from yett.admin.client_webhooks import RemoteWebhooks
from yett.admin.remote import step
from yett.admin.views import (
    ChangeLine,
    NewServer,
    ServerChanged,
    ServerPage,
    ServerView,
    StatusView,
)


class RemoteControl(
    RemoteApprovals,
    RemoteCredentials,
    RemoteServers,
    RemoteStops,
    RemoteCatalogue,
    RemoteDrift,
    RemotePins,
    RemoteRegistry,
    RemoteWebhooks,
    RemoteIssuers,
    RemoteApply,
    RemotePolicies,
    RemoteGrants,
):
    """Implements `yett.admin.control.Control`. The use cases of other subjects are its bases, one file each.

    Errors: `AdminFault` as the service raises it; `NotReached`; `OperatorFault` for an answer that makes no sense.
    """

    __slots__ = ()

    def status(self) -> StatusView:
        return self.get("/status", StatusView)

    def changes(self, limit: int = 100, before: int | None = None, search: str = "") -> list[ChangeLine]:
        return self.get("/changes", list[ChangeLine], limit=str(limit), before=before, search=search)

    def servers(self, search: str = "") -> list[ServerView]:
        return [item for page in self.pages("/servers", ServerPage, search=search) for item in page.items]

    def server(self, reference: str) -> ServerView:
        return self.get(f"/servers/{step(reference)}", ServerView)

    def add_server(self, new: NewServer) -> ServerChanged:
        return self.send("POST", "/servers", ServerChanged, asdict(new), timeout_s=LOOK_S)

    def remove_server(self, reference: str, *, with_grants: bool = False) -> ServerChanged:
        query = "?with_grants=true" if with_grants else ""
        return self.send("DELETE", f"/servers/{step(reference)}{query}", ServerChanged)
