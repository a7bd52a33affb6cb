"""Routes to issuers of access tokens."""

from __future__ import annotations

from typing import Final

from yett.admin.issuer_views import IssuerChanged, IssuerView, NewIssuer
from yett.admin.routes.asked import Asked, router

ROUTER: Final = router("issuers")


@ROUTER.get("/issuers")
def list_issuers(service: Asked) -> list[IssuerView]:
    """Whose access tokens are taken beside the tokens of grants."""
    return service.issuers()


@ROUTER.post("/issuers", status_code=201)
def add_issuer(service: Asked, new: NewIssuer) -> IssuerChanged:
    """Take somebody's access tokens."""
    return service.add_issuer(new)


@ROUTER.get("/issuers/{issuer:path}")
def show_issuer(service: Asked, issuer: str) -> IssuerView:
    """One issuer, by id or name."""
    return service.issuer(issuer)


@ROUTER.put("/issuers/{issuer:path}")
def change_issuer(service: Asked, issuer: str, new: NewIssuer) -> IssuerChanged:
    """Have an issuer be like this."""
    return service.change_issuer(issuer, new)


@ROUTER.delete("/issuers/{issuer:path}")
def remove_issuer(service: Asked, issuer: str) -> IssuerChanged:
    """Take an issuer's access tokens no more."""
    return service.remove_issuer(issuer)
