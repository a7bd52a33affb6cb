"""Grants, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Literal

from yett.admin.grant_views import (
    Approval,
    Denial,
    GrantEdit,
    GrantFilter,
    GrantToken,
    NewRequest,
    RequestChanged,
    RequestPage,
    RequestView,
    Rotation,
)
from yett.admin.listing import Listing
from yett.admin.remote import Remote, step
from yett.admin.views import Attachment, GrantChanged, GrantMinted, GrantPage, GrantView, NewGrant

REQUESTS = "/grant-requests"


class RemoteGrants(Remote):
    """The grants' part of `yett.admin.control.Control`."""

    __slots__ = ()

    def grants(self, server: str | None = None, search: str = "", wanted: GrantFilter | None = None) -> list[GrantView]:
        wanted = wanted or GrantFilter()
        said = asdict(wanted if server is None else replace(wanted, server=server))
        return [item for page in self.pages("/grants", GrantPage, search=search, **said) for item in page.items]

    def grant(self, reference: str) -> GrantView:
        return self.get(_path(reference), GrantView)

    def mint_grant(self, new: NewGrant) -> GrantMinted:
        return self.send("POST", "/grants", GrantMinted, asdict(new))

    def rotate_grant(self, reference: str, rotation: Rotation | None = None) -> GrantMinted:
        body = None if rotation is None else asdict(rotation)
        return self.send("POST", f"{_path(reference)}/rotate", GrantMinted, body)

    def revoke_grant(self, reference: str) -> GrantChanged:
        return self.send("POST", f"{_path(reference)}/revoke", GrantChanged)

    def attach(self, reference: str, attachment: Attachment) -> GrantChanged:
        return self.send("PUT", f"{_path(reference)}/policy", GrantChanged, asdict(attachment))

    def edit_grant(self, reference: str, edit: GrantEdit) -> GrantChanged:
        return self.send("PATCH", _path(reference), GrantChanged, asdict(edit))

    def reveal_grant(self, reference: str) -> GrantToken:
        return self.send("POST", f"{_path(reference)}/reveal", GrantToken)

    def request_grant(self, new: NewRequest) -> RequestView:
        return self.send("POST", REQUESTS, RequestView, asdict(new))

    def request_page(self, listing: Listing, wanted: Literal["open", "all"] = "open") -> RequestPage:
        said = asdict(listing)
        return self.get(REQUESTS, RequestPage, wanted=wanted, **said)

    def approve_request(self, request_id: str, approval: Approval) -> RequestChanged:
        return self.send("POST", f"{REQUESTS}/{step(request_id)}/approve", RequestChanged, asdict(approval))

    def deny_request(self, request_id: str, denial: Denial) -> RequestChanged:
        return self.send("POST", f"{REQUESTS}/{step(request_id)}/deny", RequestChanged, asdict(denial))

    def withdraw_request(self, request_id: str) -> RequestChanged:
        return self.send("POST", f"{REQUESTS}/{step(request_id)}/withdraw", RequestChanged)

    def collect_grant(self, request_id: str) -> GrantMinted:
        return self.send("POST", f"{REQUESTS}/{step(request_id)}/collect", GrantMinted)


def _path(reference: str) -> str:
    return f"/grants/{step(reference)}"
