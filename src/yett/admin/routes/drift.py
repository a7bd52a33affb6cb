"""The route to how tools changed."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from yett.admin.catalogue_views import Level
from yett.admin.drift_views import ToolChangePage
from yett.admin.listing import PAGE, PAGE_MAX, SEARCH_MAX
from yett.admin.routes.asked import Asked, router

ROUTER: Final = router("catalogue")


@ROUTER.get("/tool-changes")
def list_tool_changes(
    service: Asked,
    server: Annotated[str | None, Query(max_length=SEARCH_MAX, description="Of this server only, by name or id.")] = None,
    severity: Annotated[Level | None, Query(description="Of this severity, or a graver one.")] = None,
    after: Annotated[
        str | None, Query(max_length=32, description="`cursor` of a page: oldest first from there; `0` for the beginning.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
) -> ToolChangePage:
    """How the tools of servers changed from look to look: newest first, or with `after` as a feed, oldest first."""
    return service.tool_changes(server, severity, after, limit)
