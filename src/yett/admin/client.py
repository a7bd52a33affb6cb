"""The use cases, asked of a running control plane over its admin API."""

from __future__ import annotations

from dataclasses import asdict

from yett.admin.client_apply import RemoteApply
from yett.admin.client_issuers import RemoteIssuers
from yett.admin.client_policies import RemotePolicies
from yett.admin.client_stop import RemoteStops
from yett.admin.remote import step
from yett.admin.views import (
    Attachment,
    ChangeLine,
    GrantChanged,
    GrantMinted,
    GrantPage,
    GrantView,
    NewGrant,
    NewServer,
    ServerChanged,
    ServerPage,
    ServerView,
    StatusView,
)


class RemoteControl(RemoteStops, RemoteIssuers, RemoteApply, RemotePolicies):
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
        return self.send("POST", "/servers", ServerChanged, asdict(new))

    def remove_server(self, reference: str, *, with_grants: bool = False) -> ServerChanged:
        query = "?with_grants=true" if with_grants else ""
        return self.send("DELETE", f"/servers/{step(reference)}{query}", ServerChanged)

    def grants(self, server: str | None = None, search: str = "") -> list[GrantView]:
        return [item for page in self.pages("/grants", GrantPage, server=server, search=search) for item in page.items]

    def grant(self, reference: str) -> GrantView:
        return self.get(f"/grants/{step(reference)}", GrantView)

    def mint_grant(self, new: NewGrant) -> GrantMinted:
        return self.send("POST", "/grants", GrantMinted, asdict(new))

    def rotate_grant(self, reference: str) -> GrantMinted:
        return self.send("POST", f"/grants/{step(reference)}/rotate", GrantMinted)

    def revoke_grant(self, reference: str) -> GrantChanged:
        return self.send("POST", f"/grants/{step(reference)}/revoke", GrantChanged)

    def attach(self, reference: str, attachment: Attachment) -> GrantChanged:
        return self.send("PUT", f"/grants/{step(reference)}/policy", GrantChanged, asdict(attachment))
