"""Routes to grants."""

from __future__ import annotations

from typing import Final

from yett.admin.routes.asked import Asked, Wanted, router
from yett.admin.views import Attachment, GrantChanged, GrantMinted, GrantPage, GrantView, NewGrant

ROUTER: Final = router("grants")


@ROUTER.get("/grants")
def list_grants(service: Asked, wanted: Wanted, server: str | None = None) -> GrantPage:
    """Grants, or those of one server, oldest first."""
    return service.grant_page(wanted, server)


@ROUTER.post("/grants", status_code=201)
def mint_grant(service: Asked, new: NewGrant) -> GrantMinted:
    """Mint a grant. The answer holds its token."""
    return service.mint_grant(new)


@ROUTER.post("/grants/{grant:path}/rotate")
def rotate_grant(service: Asked, grant: str) -> GrantMinted:
    """Give a grant a new token. The old one opens nothing from now on."""
    return service.rotate_grant(grant)


@ROUTER.post("/grants/{grant:path}/revoke")
def revoke_grant(service: Asked, grant: str) -> GrantChanged:
    """End a grant, for its next call."""
    return service.revoke_grant(grant)


@ROUTER.put("/grants/{grant:path}/policy")
def attach_policy(service: Asked, grant: str, attachment: Attachment) -> GrantChanged:
    """Give a grant another policy, or none."""
    return service.attach(grant, attachment)


@ROUTER.get("/grants/{grant:path}")
def show_grant(service: Asked, grant: str) -> GrantView:
    """One grant, by id or label."""
    return service.grant(grant)
