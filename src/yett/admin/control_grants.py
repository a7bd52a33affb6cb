"""The use cases about grants as a Protocol."""

from __future__ import annotations

from typing import Literal, Protocol

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
from yett.admin.views import Attachment, GrantChanged, GrantMinted, GrantView, NewGrant


class GrantControl(Protocol):
    """Tokens and their rights, and asking for them."""

    def grants(self, server: str | None = None, search: str = "", wanted: GrantFilter = ...) -> list[GrantView]: ...

    def grant(self, reference: str) -> GrantView: ...

    def mint_grant(self, new: NewGrant) -> GrantMinted: ...

    def rotate_grant(self, reference: str, rotation: Rotation | None = None) -> GrantMinted: ...

    def revoke_grant(self, reference: str) -> GrantChanged: ...

    def attach(self, reference: str, attachment: Attachment) -> GrantChanged: ...

    def edit_grant(self, reference: str, edit: GrantEdit) -> GrantChanged: ...

    def reveal_grant(self, reference: str) -> GrantToken: ...

    def request_grant(self, new: NewRequest) -> RequestView: ...

    def request_page(self, listing: Listing, wanted: Literal["open", "all"] = "open") -> RequestPage: ...

    def approve_request(self, request_id: str, approval: Approval) -> RequestChanged: ...

    def deny_request(self, request_id: str, denial: Denial) -> RequestChanged: ...

    def withdraw_request(self, request_id: str) -> RequestChanged: ...

    def collect_grant(self, request_id: str) -> GrantMinted: ...
