"""Routes to servers."""

from __future__ import annotations

from typing import Final

from yett.admin.routes.asked import Asked, Wanted, router
from yett.admin.views import NewServer, ServerChanged, ServerPage, ServerView

ROUTER: Final = router("servers")


@ROUTER.get("/servers")
def list_servers(service: Asked, wanted: Wanted) -> ServerPage:
    """Servers by name."""
    return service.server_page(wanted)


@ROUTER.post("/servers", status_code=201)
def add_server(service: Asked, new: NewServer) -> ServerChanged:
    """Add a server. A program is taken by the name under which the host lists it."""
    return service.add_server(new)


@ROUTER.get("/servers/{server}")
def show_server(service: Asked, server: str) -> ServerView:
    """One server, by name or id."""
    return service.server(server)


@ROUTER.delete("/servers/{server}")
def remove_server(service: Asked, server: str, with_grants: bool = False) -> ServerChanged:
    """Remove a server, and revoke its live grants if that is said."""
    return service.remove_server(server, with_grants=with_grants)
