"""Routes to servers."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Header, Response

from yett.admin.errors import Stale
from yett.admin.routes.asked import Asked, Wanted, router
from yett.admin.server_views import Import, ServerChanges, StepList, ToolList
from yett.admin.views import NewServer, Problem, ServerChanged, ServerPage, ServerView

ROUTER: Final = router("servers")
_ETAG: Final = re.compile(r'"([0-9a-f]{1,64})"')
IfMatch = Annotated[str | None, Header(max_length=200, description='The `revision` that is meant to be edited, as `"…"`.')]


@ROUTER.get("/servers")
def list_servers(service: Asked, wanted: Wanted) -> ServerPage:
    """Servers by name."""
    return service.server_page(wanted)


@ROUTER.post("/servers", status_code=201)
def add_server(service: Asked, new: NewServer) -> ServerChanged:
    """Add a server. A program is taken by the name under which the host lists it."""
    return service.add_server(new)


@ROUTER.post("/servers/import", status_code=201)
def import_server(service: Asked, wanted: Import) -> ServerChanged:
    """Add a server that an entry of the MCP registry describes."""
    return service.import_server(wanted)


@ROUTER.get("/servers/{server}")
def show_server(service: Asked, server: str, response: Response) -> ServerView:
    """One server, by name or id. `ETag` is its revision."""
    view = service.server(server)
    response.headers["etag"] = f'"{view.revision}"'
    return view


@ROUTER.patch("/servers/{server}", responses={412: {"model": Problem}})
def edit_server(
    service: Asked, server: str, changes: ServerChanges, response: Response, if_match: IfMatch = None
) -> ServerChanged:
    """Change a server. With `If-Match` only if nobody changed it since; 412 otherwise."""
    changed = service.edit_server(server, changes, _revision(if_match))
    response.headers["etag"] = f'"{changed.server.revision}"'
    return changed


@ROUTER.post("/servers/{server}/look")
def look_server(service: Asked, server: str) -> ToolList:
    """Ask a server for its tools now. Where it cannot be asked, `health` says why."""
    return service.look_server(server)


@ROUTER.get("/servers/{server}/tools")
def list_tools(service: Asked, server: str) -> ToolList:
    """The tools of a server, as it described them when it was last asked."""
    return service.server_tools(server)


@ROUTER.get("/servers/{server}/steps")
def list_steps(service: Asked, server: str) -> StepList:
    """What is done to use this server, and what is left."""
    return service.server_steps(server)


@ROUTER.delete("/servers/{server}")
def remove_server(service: Asked, server: str, with_grants: bool = False) -> ServerChanged:
    """Remove a server, and revoke its live grants if that is said."""
    return service.remove_server(server, with_grants=with_grants)


def _revision(if_match: str | None) -> str | None:
    """The revision that an `If-Match` names; None where it is absent or `*`. Errors: `Stale` for what no server has."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise Stale('`If-Match` is no revision of this server; write its `revision` as `"…"`')
    return found[1]
