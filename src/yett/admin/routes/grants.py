"""Routes to grants."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Query

from yett.admin.grant_views import GrantEdit, GrantFilter, GrantStatus, GrantToken, Rotation
from yett.admin.listing import SEARCH_MAX
from yett.admin.routes.asked import Asked, Wanted, router
from yett.admin.views import Attachment, GrantChanged, GrantMinted, GrantPage, GrantView, NewGrant

ROUTER: Final = router("grants")
Reference = Annotated[str | None, Query(max_length=SEARCH_MAX)]


def grant_filter(
    server: Reference = None,
    policy: Reference = None,
    owner: Annotated[str | None, Query(max_length=SEARCH_MAX, description="A member's address or id, or the text.")] = None,
    status: GrantStatus | None = None,
) -> GrantFilter:
    """Which grants are wanted."""
    return GrantFilter(server=server, policy=policy, owner=owner, status=status)


@ROUTER.get("/grants")
def list_grants(service: Asked, wanted: Wanted, only: Annotated[GrantFilter, Depends(grant_filter)]) -> GrantPage:
    """Grants, oldest first: all, or those of one server, policy, owner or status."""
    return service.grant_page(wanted, only)


@ROUTER.post("/grants", status_code=201)
def mint_grant(service: Asked, new: NewGrant) -> GrantMinted:
    """Mint a grant. The answer holds its token."""
    return service.mint_grant(new)


@ROUTER.post("/grants/{grant:path}/rotate")
def rotate_grant(service: Asked, grant: str, rotation: Rotation | None = None) -> GrantMinted:
    """Give a grant a new token. The old one opens nothing from now on, or from the end of the overlap that is asked for."""
    return service.rotate_grant(grant, rotation)


@ROUTER.post("/grants/{grant:path}/revoke")
def revoke_grant(service: Asked, grant: str) -> GrantChanged:
    """End a grant, for its next call."""
    return service.revoke_grant(grant)


@ROUTER.post("/grants/{grant:path}/reveal")
def reveal_grant(service: Asked, grant: str) -> GrantToken:
    """Show a grant's token again, if this installation keeps tokens. The admin log tells of it."""
    return service.reveal_grant(grant)


@ROUTER.put("/grants/{grant:path}/policy")
def attach_policy(service: Asked, grant: str, attachment: Attachment) -> GrantChanged:
    """Give a grant another policy, or none."""
    return service.attach(grant, attachment)


@ROUTER.patch("/grants/{grant:path}")
def edit_grant(service: Asked, grant: str, edit: GrantEdit) -> GrantChanged:
    """Change a grant's label, owner, tags, reason or expiry."""
    return service.edit_grant(grant, edit)


@ROUTER.get("/grants/{grant:path}")
def show_grant(service: Asked, grant: str) -> GrantView:
    """One grant, by id or label."""
    return service.grant(grant)
