"""Routes to grants that are asked for."""

from __future__ import annotations

from typing import Final

from yett.admin.grant_requests import Wanted as WantedRequests
from yett.admin.grant_views import Approval, Denial, NewRequest, RequestChanged, RequestPage, RequestView
from yett.admin.routes.asked import Asked, Wanted, router
from yett.admin.views import GrantMinted

ROUTER: Final = router("grant requests")


@ROUTER.get("/grant-requests")
def list_requests(service: Asked, listing: Wanted, wanted: WantedRequests = "open") -> RequestPage:
    """Requests, oldest first: those that wait, or all. Who may not decide sees their own."""
    return service.request_page(listing, wanted)


@ROUTER.post("/grant-requests", status_code=201)
def request_grant(service: Asked, new: NewRequest) -> RequestView:
    """Ask for a grant that lives for a while."""
    return service.request_grant(new)


@ROUTER.post("/grant-requests/{request}/approve")
def approve_request(service: Asked, request: str, approval: Approval) -> RequestChanged:
    """Mint the grant. Its token waits for the one who asked."""
    return service.approve_request(request, approval)


@ROUTER.post("/grant-requests/{request}/deny")
def deny_request(service: Asked, request: str, denial: Denial) -> RequestChanged:
    """Refuse it."""
    return service.deny_request(request, denial)


@ROUTER.post("/grant-requests/{request}/withdraw")
def withdraw_request(service: Asked, request: str) -> RequestChanged:
    """Take one's own back."""
    return service.withdraw_request(request)


@ROUTER.post("/grant-requests/{request}/collect")
def collect_grant(service: Asked, request: str) -> GrantMinted:
    """The token of one's own approved request, this once."""
    return service.collect_grant(request)
